// SPDX-License-Identifier: Apache-2.0
// Changes text before it is cut into words.

import JSONText

/// The normalizer of a tokenizer.
indirect enum Normalizer: Sendable {
    case form(NormalForm)
    case lowercase
    case prepend(String)
    case replace(TextPattern, String)
    case sequence([Normalizer])

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
        case "Sequence":
            var all: [Normalizer] = []
            for element in try place.required("normalizers").elements() {
                all.append(try Normalizer(element))
            }
            self = .sequence(all)
        case let other:
            throw type.error(
                "the normalizer \(other) is not supported",
                "supported: NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Sequence")
        }
    }

    /// Returns the normalized text.
    func apply(_ text: String) -> String {
        switch self {
        case .form(let form): return form.apply(text)
        case .lowercase:
            var result = String.UnicodeScalarView()
            for scalar in text.unicodeScalars {
                result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
            return String(result)
        case .prepend(let prefix): return text.isEmpty ? text : prefix + text
        case .replace(let pattern, let content):
            return pattern.replacing(in: text, with: content)
        case .sequence(let all): return all.reduce(text) { $1.apply($0) }
        }
    }
}
