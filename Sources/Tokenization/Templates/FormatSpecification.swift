// SPDX-License-Identifier: Apache-2.0
// How a number or a text is written: the parts that `%` and `format` have in common.

import Foundation

/// A width, a precision and the other parts of Python's format specifications.
struct FormatSpecification {
    /// Widths and precisions beyond this are refused.
    static let greatestWidth = 100_000
    private static let greatestPrecision = 300

    var fill: Unicode.Scalar = " "
    /// `<`, `>`, `^` or `=`; nil for the value's own.
    var alignment: Unicode.Scalar?
    /// Whether numbers without an alignment are filled behind their sign.
    private var padsAfterSign = false
    /// `+`, `-` or a space.
    var sign: Unicode.Scalar = "-"
    var isAlternate = false
    var grouping: String?
    var width = 0
    var precision: Int?
    var type: Unicode.Scalar?

    init() {}

    /// Parses `[[fill]align][sign][#][0][width][grouping][.precision][type]`; nil if it is none.
    init?(_ text: String) {
        var scalars = Array(text.unicodeScalars)[...]
        func isAlignment(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map { "<>=^".unicodeScalars.contains($0) } ?? false
        }
        var hasFill = false
        if isAlignment(scalars.dropFirst().first), let first = scalars.popFirst() {
            fill = first
            hasFill = true
            alignment = scalars.popFirst()
        } else if isAlignment(scalars.first) {
            alignment = scalars.popFirst()
        }
        if let first = scalars.first, "+- ".unicodeScalars.contains(first) {
            sign = first
            scalars.removeFirst()
        }
        if scalars.first == "#" {
            isAlternate = true
            scalars.removeFirst()
        }
        if scalars.first == "0" {
            if !hasFill { fill = "0" }
            padsAfterSign = alignment == nil
            scalars.removeFirst()
        }
        width = Self.takeNumber(&scalars) ?? 0
        if let first = scalars.first, first == "," || first == "_" {
            grouping = String(first)
            scalars.removeFirst()
        }
        if scalars.first == "." {
            scalars.removeFirst()
            guard let digits = Self.takeNumber(&scalars) else { return nil }
            precision = digits
        }
        type = scalars.popFirst()
        guard scalars.isEmpty else { return nil }
    }

    /// Reads a whole number from the front.
    static func takeNumber(_ scalars: inout ArraySlice<Unicode.Scalar>) -> Int? {
        var value: Int?
        while let scalar = scalars.first, ("0"..."9").contains(scalar) {
            value = min((value ?? 0) * 10 + Int(scalar.value) - 48, Int.max / 100)
            scalars.removeFirst()
        }
        return value
    }

    /// Whether the result stays within the limits.
    var isBounded: Bool {
        width <= Self.greatestWidth && (precision ?? 0) <= Self.greatestWidth
    }

    // MARK: - Writing

    /// Returns a text with its greatest length and its least width.
    func text(_ text: String) -> String {
        var scalars = text.unicodeScalars[...]
        if let precision { scalars = scalars.prefix(precision) }
        return padded(String(scalars), prefix: "", alignment: alignment ?? "<")
    }

    /// Returns a whole number in the base of the type; nil if the type is for other values.
    func text(_ value: Int) -> String? {
        let (base, prefix): (Int, String) =
            switch type {
            case nil, "d", "i", "u", "n": (10, "")
            case "b": (2, "0b")
            case "o": (8, "0o")
            case "x": (16, "0x")
            case "X": (16, "0X")
            default: (0, "")
            }
        guard base > 0 else { return text(Double(value)) }
        var digits = String(value.magnitude, radix: base, uppercase: type == "X")
        if let grouping { digits = grouped(digits, by: grouping, every: base == 10 ? 3 : 4) }
        return signed(digits, value < 0, prefix: isAlternate ? prefix : "")
    }

    /// Returns a number; nil if the type is for other values.
    func text(_ value: Double) -> String? {
        let magnitude = abs(value)
        let digits: String
        let precision = precision.map { min($0, Self.greatestPrecision) }
        switch type {
        case nil, "n":
            guard let precision else {
                digits = PythonNumber.text(of: magnitude)
                break
            }
            digits = short(magnitude, max(precision, 1))
        case "f", "F", "e", "E", "g", "G":
            let precision = precision ?? 6
            let type = type.map(String.init) ?? "f"
            digits = printed(
                magnitude, type.lowercased() == "g" ? max(precision, 1) : precision, type)
        case "%": digits = printed(magnitude * 100, precision ?? 6, "f") + "%"
        default: return nil
        }
        let whole = digits.prefix { ("0"..."9").contains($0) }
        let isNegative = value.sign == .minus && !value.isNaN
        guard let grouping else { return signed(digits, isNegative, prefix: "") }
        let fraction = digits.dropFirst(whole.count)
        return signed(
            grouped(String(whole), by: grouping, every: 3) + fraction, isNegative, prefix: "")
    }

    /// Returns a number with so many digits, of which at least one is behind the point.
    private func short(_ value: Double, _ precision: Int) -> String {
        let plain = printed(value, precision, "g")
        guard plain.allSatisfy(\.isNumber) else { return plain }
        if plain.count < precision { return plain + ".0" }
        let parts = printed(value, precision - 1, "e").split(separator: "e")
        guard parts.count == 2 else { return plain }
        var mantissa = parts[0]
        while mantissa.contains("."), mantissa.last == "0" || mantissa.last == "." {
            mantissa.removeLast()
        }
        return "\(mantissa)e\(parts[1])"
    }

    private func printed(_ value: Double, _ precision: Int, _ type: String) -> String {
        guard value.isFinite else {
            let text = PythonNumber.text(of: value)
            return type == type.uppercased() ? text.uppercased() : text
        }
        return String(format: "%\(isAlternate ? "#" : "").\(precision)\(type)", value)
    }

    private func grouped(_ digits: String, by separator: String, every count: Int) -> String {
        var parts: [Substring] = []
        var rest = digits[...]
        while rest.count > count {
            parts.append(rest.suffix(count))
            rest = rest.dropLast(count)
        }
        return ([rest] + parts.reversed()).joined(separator: separator)
    }

    private func signed(_ digits: String, _ isNegative: Bool, prefix: String) -> String {
        let sign = isNegative ? "-" : sign == "-" ? "" : String(sign)
        return padded(
            digits, prefix: sign + prefix, alignment: alignment ?? (padsAfterSign ? "=" : ">"))
    }

    private func padded(_ text: String, prefix: String, alignment: Unicode.Scalar) -> String {
        let length = (prefix + text).unicodeScalars.count
        let missing = max(width - length, 0)
        func padding(_ count: Int) -> String { String(repeating: String(fill), count: count) }
        return switch alignment {
        case "<": prefix + text + padding(missing)
        case "^": padding(missing / 2) + prefix + text + padding(missing - missing / 2)
        case "=": prefix + padding(missing) + text
        default: padding(missing) + prefix + text
        }
    }
}
