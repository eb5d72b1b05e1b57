// SPDX-License-Identifier: Apache-2.0
// Compares numbers that were measured again with those of a record.

/// One number of a record, and its value when it was measured again.
public struct Agreement: Codable, Sendable, Hashable {
    /// How well two numbers agree.
    public enum Verdict: String, Codable, Sendable, Hashable, CaseIterable {
        /// They are equal, bit for bit.
        case exact
        /// They differ by at most a millionth, or a millionth of the recorded one: a few units in
        /// the last place of the models' 32-bit numbers.
        case rounding
        /// The new one is within the interval that the record states.
        case within
        /// It is not, or the record states no interval.
        case disagrees
    }

    /// What was measured: `untampered`, `original`, or an adversary with its seed.
    public let subject: String
    /// The number: a measure, or a part of the cost to break.
    public let number: String
    /// The unit of a measure; nil for a cost.
    public let unit: MeasurementUnit?
    /// The split of a measure; nil for a cost.
    public let split: SuiteSplit?
    /// The step of a point before the last; nil for the point by which the cell is reported.
    public let step: Int?
    /// The recorded value; infinite for a cost at which the safeguard had not broken.
    public let recorded: Double
    /// The new value; NaN when there is none.
    public let now: Double
    /// The record's interval.
    public let interval: Interval?
    /// Whether they agree.
    public let verdict: Verdict

    init(
        subject: String, number: String, unit: MeasurementUnit? = nil, split: SuiteSplit? = nil,
        step: Int? = nil, recorded: Double, now: Double, interval: Interval?
    ) {
        self.subject = subject
        self.number = number
        self.unit = unit
        self.split = split
        self.step = step
        self.recorded = recorded
        self.now = now
        self.interval = interval
        let isEqual = recorded == now || (recorded.isNaN && now.isNaN)
        let isRounding = abs(now - recorded) <= 1e-6 * max(1, abs(recorded))
        let isWithin = interval.map { $0.lower <= now && now <= $0.upper } ?? false
        // A cost is counted, not computed, so there is no rounding.
        verdict =
            isEqual
            ? .exact
            : isRounding && unit != nil ? .rounding : isWithin ? .within : .disagrees
    }
}

extension Agreement {
    /// Compares the measurements of one model.
    ///
    /// - Parameters:
    ///   - recorded: The values of the record.
    ///   - now: The new values.
    ///   - subject: The kind of model.
    /// - Returns: One agreement for each recorded number.
    public static func measurements(
        _ recorded: [MeasuredValue], now: [MeasuredValue], subject: String
    ) -> [Agreement] {
        recorded.map { value in
            let other = now.first { $0.measure == value.measure && $0.split == value.split }
            return Agreement(value, now: other?.value ?? .nan, subject: subject, step: nil)
        }
    }

    /// Compares two runs of one cell: the reported values, the costs, and the values at the
    /// intermediate steps that both runs have. Device seconds are not compared.
    ///
    /// - Parameters:
    ///   - recorded: The cell of the record.
    ///   - now: The cell of the new run.
    ///   - outcome: The adversary's outcome in the record, for its intervals over seeds.
    ///   - isUndefended: Whether it is a cell of the undefended control.
    /// - Returns: One agreement for each number.
    public static func cells(
        _ recorded: CellRecord, now: CellRecord, outcome: AdversaryOutcome?,
        isUndefended: Bool = false
    ) -> [Agreement] {
        let subject =
            (isUndefended ? "undefended, " : "") + "\(recorded.adversary), seed \(recorded.seed)"
        var result = measurements(
            recorded.finalPoint?.measurements ?? [], now: now.finalPoint?.measurements ?? [],
            subject: subject)
        if let cost = recorded.broken {
            let parts: [(CostQuantity, Interval?)] = [
                (.steps, outcome?.steps), (.dollars, outcome?.dollars),
            ]
            for (quantity, interval) in parts {
                func value(_ cost: CostToBreak?) -> Double {
                    guard let cost else { return .nan }
                    return cost.isBroken ? quantity.value(of: cost.cost) : .infinity
                }
                result.append(
                    Agreement(
                        subject: subject, number: "\(quantity.rawValue) to break",
                        recorded: value(cost), now: value(now.broken), interval: interval))
            }
        }
        for point in recorded.trace where point != recorded.finalPoint {
            guard let other = now.trace.first(where: { $0.step == point.step }) else { continue }
            for value in point.measurements {
                guard
                    let match = other.measurements.first(where: {
                        $0.measure == value.measure && $0.split == value.split
                    })
                else { continue }
                result.append(
                    Agreement(value, now: match.value, subject: subject, step: point.step))
            }
        }
        return result
    }

    private init(_ value: MeasuredValue, now: Double, subject: String, step: Int?) {
        self.init(
            subject: subject, number: value.measure, unit: value.unit, split: value.split,
            step: step, recorded: value.value, now: now, interval: value.interval)
    }
}
