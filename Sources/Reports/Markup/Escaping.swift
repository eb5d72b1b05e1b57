// SPDX-License-Identifier: Apache-2.0
// Makes text safe for HTML, XML and readers.

import Mustache

/// Returns the text with markup characters escaped, for element content and quoted attributes.
///
/// The unit is the Unicode scalar: a quotation mark followed by a combining mark is one Swift
/// `Character`, but still ends an attribute. Characters that XML forbids, and characters that
/// reorder text and so fake a name, become the replacement character.
func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x26: result += "&amp;"
        case 0x3C: result += "&lt;"
        case 0x3E: result += "&gt;"
        case 0x22: result += "&quot;"
        case 0x27: result += "&#39;"
        case 0x09, 0x0A, 0x0D: result.unicodeScalars.append(scalar)
        case 0...0x1F, 0x7F...0x9F, 0x202A...0x202E, 0x2066...0x2069, 0xFFFE, 0xFFFF:
            result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// Uses the escaping above in templates instead of the library's own, which works by `Character`.
struct SafeContent: MustacheContentType {
    static let name = "SAFE"

    func escapeText(_ text: String) -> String { escaped(text) }
}
