// SPDX-License-Identifier: Apache-2.0
// Reads the numbers and strings of a template.

import JSONText

extension TemplateLexer {
    /// Reads a number.
    mutating func readNumber(
        from start: TemplatePosition
    ) throws(InputError) -> TemplateToken.Kind {
        if let value = try readPrefixed(from: start) { return .integer(value) }
        var text = ""
        var isWhole = true
        // After a dot stands an index: `rows.0.1` holds no fraction.
        let isIndex = index > 0 && source[index - 1] == "."
        func isDigit(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map { ("0"..."9").contains($0) } ?? false
        }
        while let scalar = peek() {
            if isDigit(scalar) || scalar == "_" && isDigit(peek(1)) {
                if scalar != "_" { text.unicodeScalars.append(scalar) }
            } else if scalar == ".", isDigit(peek(1)), isWhole, !isIndex {
                isWhole = false
                text += "."
            } else if scalar == "e" || scalar == "E", !text.contains("e"), !isIndex,
                isDigit(peek(1)) || (peek(1) == "-" || peek(1) == "+") && isDigit(peek(2))
            {
                isWhole = false
                text += "e"
                if let sign = peek(1), !isDigit(sign) {
                    text.unicodeScalars.append(sign)
                    advance()
                }
            } else {
                break
            }
            advance()
        }
        if isWhole, text.hasPrefix("0"), text.contains(where: { $0 != "0" }) {
            throw start.error("a whole number that starts with 0", "write it without the zeros")
        }
        if isWhole, let value = Int(text) { return .integer(value) }
        if !isWhole, let value = Double(text) { return .number(value) }
        throw start.error("the number \(text) is too great", "whole numbers have 64 bits")
    }

    /// Reads a whole number with the base 2, 8 or 16, such as `0xff`.
    private mutating func readPrefixed(from start: TemplatePosition) throws(InputError) -> Int? {
        guard peek() == "0", let letter = peek(1),
            let base = ["b": 2, "B": 2, "o": 8, "O": 8, "x": 16, "X": 16][letter],
            var next = peek(2), next == "_" || Int(String(next), radix: base) != nil
        else { return nil }
        advance(2)
        var digits = ""
        while next == "_" || Int(String(next), radix: base) != nil {
            if next != "_" { digits.unicodeScalars.append(next) }
            advance()
            guard let following = peek() else { break }
            next = following
        }
        guard let value = Int(digits, radix: base) else {
            throw start.error("the number \(digits) is too great", "whole numbers have 64 bits")
        }
        return value
    }

    /// Reads a string that starts with a quote here.
    mutating func readString(
        _ quote: Unicode.Scalar, from start: TemplatePosition
    ) throws(InputError) -> String {
        advance()
        var text = String.UnicodeScalarView()
        while let scalar = peek() {
            advance()
            if scalar == quote { return String(text) }
            guard scalar == "\\", let escaped = peek() else {
                text.append(scalar)
                continue
            }
            advance()
            switch escaped {
            case "n": text.append("\n")
            case "t": text.append("\t")
            case "r": text.append("\r")
            case "a": text.append("\u{07}")
            case "b": text.append("\u{08}")
            case "f": text.append("\u{0C}")
            case "v": text.append("\u{0B}")
            case "\n": break
            case "0"..."7":
                var value = escaped.value - 48
                for _ in 0..<2 {
                    guard let digit = peek(), ("0"..."7").contains(digit) else { break }
                    value = value * 8 + digit.value - 48
                    advance()
                }
                if let scalar = Unicode.Scalar(value) { text.append(scalar) }
            case "\\", "'", "\"": text.append(escaped)
            case "x": text.append(try readCode(2, from: start))
            case "u": text.append(try readCode(4, from: start))
            case "U": text.append(try readCode(8, from: start))
            default:
                text.append("\\")
                text.append(escaped)
            }
        }
        throw start.error("a string without its end", "close it with \(quote)")
    }

    private mutating func readCode(
        _ count: Int, from start: TemplatePosition
    ) throws(InputError) -> Unicode.Scalar {
        let digits = Self.string(source[index..<min(index + count, source.count)])
        guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value)
        else {
            throw start.error("an escape that is not \(count) hexadecimal digits of a character")
        }
        advance(count)
        return scalar
    }
}
