// SPDX-License-Identifier: Apache-2.0
// The printable characters that stand for the 256 bytes in byte-level vocabularies (GPT-2).

/// The correspondence of bytes and characters.
enum ByteAlphabet {
    /// The character of each byte: itself when it is printable, else one from U+0100 on.
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

    private static let bytes: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: zip(characters.map(\.value), UInt8.min ... .max))

    /// The bytes that a token stands for, or nil when it has a character outside the alphabet.
    static func bytes(of token: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
            guard let byte = bytes[scalar.value] else { return nil }
            result.append(byte)
        }
        return result
    }
}
