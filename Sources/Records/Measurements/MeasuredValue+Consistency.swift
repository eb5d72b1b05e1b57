// SPDX-License-Identifier: Apache-2.0
// Checks that a measured number follows from its cases, and its interval from the number.

extension MeasuredValue {
    /// The units of Temper's own measures.
    private static let units = Dictionary(
        MeasureEntry.ofOlderRecords.map { ($0.name, $0.unit) }, uniquingKeysWith: { $1 })

    /// Whether the value is possible: a finite number, and between 0 and 1 if it is a share.
    public var isPossible: Bool {
        value.isFinite && (unit != .fraction || (0...1).contains(value))
    }

    /// What contradicts the rest of the measurement; nil if nothing does.
    ///
    /// A model may give no number, so that an impossible value contradicts nothing. It decides
    /// nothing either.
    var contradiction: String? {
        if count < 0 { return "has a count below 0" }
        if let own = Self.units[measure], own != unit {
            return "is in \(unit.rawValue), but \(measure) is measured in \(own.rawValue)"
        }
        guard isPossible else { return nil }
        if let cases {
            let successes = cases.utf8.count { $0 == UInt8(ascii: "1") }
            let failures = cases.utf8.count { $0 == UInt8(ascii: "0") }
            guard successes + failures == cases.utf8.count, cases.utf8.count == count,
                abs(value * Double(count) - Double(successes)) < 1e-6
            else { return "has a value that does not follow from its cases" }
        }
        guard let interval else { return nil }
        guard interval.confidence > 0, interval.confidence < 1, interval.lower <= interval.upper
        else { return "has an interval that is none" }
        guard interval.method == .wilson else { return nil }
        let successes = value * Double(count)
        guard unit == .fraction, abs(successes - successes.rounded()) < 1e-6,
            let whole = Int(exactly: successes.rounded()),
            let own = Interval.wilson(
                successes: whole, of: count, confidence: interval.confidence),
            abs(own.lower - interval.lower) < 1e-9, abs(own.upper - interval.upper) < 1e-9
        else { return "has an interval that does not follow from its value and count" }
        return nil
    }
}

extension [MeasuredValue] {
    /// The first measurement that contradicts itself, or is a second one of its measure on a split;
    /// nil if there is none.
    var contradiction: (index: Int, problem: String)? {
        for (index, value) in enumerated() {
            if let problem = value.contradiction { return (index, problem) }
            let isSecond = self[..<index].contains {
                $0.measure == value.measure && $0.split == value.split
            }
            if isSecond { return (index, "is a second measurement of \(value.measure)") }
        }
        return nil
    }
}
