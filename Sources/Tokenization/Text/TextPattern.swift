// SPDX-License-Identifier: Apache-2.0
// A pattern of a tokenizer file: literal text, or a regular expression. Expressions with rare parts
// are evaluated by Foundation: its Unicode tables are the system's, and an expression made to
// backtrack can take unlimited time.

import Foundation
import JSONText

/// A pattern that finds its matches in a text.
enum TextPattern: @unchecked Sendable {
    // NSRegularExpression is documented as immutable and thread-safe. It is never passed on.
    case literal([UInt8])
    case own(Expression)
    case foundation(NSRegularExpression)

    /// Compiles a pattern.
    ///
    /// - Parameter place: `{"String": ...}` or `{"Regex": ...}` in a tokenizer file.
    /// - Throws: An error when the expression is not valid.
    init(_ place: JSONNode) throws(InputError) {
        let (text, isRegex) = try place.pattern()
        if !isRegex {
            self = .literal(Array(text.utf8))
        } else if let expression = Expression(text) {
            self = .own(expression)
        } else {
            do {
                self = .foundation(try NSRegularExpression(pattern: Self.translated(text)))
            } catch {
                throw place.error(
                    "the regular expression \(text) is not understood",
                    "the syntax is that of ICU regular expressions")
            }
        }
    }

    /// Returns the expression with `\s` spelt out. Foundation's `\s` lacks U+000B and U+0085, which
    /// the reference engines count as space.
    private static func translated(_ expression: String) -> String {
        var result = ""
        var isEscaped = false
        for character in expression {
            switch (isEscaped, character) {
            case (true, "s"): result += "p{White_Space}"
            case (true, "S"): result += "P{White_Space}"
            default: result.append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return result
    }

    /// Returns the matches in a text, as ranges of UTF-8 offsets in ascending order.
    func matches(in bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
        switch self {
        case .literal(let text): Self.matches(of: text, in: bytes)
        case .own(let expression): expression.matches(in: bytes)
        case .foundation(let expression): Self.matches(of: expression, in: bytes)
        }
    }

    private static func matches(
        of pattern: [UInt8], in bytes: UnsafeBufferPointer<UInt8>
    ) -> [Range<Int>] {
        guard let first = pattern.first else { return [] }
        var found: [Range<Int>] = []
        var position = 0
        while position + pattern.count <= bytes.count {
            if bytes[position] == first,
                pattern.indices.allSatisfy({ bytes[position + $0] == pattern[$0] })
            {
                found.append(position..<position + pattern.count)
                position += pattern.count
            } else {
                position += 1
            }
        }
        return found
    }

    private static func matches(
        of expression: NSRegularExpression, in bytes: UnsafeBufferPointer<UInt8>
    ) -> [Range<Int>] {
        let text = String(decoding: bytes, as: UTF8.self)
        let whole = NSRange(location: 0, length: text.utf16.count)
        var utf16 = 0
        var utf8 = 0
        /// Converts ascending UTF-16 offsets to UTF-8 offsets.
        func offset(_ target: Int) -> Int {
            while utf16 < target {
                let first = bytes[utf8]
                utf16 += first >= 0xF0 ? 2 : 1
                utf8 += first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
            }
            return utf8
        }
        return expression.matches(in: text, range: whole).map { match in
            let start = offset(match.range.location)
            return start..<offset(match.range.location + match.range.length)
        }
    }

    /// Returns a text with every match replaced.
    func replacing(in text: String, with replacement: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            let matches = matches(in: bytes)
            guard !matches.isEmpty else { return String(decoding: bytes, as: UTF8.self) }
            var result: [UInt8] = []
            result.reserveCapacity(bytes.count)
            var covered = 0
            for match in matches {
                result.append(contentsOf: bytes[covered..<match.lowerBound])
                result.append(contentsOf: replacement.utf8)
                covered = match.upperBound
            }
            result.append(contentsOf: bytes[covered...])
            return String(decoding: result, as: UTF8.self)
        }
    }
}

extension JSONNode {
    /// Returns the text of a `pattern`: `{"String": ...}` or `{"Regex": ...}`.
    func pattern() throws(InputError) -> (text: String, isRegex: Bool) {
        if let literal = try member("String") { return (try literal.string(), false) }
        return (try required("Regex").string(), true)
    }
}
