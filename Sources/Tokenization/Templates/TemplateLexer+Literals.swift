// SPDX-License-Identifier: Apache-2.0
// Reads the numbers and strings of a template.

import JSONText

extension TemplateLexer {
    /// Reads a number.
    mutating func readNumber(
        from start: TemplatePosition
    ) throws(InputError) -> TemplateToken.Kind {
        var text = ""
        var isWhole = true
        func isDigit(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map { ("0"..."9").contains($0) } ?? false
        }
        while let scalar = peek() {
            if isDigit(scalar) || scalar == "_" && isDigit(peek(1)) {
                if scalar != "_" { text.unicodeScalars.append(scalar) }
            } else if scalar == ".", isDigit(peek(1)), isWhole {
                isWhole = false
                text += "."
            } else if scalar == "e" || scalar == "E", !text.contains("e"),
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
        if isWhole, let value = Int(text) { return .integer(value) }
        if !isWhole, let value = Double(text) { return .number(value) }
        throw start.error("the number \(text) is too great", "whole numbers have 64 bits")
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
