// SPDX-License-Identifier: Apache-2.0
// Strings: UTF-8 without control characters, and the escapes of RFC 8259.

extension JSONScanner {
    /// Reads a string.
    package mutating func string() throws(InputError) -> String {
        try expect("\"")
        let start = position
        let isASCII = skipPlainCharacters()
        guard current == UInt8(ascii: "\"") else { return try escapedString(from: start) }
        let text = UnsafeBufferPointer(rebasing: bytes[start..<position])
        position += 1
        // ASCII needs no check.
        if isASCII { return String(decoding: text, as: UTF8.self) }
        guard let string = String(validating: text, as: UTF8.self) else {
            throw error("a string is not UTF-8", at: start)
        }
        return string
    }

    /// Continues reading a string at its first escape.
    private mutating func escapedString(from start: Int) throws(InputError) -> String {
        var text = Array(bytes[start..<position])
        while let byte = current {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else {
                    throw error("a string is not UTF-8", at: start)
                }
                return string
            case UInt8(ascii: "\\"):
                let scalar = try escape()
                text.append(contentsOf: String(Character(scalar)).utf8)
            default:
                throw error("a string holds an unescaped control character", at: position - 1)
            }
            let first = position
            skipPlainCharacters()
            text.append(contentsOf: bytes[first..<position])
        }
        throw error("a string does not end", at: start)
    }

    /// Skips unescaped characters of a string, and returns whether all of them are ASCII.
    @inline(__always) @discardableResult
    private mutating func skipPlainCharacters() -> Bool {
        var end = position
        var bits: UInt8 = 0
        while end < bytes.count {
            let byte = bytes[end]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            bits |= byte
            end += 1
        }
        position = end
        return bits < 0x80
    }

    /// Reads the rest of an escape after the backslash.
    private mutating func escape() throws(InputError) -> Unicode.Scalar {
        let start = position - 1
        guard let byte = current else { throw error("a string does not end", at: start) }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "u"): break
        default: throw error("a string holds an invalid escape", at: start)
        }
        var value = try fourDigits(from: start)
        if (0xD800..<0xDC00).contains(value), position + 1 < bytes.count,
            bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
        {
            position += 2
            let low = try fourDigits(from: position - 2)
            guard (0xDC00..<0xE000).contains(low) else {
                throw error("a string holds an invalid escape: half of a surrogate pair", at: start)
            }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw error("a string holds an invalid escape: half of a surrogate pair", at: start)
        }
        return scalar
    }

    private mutating func fourDigits(from start: Int) throws(InputError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue
            else {
                throw error(
                    "a string holds an invalid escape: \\u without four hexadecimal digits",
                    at: start)
            }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}
