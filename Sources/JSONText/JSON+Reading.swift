// SPDX-License-Identifier: Apache-2.0
// Reads a whole document into an ordered value.

package import Foundation

extension JSON {
    /// Reads a document.
    ///
    /// - Parameters:
    ///   - data: The document, in UTF-8.
    ///   - file: The file's path or name, for errors.
    ///   - remedy: The remedy in errors.
    ///   - repeatedKeys: Whether an object may have a key twice.
    ///   - nonFinite: Whether Python's `NaN`, `Infinity` and `-Infinity` are numbers.
    ///   - greatestDepth: The greatest nesting of arrays and objects.
    /// - Throws: An error with the position when the document is not strict JSON.
    package init(
        _ data: Data, file: String, remedy: String = JSONScanner.remedy,
        repeatedKeys: RepeatedKeys = .refused, nonFinite: NonFinite = .refused,
        greatestDepth: Int = 64
    ) throws(InputError) {
        let result = data.withUnsafeBytes { bytes -> Result<JSON, InputError> in
            var scanner = JSONScanner(
                bytes, file: file, remedy: remedy, nonFinite: nonFinite,
                greatestDepth: greatestDepth)
            do throws(InputError) {
                let value = try scanner.value(repeatedKeys)
                try scanner.end()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }
}

extension JSONScanner {
    /// Reads one value of any kind.
    ///
    /// - Parameter repeatedKeys: Whether an object may have a key twice.
    /// - Returns: The value.
    /// - Throws: An error with the position when there is no value.
    package mutating func value(
        _ repeatedKeys: JSON.RepeatedKeys = .refused
    ) throws(InputError) -> JSON {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try members(repeatedKeys))
        case UInt8(ascii: "["): return .array(try elements(repeatedKeys))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t") where skipWord("true"): return .boolean(true)
        case UInt8(ascii: "f") where skipWord("false"): return .boolean(false)
        case UInt8(ascii: "n") where skipWord("null"): return .null
        default: return try number()
        }
    }

    private mutating func members(
        _ repeatedKeys: JSON.RepeatedKeys
    ) throws(InputError) -> [JSON.Member] {
        position += 1
        try enter()
        defer { leave() }
        if skip("}") { return [] }
        var members: [JSON.Member] = []
        var keys = KeySet()
        repeat {
            let start = nextOffset()
            let key = try key()
            if case .refused = repeatedKeys, !keys.insert(key) {
                throw error("the key \"\(key)\" occurs twice", at: start)
            }
            members.append(JSON.Member(key: key, value: try value(repeatedKeys)))
        } while skip(",")
        try expect("}")
        return members
    }

    private mutating func elements(
        _ repeatedKeys: JSON.RepeatedKeys
    ) throws(InputError) -> [JSON] {
        position += 1
        try enter()
        defer { leave() }
        if skip("]") { return [] }
        var elements: [JSON] = []
        repeat { elements.append(try value(repeatedKeys)) } while skip(",")
        try expect("]")
        return elements
    }
}
