// SPDX-License-Identifier: Apache-2.0
// How many times more a model costs to break than a control.

/// The cost to break one model divided by the cost to break another.
public struct ResistanceRatio: Codable, Sendable, Hashable {
    /// The ratio; infinite if the other model broke for nothing and this one held.
    public let value: Double
    /// Whether this model never broke, so that the ratio is above ``value``.
    public let isLowerBound: Bool

    /// Divides two costs of one adversary.
    ///
    /// - Parameters:
    ///   - cost: The cost on the model.
    ///   - control: The cost on the control. It must have broken, or there is no ratio.
    ///   - quantity: The quantity to compare.
    public init?(
        _ cost: CostToBreak, over control: CostToBreak, of quantity: (AttackCost) -> Double
    ) {
        guard control.isBroken else { return nil }
        let (own, other) = (quantity(cost.cost), quantity(control.cost))
        isLowerBound = !cost.isBroken
        // Words around a prompt cost nothing: either both models break by them, or one holds.
        value = other > 0 ? own / other : cost.isBroken && own == 0 ? 1 : .infinity
    }

    init(value: Double, isLowerBound: Bool) {
        self.value = value
        self.isLowerBound = isLowerBound
    }

    /// Returns the least and the median of some ratios; nil without any.
    ///
    /// A ratio that is only known to be above a value may be any greater one. If such a ratio
    /// decides the median, the median is a lower bound.
    ///
    /// - Parameter ratios: The ratios of several adversaries.
    /// - Returns: The least, and the lower median.
    public static func summary(
        of ratios: [ResistanceRatio]
    ) -> (least: ResistanceRatio, median: ResistanceRatio)? {
        func quantile(_ index: Int) -> ResistanceRatio {
            let low = ratios.map(\.value).sorted()[index]
            let high = ratios.map { $0.isLowerBound ? .infinity : $0.value }.sorted()[index]
            return ResistanceRatio(value: low, isLowerBound: high > low)
        }
        guard !ratios.isEmpty else { return nil }
        return (quantile(0), quantile((ratios.count - 1) / 2))
    }
}

/// The benefit and the cost of a hardening, compared with a control that was hardened in another
/// way.
public struct TradeOff: Sendable, Hashable {
    /// The result of one adversary.
    public struct Row: Sendable, Hashable {
        /// The adversary.
        public let adversary: String
        /// The ratio of examples.
        public let examples: ResistanceRatio
        /// The ratio of floating-point operations.
        public let operations: ResistanceRatio
        /// Why the model held; nil if it broke.
        public let held: CostToBreak.Reason?
    }

    /// The adversaries that broke the control, in the order of the battery.
    public let rows: [Row]
    /// The capability of the untampered model less that of the model before hardening, on the wide list
    /// of questions where both were asked it; nil where one of them was not measured.
    public let tax: RateDifference?

    /// Compares an audit with that of a control.
    ///
    /// - Parameters:
    ///   - record: The audit.
    ///   - control: The audit of the control, by the same adversaries.
    public init(_ record: AuditRecord, against control: AuditRecord) {
        rows = record.adversaries.filter { !$0.isControl }.compactMap { adversary in
            func typical(_ record: AuditRecord) -> CostToBreak? {
                record.outcomes.first { $0.adversary == adversary.name }?.typical
            }
            guard let own = typical(record), let other = typical(control),
                let examples = ResistanceRatio(own, over: other, of: { Double($0.examples) }),
                let operations = ResistanceRatio(own, over: other, of: \.floatingPointOperations)
            else { return nil }
            var held: CostToBreak.Reason?
            if case .censored(_, let reason) = own { held = reason }
            return Row(
                adversary: adversary.name, examples: examples, operations: operations, held: held)
        }
        tax =
            Self.tax(record, on: MeasureName.wideCapability)
            ?? Self.tax(record, on: MeasureName.capability)
    }

    /// What a hardening took of a measure; nil where one of the two models has no such number.
    private static func tax(_ record: AuditRecord, on measure: String) -> RateDifference? {
        record.original?.first(measure).flatMap { before in
            record.baseline.first(measure, preferring: before.split).flatMap {
                RateDifference($0, minus: before)
            }
        }
    }

    /// The least and the median ratio of examples; nil when nothing broke the control.
    public var examples: (least: ResistanceRatio, median: ResistanceRatio)? {
        ResistanceRatio.summary(of: rows.map(\.examples))
    }

    /// The least and the median ratio of floating-point operations.
    public var operations: (least: ResistanceRatio, median: ResistanceRatio)? {
        ResistanceRatio.summary(of: rows.map(\.operations))
    }
}
