// SPDX-License-Identifier: Apache-2.0
// Text made safe for HTML, XML and the eye.

import Mustache

/// Returns the text with markup characters escaped, for element content and quoted attributes.
///
/// It goes by Unicode scalars: a quotation mark with a combining mark behind it is one Swift
/// `Character`, but still ends an attribute. Characters that XML forbids, and those that reorder
/// text so that a name reads as another, become the replacement character.
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

/// The escaping above for the templates, in place of the library's own, which goes by `Character`.
struct SafeContent: MustacheContentType {
    static let name = "SAFE"

    func escapeText(_ text: String) -> String { escaped(text) }
}
