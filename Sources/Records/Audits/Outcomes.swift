// SPDX-License-Identifier: Apache-2.0
// The outcomes of an adversary's cells, and of the battery.

/// The outcome of the seeds of one adversary.
public struct AdversaryOutcome: Codable, Sendable, Hashable {
    /// The name of the adversary.
    public var adversary: String
    /// The number of seeds that gave a cost to break.
    public var seeds: Int
    /// The number of them that broke the safeguard.
    public var brokenSeeds: Int
    /// The number of seeds that failed and gave no cost.
    public var failedSeeds: Int
    /// The number of seeds that could not be run on this model and gave no cost.
    public var inapplicableSeeds: Int
    /// The median seed when all are sorted by cost, the cheaper one of two; nil when no seed gave a
    /// cost.
    public var typical: CostToBreak?
    /// The cheapest seed; nil when no seed gave a cost.
    public var least: CostToBreak?
    /// The bootstrap interval over seeds of the typical steps. It has no upper bound when it
    /// includes seeds that never broke. Nil with fewer than two seeds or when the lower bound is
    /// infinite.
    public var steps: Interval?
    /// The same interval for the typical dollars.
    public var dollars: Interval?

    /// Summarises the cells of one adversary.
    ///
    /// - Parameters:
    ///   - adversary: The name of the adversary.
    ///   - cells: The cells of an audit. Those of other adversaries are ignored.
    public init(adversary: String, cells: [CellRecord]) {
        let own = cells.filter { $0.adversary == adversary }
        let costs = own.compactMap(\.broken).sorted(by: CostToBreak.isCheaper)
        func interval(_ value: (AttackCost) -> Double) -> Interval? {
            let values = costs.map { $0.isBroken ? value($0.cost) : .infinity }
            let interval = Interval.bootstrap(values, seed: 0) { sample in
                sample.sorted()[(sample.count - 1) / 2]
            }
            return interval.flatMap { $0.lower.isFinite ? $0 : nil }
        }
        self.adversary = adversary
        seeds = costs.count
        brokenSeeds = costs.count(where: \.isBroken)
        failedSeeds = own.count { if case .failed = $0.state { true } else { false } }
        inapplicableSeeds = own.count { if case .inapplicable = $0.state { true } else { false } }
        typical = costs.isEmpty ? nil : costs[(costs.count - 1) / 2]
        least = costs.first
        steps = interval { Double($0.steps) }
        dollars = interval(\.dollars)
    }
}

/// The outcome of the whole battery: its cheapest success, or the budget that was not enough.
public struct BatteryOutcome: Codable, Sendable, Hashable {
    /// The adversary that broke the safeguard at the least typical cost. If none did, the one that
    /// spent most.
    public var adversary: String
    /// Its typical cost.
    public var cost: CostToBreak

    /// Chooses among the adversaries; nil when none gave a cost.
    ///
    /// - Parameters:
    ///   - outcomes: The outcome of each adversary.
    ///   - adversaries: Their specifications. The untampered control is left out.
    public init?(outcomes: [AdversaryOutcome], adversaries: [AdversarySpecification]) {
        let controls = Set(adversaries.filter(\.isControl).map(\.name))
        let costs = outcomes.filter { !controls.contains($0.adversary) }
            .compactMap { outcome in outcome.typical.map { (outcome.adversary, $0) } }
        let chosen =
            costs.filter(\.1.isBroken).min { CostToBreak.isCheaper($0.1, $1.1) }
            ?? costs.max { CostToBreak.isCheaper($0.1, $1.1) }
        guard let chosen else { return nil }
        adversary = chosen.0
        cost = chosen.1
    }
}

extension CostToBreak {
    /// Returns whether one outcome is cheaper: a broken one before a censored one, then by dollars,
    /// operations, examples and steps.
    public static func isCheaper(_ left: CostToBreak, _ right: CostToBreak) -> Bool {
        if left.isBroken != right.isBroken { return left.isBroken }
        func key(_ cost: AttackCost) -> [Double] {
            [
                cost.dollars, cost.floatingPointOperations, Double(cost.examples),
                Double(cost.steps),
            ]
        }
        return key(left.cost).lexicographicallyPrecedes(key(right.cost))
    }
}
