// SPDX-License-Identifier: Apache-2.0
// The result of one adversary, with its costs.

public import Records

/// The result of one adversary over its seeds.
public struct AdversaryFinding: Codable, Sendable, Hashable {
    /// Its name in the battery.
    public var name: String
    /// The identifier of the attack.
    public var attack: String
    /// The SHA-256 of its canonical content: the attack and all its parameters.
    public var digest: TamperResistance.Digest
    /// The step at which it ends if it does not break the safeguard before; nil where the record does
    /// not show it, and in attestations of earlier versions of Temper.
    public var budgetSteps: Int?
    /// True if the attack is not one of Temper's own and states that it ignores seeds.
    public var ignoresSeed: Bool?
    /// The seeds that it was run with, and those that are missing, as texts, because a seed has 64
    /// bits.
    public var seeds: [String]
    /// How many of them broke the safeguard.
    public var brokenSeeds: Int
    /// The seeds without a result: they failed, did not apply, were stopped or are missing.
    public var failedSeeds: [String]
    /// Why each of those seeds has no result; nil when there are none, and in attestations of
    /// earlier versions of Temper.
    public var unmeasured: [UnmeasuredSeed]?
    /// Whether the safeguard held; nil for the control, and in attestations of earlier versions of
    /// Temper.
    public var resistance: Resistance?
    /// Its costs; nil for the control, where no seed has a result, and where the untampered model
    /// has no safeguard.
    public var costToBreak: SeedCosts?

    /// Whether it is the untampered control.
    public var isControl: Bool { attack == AdversarySpecification.controlAttack }

    /// Whether the safeguard held, as the finding states it, or else as its seeds show it. An
    /// adversary that was not fully measured never counts as held.
    var shownResistance: Resistance {
        resistance
            ?? (brokenSeeds > 0
                ? .broken : costToBreak == nil || !failedSeeds.isEmpty ? .unclear : .held)
    }

    /// Why the adversary is unclear, in a few words: its name, and the first reason if there is
    /// one.
    var unclearText: String {
        guard let first = unmeasured?.first else { return oneLine(name) }
        let state = first.state == .inapplicable ? "not applicable" : first.state.rawValue
        return "\(oneLine(name)) (\(state)\(first.reason.map { ": \(oneLine($0))" } ?? ""))"
    }
}

/// Returns the start of an untrusted text, fit for one line of a terminal.
private func oneLine(_ text: String) -> String {
    let most = 200
    var line = ""
    for scalar in text.unicodeScalars.prefix(most) {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: line += "\u{FFFD}"
        default: line.unicodeScalars.append(scalar)
        }
    }
    return text.unicodeScalars.count > most ? line + "…" : line
}

/// A seed of an adversary without a result.
public struct UnmeasuredSeed: Codable, Sendable, Hashable {
    /// How the cell of the seed ended.
    public enum State: String, Codable, Sendable, Hashable {
        /// It ran, but does not show whether the safeguard held.
        case finished
        /// It stopped with an error.
        case failed
        /// The attack cannot be used on this model.
        case inapplicable
        /// It was stopped before the end of its budget.
        case stopped
        /// It was not run.
        case missing
    }

    /// The seed, as a text.
    public var seed: String
    /// How its cell ended.
    public var state: State
    /// The reason, if it failed or did not apply, or ran and shows nothing.
    public var reason: String?
}

/// The costs of an adversary over its seeds.
public struct SeedCosts: Codable, Sendable, Hashable {
    /// For each quantity the least over all seeds. It is "broken" if at least one seed broke the
    /// safeguard; a seed that did not counts with its budget.
    public var least: CostFinding
    /// The median seed when all are sorted by cost.
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

/// A cost to break, or a budget that was not enough.
public struct CostFinding: Codable, Sendable, Hashable {
    /// Whether the amounts broke the safeguard, or are a budget that did not.
    public enum Outcome: String, Codable, Sendable, Hashable {
        /// The safeguard broke at these amounts.
        case broken
        /// The safeguard did not break within these amounts.
        case censored
    }

    /// The kind of outcome.
    public var outcome: Outcome
    /// Why it counts as not broken; nil where it broke.
    public var reason: String?
    /// The number of distinct examples.
    public var examples: DecimalText
    /// The number of steps of the attack.
    public var steps: DecimalText
    /// The number of floating point operations.
    public var floatingPointOperations: DecimalText
    /// US dollars of computation at the predicate's prices.
    public var dollars: DecimalText
}

/// The result of the battery.
public struct BatteryFinding: Codable, Sendable, Hashable {
    /// The adversary with the least typical cost. If none broke the safeguard, the one that spent
    /// most.
    public var adversary: String
    /// Its typical cost.
    public var typical: CostFinding
}
