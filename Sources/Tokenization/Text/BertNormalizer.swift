// SPDX-License-Identifier: Apache-2.0
// BERT's cleaning of text: controls, Chinese characters, accents, case.

import JSONText

/// The normalizer of BERT and its relatives.
struct BertNormalizer: Sendable {
    var cleans = true
    var separatesChinese = true
    var stripsAccents = true
    var lowercases = true

    /// Makes the normalizer of an uncased model.
    init() {}

    /// Reads a `BertNormalizer` of a tokenizer file.
    ///
    /// - Parameter place: Its place in the file.
    /// - Throws: An error when a setting is not a boolean.
    init(_ place: JSONNode) throws(InputError) {
        cleans = try place.flag("clean_text", default: true)
        separatesChinese = try place.flag("handle_chinese_chars", default: true)
        lowercases = try place.flag("lowercase", default: true)
        stripsAccents = try place.flag("strip_accents", default: lowercases)
    }

    /// Returns the normalized text.
    func apply(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if cleans, scalar.value == 0 || scalar.has(UnicodeClasses.control) { continue }
            if cleans, scalar.has(UnicodeClasses.space) {
                result.append(UInt8(ascii: " "))
            } else if scalar.isASCII {
                result.append(UInt8(truncatingIfNeeded: scalar.value))
            } else if separatesChinese, Self.isChinese(scalar) {
                result += " \(scalar) ".utf8
            } else {
                result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        var text = String(decoding: result, as: UTF8.self)
        if stripsAccents, !text.utf8.allSatisfy({ $0 < 0x80 }) {
            text = NormalForm.nfd.apply(text).filtered { !$0.has(UnicodeClasses.accent) }
        }
        return lowercases ? Normalizer.lowercased(text) : text
    }

    /// The blocks of ideographs that the reference separates; it misses a part of extension E.
    private static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F,
            0x2B740...0x2B81F, 0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }
}
