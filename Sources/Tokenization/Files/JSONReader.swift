// SPDX-License-Identifier: Apache-2.0
// Reads JSON text strictly, with bounded depth, and says at which byte it is wrong.

import Foundation

/// A reader over the bytes of one JSON file.
struct JSONReader {
    private static let greatestDepth = 64
    private let bytes: [UInt8]
    private let file: String
    private var position = 0
    private var depth = 0

    private init(_ data: Data, file: String) {
        bytes = [UInt8](data)
        self.file = file
    }

    /// Reads one JSON value that fills the file.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - file: The file's name, for errors.
    /// - Returns: The value.
    /// - Throws: An error with the byte offset when the text is not JSON.
    static func read(_ data: Data, file: String) throws(TokenizationError) -> JSON {
        var reader = JSONReader(data, file: file)
        let value = try reader.value()
        reader.skipSpace()
        guard reader.position == reader.bytes.count else {
            throw reader.error("text after the end of the JSON value")
        }
        return value
    }

    private func error(_ problem: String) -> TokenizationError {
        TokenizationError(
            file: file, place: "byte \(position)", problem: problem,
            remedy: "the file is damaged or is not JSON: fetch it again")
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private mutating func expect(_ text: StaticString) throws(TokenizationError) {
        let end = position + text.utf8CodeUnitCount
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard end <= bytes.count, bytes[position..<end].elementsEqual(expected) else {
            throw error("expected \(text)")
        }
        position = end
    }

    private mutating func value() throws(TokenizationError) -> JSON {
        skipSpace()
        switch current {
        case UInt8(ascii: "{"): return .object(try members())
        case UInt8(ascii: "["): return .array(try elements())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"):
            try expect("true")
            return .boolean(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .boolean(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        case nil: throw error("the file ends inside a value")
        default: return try number()
        }
    }

    private mutating func enter() throws(TokenizationError) {
        depth += 1
        guard depth <= Self.greatestDepth else {
            throw error("values nested deeper than \(Self.greatestDepth)")
        }
        position += 1
        skipSpace()
    }

    private mutating func members() throws(TokenizationError) -> [JSON.Member] {
        try enter()
        var members: [JSON.Member] = []
        while current != UInt8(ascii: "}") {
            if !members.isEmpty { try expect(",") }
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw error("expected a key") }
            let key = try string()
            skipSpace()
            try expect(":")
            members.append(JSON.Member(key: key, value: try value()))
            skipSpace()
        }
        position += 1
        depth -= 1
        return members
    }

    private mutating func elements() throws(TokenizationError) -> [JSON] {
        try enter()
        var elements: [JSON] = []
        while current != UInt8(ascii: "]") {
            if !elements.isEmpty { try expect(",") }
            elements.append(try value())
            skipSpace()
        }
        position += 1
        depth -= 1
        return elements
    }

    private mutating func number() throws(TokenizationError) -> JSON {
        let start = position
        while let byte = current, "+-.0123456789eE".utf8.contains(byte) { position += 1 }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if let integer = Int(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else {
            position = start
            throw error("expected a JSON value")
        }
        return .number(number)
    }

    private mutating func string() throws(TokenizationError) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
            guard byte >= 0x20 else { throw error("a control character inside a string") }
            position += 1
        }
        var text = bytes[start..<position]
        while let byte = current, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw error("a control character inside a string") }
            position += 1
            if byte == UInt8(ascii: "\\") {
                text.append(contentsOf: String(Character(try escape())).utf8)
            } else {
                text.append(byte)
            }
        }
        try expect("\"")
        guard let string = String(validating: text, as: UTF8.self) else {
            throw error("a string that is not UTF-8")
        }
        return string
    }

    private mutating func escape() throws(TokenizationError) -> Unicode.Scalar {
        guard let byte = current else { throw error("the file ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "u"): break
        default: throw error("an unknown escape in a string")
        }
        var value = try hexadecimal()
        if (0xD800..<0xDC00).contains(value) {
            try expect("\\u")
            let low = try hexadecimal()
            guard (0xDC00..<0xE000).contains(low) else { throw error("half a surrogate pair") }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else { throw error("half a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal() throws(TokenizationError) -> UInt32 {
        let end = position + 4
        guard end <= bytes.count,
            bytes[position..<end].allSatisfy({ Unicode.Scalar($0).properties.isASCIIHexDigit }),
            let value = UInt32(String(decoding: bytes[position..<end], as: UTF8.self), radix: 16)
        else {
            throw error("\\u without four hexadecimal digits")
        }
        position = end
        return value
    }
}
