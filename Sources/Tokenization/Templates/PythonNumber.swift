// SPDX-License-Identifier: Apache-2.0
// Numbers as Python prints, reads and rounds them.

import Foundation

/// Functions on numbers with Python's behaviour.
enum PythonNumber {
    /// Returns a number with the digits that Python shows.
    static func text(of value: Double) -> String {
        if value.isNaN { return "nan" }
        if value.isInfinite { return value < 0 ? "-inf" : "inf" }
        let magnitude = abs(value)
        guard magnitude >= 1e16, magnitude < 18_014_398_509_481_984 else { return "\(value)" }
        // Swift switches to exponents later than Python does.
        var digits = String(Int(magnitude))
        while digits.hasSuffix("0") { digits.removeLast() }
        let fraction = digits.dropFirst()
        let mantissa = digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
        return (value < 0 ? "-" : "") + mantissa + "e+16"
    }

    /// `int(text, base)`, or nil if the text is not such a number.
    static func integer(_ text: String, base: Int) -> Int? {
        var digits = plain(text).lowercased()
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        var base = base
        let prefixes = ["0b": 2, "0o": 8, "0x": 16]
        if let prefix = prefixes[String(digits.prefix(2))], base == 0 || base == prefix {
            base = prefix
            digits.removeFirst(2)
            if digits.hasPrefix("_") { digits.removeFirst() }
        } else if base == 0 {
            base = 10
            if digits.hasPrefix("0"), digits.contains(where: { $0 != "0" && $0 != "_" }) {
                return nil
            }
        }
        guard (2...36).contains(base), let plain = withoutSeparators(digits),
            !plain.hasPrefix("-"), !plain.hasPrefix("+")
        else { return nil }
        return Int((isNegative ? "-" : "") + plain, radix: base)
    }

    /// `float(text)`, or nil if the text is not a number.
    static func number(_ text: String) -> Double? {
        let stripped = plain(text)
        let name = stripped.lowercased().drop { $0 == "-" || $0 == "+" }
        switch name {
        case "inf", "infinity", "nan":
            guard stripped.utf8.count - name.utf8.count <= 1 else { return nil }
            let value = name == "nan" ? Double.nan : .infinity
            return stripped.hasPrefix("-") ? -value : value
        default:
            guard var plain = withoutSeparators(stripped),
                plain.allSatisfy({ "0123456789+-.eE".contains($0) })
            else { return nil }
            // Python also reads `1.` and `.5`.
            if let point = plain.firstIndex(of: ".") {
                let next = plain.index(after: point)
                if next == plain.endIndex || !plain[next].isNumber {
                    guard point > plain.startIndex, plain[plain.index(before: point)].isNumber
                    else { return nil }
                    plain.insert("0", at: next)
                }
            }
            return Double(plain)
        }
    }

    /// Returns the text without white space around it, with the digits of all scripts as ASCII.
    private static func plain(_ text: String) -> String {
        var result = ""
        for scalar in PythonText.strip(text, nil, left: true, right: true).unicodeScalars {
            let properties = scalar.properties
            if !scalar.isASCII, properties.numericType == .decimal,
                let value = properties.numericValue
            {
                result += "\(Int(value))"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Returns the text without `_` between digits, or nil if one stands elsewhere.
    private static func withoutSeparators(_ text: String) -> String? {
        guard text.contains("_") else { return text.isEmpty ? nil : text }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        for (left, right) in zip(parts, parts.dropFirst()) {
            guard left.last?.isHexDigit == true, right.first?.isHexDigit == true else { return nil }
        }
        return parts.joined()
    }

    /// `round(value, digits)`, which rounds the exact value and ties to even.
    static func round(_ value: Double, digits: Int) -> Double {
        guard value.isFinite, digits < 309 else { return value }
        guard digits < 0 else { return Double(String(format: "%.\(digits)f", value)) ?? value }
        guard digits > -309 else { return 0 * value }
        let unit = pow(10.0, Double(-digits))
        return (value / unit).rounded(.toNearestOrEven) * unit
    }

    /// `round(value, digits)` for a whole number; nil beyond 64 bits.
    static func round(_ value: Int, digits: Int) -> Int? {
        guard digits < 0 else { return value }
        guard digits > -19 else { return 0 }
        var unit = 1
        for _ in 0..<(-digits) { unit *= 10 }
        let rest = ((value % unit) + unit) % unit
        let (low, underflow) = value.subtractingReportingOverflow(rest)
        guard !underflow else { return nil }
        let isUp = rest > unit - rest || rest == unit - rest && (low / unit) % 2 != 0
        let (high, overflow) = low.addingReportingOverflow(unit)
        return isUp ? (overflow ? nil : high) : low
    }
}

extension PythonNumber {
    /// Returns a number of bytes in a readable unit, as Jinja's `filesizeformat` does.
    static func fileSize(_ size: Double, isBinary: Bool) -> String {
        let base = isBinary ? 1024.0 : 1000
        if size == 1 { return "1 Byte" }
        if size < base { return "\(Int(exactly: size.rounded(.towardZero)) ?? 0) Bytes" }
        let prefixes = Array(isBinary ? "KMGTPEZY" : "kMGTPEZY")
        var unit = base
        for (index, prefix) in prefixes.enumerated() {
            unit *= base
            if size < unit || index == prefixes.count - 1 {
                let number = String(format: "%.1f", base * size / unit)
                return "\(number) \(prefix)\(isBinary ? "iB" : "B")"
            }
        }
        return ""
    }
}
