// SPDX-License-Identifier: Apache-2.0
// A strict reader of untrusted JSON. General decoders are too lenient: if a key is repeated, the
// later one wins, so that two readers could see different values in a hostile header or signature.

package import Foundation

/// A cursor over JSON text (RFC 8259) that refuses everything that the standard does not allow.
///
/// Deep nesting and escapes that are half of a surrogate pair are refused too. An object that is
/// read with ``object(_:)`` must not have a key twice.
package struct JSONScanner {
    /// The file's path or name, for errors.
    package let file: String
    /// The remedy in errors.
    package let remedy: String
    /// The offset of the next unread byte.
    package internal(set) var position = 0

    let bytes: UnsafeBufferPointer<UInt8>
    /// The offset of the text in the file, so that errors state the file's own offsets.
    let origin: Int
    /// The greatest nesting of arrays and objects.
    let greatestDepth: Int
    /// Whether Python's numbers that are not finite are read.
    let nonFinite: JSON.NonFinite
    private var depth = 0

    /// Makes a cursor at the beginning of a text.
    ///
    /// - Parameters:
    ///   - bytes: The text. It must outlive the cursor.
    ///   - origin: The offset in the file where the text begins.
    ///   - file: The file's path or name, for errors.
    ///   - remedy: The remedy in errors.
    ///   - nonFinite: Whether Python's `NaN`, `Infinity` and `-Infinity` are numbers.
    ///   - greatestDepth: The greatest nesting of arrays and objects.
    package init(
        _ bytes: UnsafeRawBufferPointer, at origin: Int = 0, file: String,
        remedy: String = JSONScanner.remedy, nonFinite: JSON.NonFinite = .refused,
        greatestDepth: Int = 64
    ) {
        self.bytes = bytes.assumingMemoryBound(to: UInt8.self)
        self.origin = origin
        self.file = file
        self.remedy = remedy
        self.nonFinite = nonFinite
        self.greatestDepth = greatestDepth
    }

    /// The default remedy in errors.
    package static let remedy = "get an undamaged copy, or ask its author to write valid JSON"

    /// Reads a document that holds one value and nothing else.
    ///
    /// - Parameters:
    ///   - data: The document, in UTF-8.
    ///   - file: The file's path or name, for errors.
    ///   - remedy: The remedy in errors.
    ///   - read: Reads the value.
    /// - Returns: What `read` returned.
    /// - Throws: An ``InputError`` when the document is not strict JSON; errors of `read`.
    package static func read<Value>(
        _ data: Data, file: String, remedy: String = JSONScanner.remedy,
        _ read: (inout JSONScanner) throws -> Value
    ) throws -> Value {
        try data.withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, file: file, remedy: remedy)
            let value = try read(&scanner)
            try scanner.end()
            return value
        }
    }

    /// Checks that a document is strict JSON, in which no object has a key twice.
    ///
    /// - Parameters:
    ///   - data: The document, in UTF-8.
    ///   - file: The file's path or name, for errors.
    /// - Throws: An ``InputError`` when it is not strict.
    package static func check(_ data: Data, file: String) throws {
        try read(data, file: file) { try $0.skipValue() }
    }

    // MARK: - Arrays and objects

    /// Reads an object, and calls `member` for the value of each key.
    ///
    /// - Parameter member: Reads one value.
    /// - Throws: An ``InputError`` when a key occurs twice; errors of `member`.
    package mutating func object(
        _ member: (_ scanner: inout JSONScanner, _ key: String) throws -> Void
    ) throws {
        try expect("{")
        try enter()
        defer { depth -= 1 }
        if skip("}") { return }
        var keys = KeySet()
        repeat {
            let start = nextOffset()
            let key = try key()
            guard keys.insert(key) else {
                throw error("the key \"\(key)\" occurs twice", at: start)
            }
            try member(&self, key)
        } while skip(",")
        try expect("}")
    }

    /// Reads an array, and calls `element` for each value.
    ///
    /// - Parameter element: Reads one value.
    /// - Returns: The results of `element`.
    /// - Throws: An ``InputError`` when there is no array; errors of `element`.
    package mutating func array<Element>(
        _ element: (_ scanner: inout JSONScanner) throws -> Element
    ) throws -> [Element] {
        try expect("[")
        try enter()
        defer { depth -= 1 }
        if skip("]") { return [] }
        var values: [Element] = []
        repeat { values.append(try element(&self)) } while skip(",")
        try expect("]")
        return values
    }

    mutating func enter() throws(InputError) {
        depth += 1
        guard depth <= greatestDepth else {
            throw error(
                "the nesting is too deep: more than \(greatestDepth) levels", at: position - 1)
        }
    }

    mutating func leave() { depth -= 1 }

    /// Reads a key and the colon after it.
    mutating func key() throws(InputError) -> String {
        skipSpace()
        guard current == UInt8(ascii: "\"") else { throw error("a key is expected", at: position) }
        let key = try string()
        try expect(":")
        return key
    }

    // MARK: - Single values

    /// Reads `true` or `false`.
    package mutating func boolean() throws(InputError) -> Bool {
        let start = nextOffset()
        if skipWord("true") { return true }
        if skipWord("false") { return false }
        throw error("true or false is expected", at: start)
    }

    /// Skips `null` if it comes next, and returns whether it did.
    package mutating func skipNull() -> Bool {
        skipSpace()
        return skipWord("null")
    }

    /// Skips one value of any kind.
    package mutating func skipValue() throws {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): try object { scanner, _ in try scanner.skipValue() }
        case UInt8(ascii: "["): _ = try array { try $0.skipValue() }
        case UInt8(ascii: "\""): _ = try string()
        default: try skipScalar()
        }
    }

    /// Checks that only white space follows.
    package mutating func end() throws(InputError) {
        skipSpace()
        guard position == bytes.count else {
            throw error("something follows the end of the value", at: position)
        }
    }

    private mutating func skipScalar() throws(InputError) {
        if skipWord("true") || skipWord("false") || skipWord("null") { return }
        _ = try numberText()
    }

    // MARK: - Positions

    /// Returns the offset of the next token.
    package mutating func nextOffset() -> Int {
        skipSpace()
        return position
    }

    /// Returns an error about a position.
    ///
    /// - Parameters:
    ///   - problem: What is wrong there.
    ///   - position: The offset in the text.
    /// - Returns: The error, with the offset in the file. It has line and column, too, if the text
    ///   is a file of several lines.
    package func error(_ problem: String, at position: Int) -> InputError {
        var place = "byte \(origin + position)"
        let before = bytes.prefix(position)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        if origin == 0, line > 1 {
            let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            // Bytes that continue a character do not start a column.
            let column = before[start...].count { $0 & 0xC0 != 0x80 } + 1
            place += " (line \(line), column \(column))"
        }
        return InputError(file: file, position: place, problem, remedy: remedy)
    }

    // MARK: - Bytes

    /// The next byte, or nil at the end.
    @inline(__always)
    var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    @inline(__always)
    mutating func skipSpace() {
        var end = position
        while end < bytes.count, Self.isSpace(bytes[end]) { end += 1 }
        position = end
    }

    @inline(__always)
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Skips white space, and a character if it comes next.
    @inline(__always)
    mutating func skip(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard current == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    @inline(__always)
    mutating func expect(_ character: Unicode.Scalar) throws(InputError) {
        guard skip(character) else { throw error("'\(character)' is expected", at: position) }
    }

    /// Skips a literal name, if it comes next and ends there.
    mutating func skipWord(_ word: StaticString) -> Bool {
        let end = position + word.utf8CodeUnitCount
        guard end <= bytes.count,
            bytes[position..<end].elementsEqual(
                UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)),
            end == bytes.count || !Self.isWord(bytes[end])
        else { return false }
        position = end
        return true
    }

    /// Returns whether a byte can continue a literal name or a number.
    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "+"), UInt8(ascii: "-"),
            UInt8(ascii: "."):
            true
        default: false
        }
    }
}
