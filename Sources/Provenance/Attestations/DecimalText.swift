// SPDX-License-Identifier: Apache-2.0
// Numbers as decimal texts, so that no JSON library rounds or rewrites signed numbers.

/// A number that JSON holds as a text such as `"0.00003"`, without an exponent. `"Infinity"` is a
/// bound that an interval does not have.
public struct DecimalText: Sendable, Hashable, CustomStringConvertible {
    /// The number; never NaN.
    public let value: Double

    /// Holds a number; nil for NaN.
    public init?(_ value: Double) {
        guard !value.isNaN else { return nil }
        self.value = value == 0 ? 0 : value
    }

    /// Holds a whole number.
    public init(_ value: Int) { self.value = Double(value) }

    /// Reads digits with an optional sign and fraction, `Infinity` or `-Infinity`.
    public init?(text: String) {
        switch text {
        case "Infinity": value = .infinity
        case "-Infinity": value = -.infinity
        default:
            let unsigned = text.hasPrefix("-") ? text.dropFirst() : text[...]
            let parts = unsigned.split(separator: ".", omittingEmptySubsequences: false)
            let areDigits = parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
            }
            guard text.utf8.count <= 400, (1...2).contains(parts.count), areDigits,
                parts[0] == "0" || !parts[0].hasPrefix("0"), let value = Double(text)
            else { return nil }
            self.value = value == 0 ? 0 : value
        }
    }

    /// The shortest digits that read back as the same number, without an exponent.
    public var description: String {
        guard value.isFinite else { return value > 0 ? "Infinity" : "-Infinity" }
        // Swift's own text has the shortest digits; only its exponent must be removed.
        let parts = "\(abs(value))".split(separator: "e")
        let halves = parts[0].split(separator: ".")
        let fraction = halves.count > 1 && halves[1] != "0" ? halves[1] : ""
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        var digits = String(halves[0] + fraction)
        var point = halves[0].count + exponent
        if point <= 0 {
            digits = String(repeating: "0", count: 1 - point) + digits
            point = 1
        }
        digits += String(repeating: "0", count: max(0, point - digits.count))
        let whole = digits.prefix(point)
        let rest = digits.dropFirst(point)
        return (value < 0 ? "-" : "") + whole + (rest.isEmpty ? "" : "." + rest)
    }
}

extension DecimalText: Codable {
    /// Reads a decimal text.
    ///
    /// - Throws: `DecodingError` when the text is not a decimal number.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let number = DecimalText(text: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "is not a decimal text such as \"0.05\"")
        }
        self = number
    }

    /// Writes the decimal text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
