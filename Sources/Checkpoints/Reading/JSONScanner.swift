// SPDX-License-Identifier: Apache-2.0
// A strict reader of JSON from outside, which general decoders read too kindly: they let a later
// duplicate key win, and a hostile header or signature can so show two faces.

package import Foundation

/// A cursor over JSON text (RFC 8259) that refuses duplicate keys and deep nesting.
package struct JSONScanner {
    let file: URL
    let bytes: UnsafeRawBufferPointer
    /// Where the text begins in the file, so that errors name the file's own offsets.
    let origin: Int
    package private(set) var position = 0

    private static let deepest = 64

    package init(_ bytes: UnsafeRawBufferPointer, at origin: Int = 0, of file: URL) {
        self.bytes = bytes
        self.origin = origin
        self.file = file
    }

    /// Reads an object, calling `member` at the value of each key; the key's own name is distinct.
    package mutating func object(
        _ member: (_ scanner: inout JSONScanner, _ key: String) throws -> Void
    ) throws {
        try expect("{")
        if skip("}") { return }
        var keys: Set<String> = []
        repeat {
            let start = nextOffset()
            let key = try string()
            guard keys.insert(key).inserted else {
                throw error("the key \"\(key)\" occurs twice", at: start)
            }
            try expect(":")
            try member(&self, key)
        } while skip(",")
        try expect("}")
    }

    /// Reads an array, calling `element` at each value.
    package mutating func array<Element>(
        _ element: (_ scanner: inout JSONScanner) throws -> Element
    ) throws -> [Element] {
        try expect("[")
        if skip("]") { return [] }
        var values: [Element] = []
        repeat { values.append(try element(&self)) } while skip(",")
        try expect("]")
        return values
    }

    /// Reads an array of non-negative integers.
    mutating func naturals() throws -> [Int] { try array { try $0.natural() } }

    /// Reads `true` or `false`.
    package mutating func boolean() throws -> Bool {
        let start = nextOffset()
        switch word() {
        case "true": return true
        case "false": return false
        default: throw error("true or false is expected", at: start)
        }
    }

    /// Passes over `null` if it comes next.
    package mutating func skipNull() -> Bool {
        var ahead = self
        ahead.skipSpace()
        guard ahead.word() == "null" else { return false }
        self = ahead
        return true
    }

    /// Reads a string.
    package mutating func string() throws -> String {
        try expect("\"")
        let start = position
        var escaped = false
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                let text = UnsafeRawBufferPointer(rebasing: bytes[start..<position])
                position += 1
                guard let value = String(strictUTF8: text) else {
                    throw error("a string is not UTF-8", at: start)
                }
                return escaped ? try unescaped(value, at: start) : value
            case UInt8(ascii: "\\"):
                escaped = true
                position += 2
            case 0..<0x20:
                throw error("a string holds an unescaped control character", at: position)
            default:
                position += 1
            }
        }
        throw error("a string does not end", at: start)
    }

    /// Passes over one value of any kind.
    package mutating func skipValue(depth: Int = 0) throws {
        skipSpace()
        guard position < bytes.count else { throw error("a value is missing", at: position) }
        guard depth < Self.deepest else { throw error("the nesting is too deep", at: position) }
        switch bytes[position] {
        case UInt8(ascii: "{"):
            try object { scanner, _ in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            position += 1
            if skip("]") { return }
            repeat { try skipValue(depth: depth + 1) } while skip(",")
            try expect("]")
        case UInt8(ascii: "\""):
            _ = try string()
        default:
            let start = position
            let word = word()
            guard ["true", "false", "null"].contains(word) || Self.isNumber(word) else {
                throw error("a value is expected", at: start)
            }
        }
    }

    /// Checks that nothing but white space follows.
    package mutating func end() throws {
        skipSpace()
        guard position == bytes.count else {
            throw error("something follows the closing brace", at: position)
        }
    }

    package func error(_ problem: String, at position: Int) -> CheckpointError {
        CheckpointError(file, "byte \(origin + position)", problem)
    }

    /// The place of the next token.
    package mutating func nextOffset() -> Int {
        skipSpace()
        return position
    }

    private mutating func natural() throws -> Int {
        let start = nextOffset()
        var value = 0
        while position < bytes.count, Self.isWord(bytes[position]) {
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(
                Int(bytes[position]) - Int(UInt8(ascii: "0")))
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
            guard isDigit, !overflow, !carry else {
                throw error("a non-negative 63-bit integer is expected", at: start)
            }
            value = sum
            position += 1
        }
        let hasLeadingZero = position - start > 1 && bytes[start] == UInt8(ascii: "0")
        guard position > start, !hasLeadingZero else {
            throw error("a non-negative 63-bit integer is expected", at: start)
        }
        return value
    }

    private mutating func word() -> String {
        let start = position
        while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    /// Whether a word is a number: no plus sign, no leading zero, digits around the point.
    private static func isNumber(_ word: String) -> Bool {
        var rest = Array(word.utf8)[...]
        func skip(_ characters: String) -> Bool {
            guard let first = rest.first, characters.utf8.contains(first) else { return false }
            rest.removeFirst()
            return true
        }
        func skipDigits() -> Bool {
            let count = rest.count
            while skip("0123456789") {}
            return rest.count < count
        }
        _ = skip("-")
        guard skip("0") || skipDigits() else { return false }
        if skip("."), !skipDigits() { return false }
        if skip("eE") {
            _ = skip("+-")
            guard skipDigits() else { return false }
        }
        return rest.isEmpty
    }

    /// The bytes that numbers and literals are made of.
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else {
            return false
        }
        position += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar) throws {
        guard skip(character) else { throw error("'\(character)' is expected", at: position) }
    }

    /// Resolves the escapes of a string that has some; rare, so a decoder may do it.
    private func unescaped(_ text: String, at start: Int) throws -> String {
        guard
            let value = try? JSONDecoder().decode(String.self, from: Data("\"\(text)\"".utf8))
        else { throw error("a string holds an invalid escape", at: start) }
        return value
    }
}
