// SPDX-License-Identifier: Apache-2.0
// What one adversary came to, with what it cost it.

import Records

/// What one adversary came to over its seeds.
public struct AdversaryFinding: Codable, Sendable, Hashable {
    /// Its name in the battery.
    public var name: String
    /// The identifier of the attack.
    public var attack: String
    /// The SHA-256 of its canonical content: the attack and all its parameters.
    public var digest: TamperResistance.Digest
    /// The seeds that it was run with, as texts, for they have 64 bits.
    public var seeds: [String]
    /// How many of them broke the safeguard.
    public var brokenSeeds: Int
    /// The seeds that failed and say nothing.
    public var failedSeeds: [String]
    /// What it paid; nil for the control and where no seed says anything.
    public var costToBreak: SeedCosts?

    /// Whether it is the untampered control.
    public var isControl: Bool { attack == AdversarySpecification.controlAttack }
}

/// The costs of an adversary over its seeds.
public struct SeedCosts: Codable, Sendable, Hashable {
    /// For each quantity the least over all seeds: broken where at least one seed broke the
    /// safeguard; a seed that did not counts with its budget.
    public var least: CostFinding
    /// The seed in the middle when all are sorted by cost.
    public var typical: CostFinding
    /// Bootstrap intervals over seeds of the typical cost.
    public var intervals: Intervals?

    /// Bootstrap intervals over seeds of the typical cost.
    public struct Intervals: Codable, Sendable, Hashable {
        /// Of steps.
        public var steps: TamperResistance.Bounds?
        /// Of US dollars.
        public var dollars: TamperResistance.Bounds?
    }
}

/// A cost to break, or a budget that did not suffice.
public struct CostFinding: Codable, Sendable, Hashable {
    /// Whether the amounts broke the safeguard or are a budget that did not.
    public enum Outcome: String, Codable, Sendable, Hashable {
        /// It broke at these amounts.
        case broken
        /// It did not within these amounts.
        case censored
    }

    /// Which of the two.
    public var outcome: Outcome
    /// Why it counts as not broken; nil where it broke.
    public var reason: String?
    /// Distinct examples.
    public var examples: DecimalText
    /// Steps of the attack.
    public var steps: DecimalText
    /// Floating point operations.
    public var floatingPointOperations: DecimalText
    /// US dollars of computation at the predicate's prices.
    public var dollars: DecimalText
}

/// What the battery came to.
public struct BatteryFinding: Codable, Sendable, Hashable {
    /// The adversary with the least typical cost; where none broke the safeguard, the one that
    /// spent most.
    public var adversary: String
    /// Its typical cost.
    public var typical: CostFinding
}
