// SPDX-License-Identifier: Apache-2.0
// The printable characters that represent the 256 bytes in byte-level vocabularies (GPT-2).

/// The correspondence of bytes and characters.
enum ByteAlphabet {
    /// The character of each byte: the byte itself if it is printable, else a character from U+0100
    /// on.
    static let characters: [Unicode.Scalar] = {
        var characters: [Unicode.Scalar] = []
        var next: UInt32 = 0x100
        for byte in UInt8.min ... .max {
            switch byte {
            case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: characters.append(Unicode.Scalar(byte))
            default:
                characters.append(Unicode.Scalar(next) ?? "?")
                next += 1
            }
        }
        return characters
    }()

    /// The characters in UTF-8, where a second byte of 0 means that there is none.
    static let utf8: [(UInt8, UInt8)] = characters.map { character in
        let bytes = Array(String(Character(character)).utf8)
        return (bytes[0], bytes.count > 1 ? bytes[1] : 0)
    }

    /// The byte of each character by code point, or -1.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: 0x800)
        for (byte, character) in characters.enumerated() {
            bytes[Int(character.value)] = Int16(byte)
        }
        return bytes
    }()

    /// Appends the bytes that a token represents, or the token itself if it has a character outside
    /// the alphabet.
    ///
    /// - Parameters:
    ///   - token: Valid UTF-8.
    ///   - result: The array to which the bytes are appended.
    static func append(_ token: [UInt8], to result: inout [UInt8]) {
        let start = result.count
        var position = 0
        while position < token.count {
            // The alphabet's characters take one or two bytes.
            var point = Int(token[position])
            var length = 1
            if point >= 0x80 {
                length = 2
                point = point < 0xE0 ? (point & 0x1F) << 6 | Int(token[position + 1] & 0x3F) : 0
            }
            guard bytes[point] >= 0 else {
                result.replaceSubrange(start..., with: token)
                return
            }
            result.append(UInt8(bytes[point]))
            position += length
        }
    }
}
