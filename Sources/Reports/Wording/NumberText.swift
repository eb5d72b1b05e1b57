// SPDX-License-Identifier: Apache-2.0
// The format of numbers for people: significant digits, units, and no engineering notation.

import Foundation
import Records

/// The format of numbers.
enum NumberText {
    /// Returns a share as a percentage in whole percents. It has a decimal only where it would
    /// otherwise be 0 or 100.
    static func percent(_ share: Double) -> String {
        percentDigits(share).map { $0 + "%" } ?? missing
    }

    /// Returns the bounds of a share, as `93–99%`.
    static func percents(_ lower: Double, _ upper: Double) -> String {
        guard let low = percentDigits(lower), let high = percentDigits(upper) else {
            return missing
        }
        return low == high ? "\(low)%" : "\(low)–\(high)%"
    }

    /// Returns a difference of two shares in percentage points, with its sign.
    static func points(_ difference: Double, unit: String = " points") -> String {
        guard difference.isFinite else { return missing }
        let points = abs(difference) * 100
        let digits = String(format: points > 0 && points < 0.95 ? "%.1f" : "%.0f", points)
        if Double(digits) == 0 { return "±0" }
        return (difference > 0 ? "+" : "−") + digits + unit
    }

    /// Returns the probability of a result by chance.
    static func probability(_ value: Double) -> String {
        value < 0.001 ? "p < 0.001" : "p = " + significant(value, digits: value < 0.01 ? 1 : 2)
    }

    /// The text for a missing number.
    static let missing = "–"

    private static func percentDigits(_ share: Double) -> String? {
        guard share.isFinite else { return nil }
        let percent = share * 100
        let nearEdge = (percent > 0 && percent < 0.95) || (percent > 99.05 && percent < 100)
        return String(format: nearEdge ? "%.1f" : "%.0f", percent)
    }

    /// Returns a whole number with thousands separated.
    static func count(_ value: Int) -> String {
        var digits = Substring(String(value.magnitude))
        var groups: [Substring] = []
        while digits.count > 3 {
            groups.insert(digits.suffix(3), at: 0)
            digits = digits.dropLast(3)
        }
        groups.insert(digits, at: 0)
        return (value < 0 ? "−" : "") + groups.joined(separator: ",")
    }

    /// Returns a whole number that is held as a `Double`, with thousands separated.
    static func whole(_ value: Double) -> String {
        abs(value) < 1e15 ? count(Int(clamping: value.rounded())) : significant(value)
    }

    /// Returns a count of things, as `1 step` or `16 steps`.
    static func count(_ value: Int, _ thing: String, _ things: String? = nil) -> String {
        "\(count(value)) \(value == 1 ? thing : things ?? thing + "s")"
    }

    /// Returns a number with this many significant digits, in plain decimals from a billionth to a
    /// trillion, and as `3.4 × 10¹⁵` beyond.
    static func significant(_ value: Double, digits: Int = 2) -> String {
        guard value.isFinite else {
            return value.isNaN ? missing : value > 0 ? "∞" : "−∞"
        }
        if value == 0 { return "0" }
        let sign = value < 0 ? "−" : ""
        let parts = String(format: "%.\(digits - 1)e", abs(value)).split(separator: "e")
        guard parts.count == 2, let exponent = Int(parts[1]) else { return missing }
        let mantissa = String(parts[0])
        if exponent < -9 || exponent >= 9 {
            return "\(sign)\(trimmed(mantissa)) × 10\(superscript(exponent))"
        }
        // Rounding to whole digits first keeps 99.96 from becoming 100.0.
        let rounded = (Double(mantissa) ?? 0) * pow(10, Double(exponent))
        if exponent >= digits - 1 { return sign + count(Int(rounded.rounded())) }
        return sign + trimmed(String(format: "%.\(digits - 1 - exponent)f", rounded))
    }

    /// Returns US dollars, as `$2.50` or `$0.00013`; whole dollars from a hundred up.
    static func dollars(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? missing : "∞" }
        if value == 0 { return "$0" }
        if value < 0 { return "−" + dollars(-value) }
        if value >= 99.5 { return "$" + count(Int(clamping: value.rounded())) }
        if value >= 0.995 { return String(format: "$%.2f", value) }
        if value < 1e-9 { return "under $0.000000001" }
        return "$" + significant(value)
    }

    /// Returns dollars for a sentence. Below a cent, words come before the digits.
    static func dollarsInSentence(_ value: Double) -> String {
        guard value > 0, value < 0.01 else { return dollars(value) }
        return value < 1e-9 ? "less than $0.01" : "less than $0.01 (\(dollars(value)))"
    }

    /// Returns a time, as `0.4 s`, `42 s`, `3 min 20 s`, `2 h 5 min`.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite else { return missing }
        if seconds < 59.5 { return seconds == 0 ? "0 s" : significant(seconds) + " s" }
        let total = Int(clamping: seconds.rounded())
        if total < 3_600 { return "\(total / 60) min \(total % 60) s" }
        return "\(count(total / 3_600)) h \(total % 3_600 / 60) min"
    }

    /// Returns a measured value by its unit, without its interval.
    static func value(_ value: Double, unit: MeasurementUnit) -> String {
        switch unit {
        case .fraction: percent(value)
        case .nats: nats(value) + (value.isFinite ? " nats" : "")
        case .perplexity: significant(value, digits: 3)
        case .count: significant(value, digits: 3)
        case .seconds: duration(value)
        case .score: significant(value, digits: 3)
        }
    }

    /// Returns the bounds of a measured value by its unit.
    static func bounds(_ lower: Double, _ upper: Double, unit: MeasurementUnit) -> String {
        switch unit {
        case .fraction: percents(lower, upper)
        case .seconds: "\(duration(lower)) to \(duration(upper))"
        case .perplexity, .count, .score:
            "\(significant(lower, digits: 3)) to \(significant(upper, digits: 3))"
        case .nats: "\(nats(lower)) to \(nats(upper))"
        }
    }

    /// The divergence below which two models are the same: the rounding of 32-bit logits.
    static let leastNats = 1e-6

    private static func nats(_ value: Double) -> String {
        abs(value) < leastNats ? "0" : significant(value)
    }

    private static func trimmed(_ decimal: String) -> String {
        guard decimal.contains(".") else { return decimal }
        var text = Substring(decimal)
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
        return String(text)
    }

    private static func superscript(_ exponent: Int) -> String {
        let digits = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
        return (exponent < 0 ? "⁻" : "")
            + String(
                exponent.magnitude.description.compactMap(\.wholeNumberValue).map { digits[$0] })
    }
}

extension Int {
    /// Takes the nearest whole number that fits.
    fileprivate init(clamping value: Double) {
        self = Int(exactly: value) ?? (value < 0 ? .min : .max)
    }
}
