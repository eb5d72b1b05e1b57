// SPDX-License-Identifier: Apache-2.0
// Changes text before it is cut into words.

import Foundation
import JSONText

/// The normalizer of a tokenizer.
indirect enum Normalizer: Sendable {
    case form(NormalForm)
    case lowercase
    case prepend(String)
    case replace(TextPattern, String)
    case strip(left: Bool, right: Bool)
    case stripAccents
    case nmt
    case byteLevel
    case bert(BertNormalizer)
    case precompiled(CharacterMap)
    case sentencePiece(SentencePieceNormalizer)
    case sequence([Normalizer])

    private static let supported = """
        BertNormalizer, ByteLevel, Lowercase, NFC, NFD, NFKC, NFKD, Nmt, Precompiled, Prepend, \
        Replace, Sequence, Strip, StripAccents
        """

    /// Reads the `normalizer` of a tokenizer file.
    ///
    /// - Parameter place: Its place in the file.
    /// - Throws: An error when it is not supported.
    init(_ place: JSONNode) throws(InputError) {
        let type = try place.required("type")
        if let form = NormalForm(rawValue: try type.string()) {
            self = .form(form)
            return
        }
        switch try type.string() {
        case "Lowercase": self = .lowercase
        case "Prepend": self = .prepend(try place.required("prepend").string())
        case "Replace":
            self = .replace(
                try TextPattern(try place.required("pattern")),
                try place.required("content").string())
        case "Strip":
            self = .strip(
                left: try place.flag("strip_left", default: true),
                right: try place.flag("strip_right", default: true))
        case "StripAccents": self = .stripAccents
        case "Nmt": self = .nmt
        case "ByteLevel": self = .byteLevel
        case "BertNormalizer": self = .bert(try BertNormalizer(place))
        case "Precompiled":
            let text = try place.member("precompiled_charsmap")
            guard let text else {
                self = .sequence([])
                return
            }
            guard let data = Data(base64Encoded: try text.string()) else {
                throw text.error("the map is not base64", "check the file")
            }
            self = .precompiled(try CharacterMap(Array(data)) { text.error($0, $1) })
        case "Sequence":
            var all: [Normalizer] = []
            for element in try place.required("normalizers").elements() {
                all.append(try Normalizer(element))
            }
            self = .sequence(all)
        case let other:
            throw type.error(
                "the normalizer \(other) is not supported", "supported: \(Self.supported)")
        }
    }

    /// Whether it is SentencePiece's, which keeps user-defined pieces as they are.
    var isSentencePiece: Bool { if case .sentencePiece = self { true } else { false } }

    /// Returns the normalized text.
    func apply(_ text: String) -> String {
        switch self {
        case .form(let form): return form.apply(text)
        case .lowercase: return Self.lowercased(text)
        case .prepend(let prefix): return text.isEmpty ? text : prefix + text
        case .replace(let pattern, let content):
            return pattern.replacing(in: text, with: content)
        case .strip(let left, let right): return Self.stripped(text, left, right)
        case .stripAccents:
            return text.filtered {
                UnicodeClasses.categories[Int($0.value)] & UnicodeClasses.isCombining == 0
            }
        case .nmt: return Self.cleaned(text)
        case .byteLevel:
            var result = String.UnicodeScalarView()
            result.append(contentsOf: text.utf8.lazy.map { ByteAlphabet.characters[Int($0)] })
            return String(result)
        case .bert(let normalizer): return normalizer.apply(text)
        case .precompiled(let map): return map.apply(text)
        case .sentencePiece(let normalizer): return normalizer.apply(text)
        case .sequence(let all): return all.reduce(text) { $1.apply($0) }
        }
    }

    /// Returns the text in lower case, each scalar for itself.
    static func lowercased(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if scalar.isASCII {
                let byte = UInt8(truncatingIfNeeded: scalar.value)
                result.append((0x41...0x5A).contains(byte) ? byte | 0x20 : byte)
            } else {
                result.append(contentsOf: scalar.properties.lowercaseMapping.utf8)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func stripped(_ text: String, _ left: Bool, _ right: Bool) -> String {
        var scalars = text.unicodeScalars[...]
        func isSpace(_ scalar: Unicode.Scalar?) -> Bool {
            scalar?.has(UnicodeClasses.space) ?? false
        }
        while left, isSpace(scalars.first) { scalars.removeFirst() }
        while right, isSpace(scalars.last) { scalars.removeLast() }
        return String(scalars)
    }

    /// Removes controls and makes all white space one kind, as Moses and SentencePiece's `nmt` do.
    private static func cleaned(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x01...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x8F, 0x9F: break
            case 0x09, 0x0A, 0x0C, 0x0D, 0x1680, 0x200B...0x200F, 0x2028, 0x2029, 0x2581, 0xFEFF,
                0xFFFD:
                result.append(" ")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}

extension String {
    /// Returns the scalars for which `isKept` holds.
    func filtered(_ isKept: (Unicode.Scalar) -> Bool) -> String {
        var result = UnicodeScalarView()
        for scalar in unicodeScalars where isKept(scalar) { result.append(scalar) }
        return String(result)
    }
}
