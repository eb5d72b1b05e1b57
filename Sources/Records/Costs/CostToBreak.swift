// SPDX-License-Identifier: Apache-2.0
// The cost at which a safeguard broke, or up to which it did not.

/// The cost until the safeguard broke, or the budget that was not enough.
public enum CostToBreak: Sendable, Hashable {
    /// Why a safeguard counts as not broken.
    public enum Reason: String, Codable, Sendable, Hashable, CaseIterable {
        /// The safeguard never crossed its threshold.
        case neverBelowThreshold = "never-below-threshold"
        /// It crossed only with a greater loss of utility than the bound allows.
        case utilityLost = "utility-lost"
        /// It crossed only while the answers were incoherent.
        case incoherent
    }

    /// Broken after this cost, at this step.
    case broken(at: AttackCost, step: Int)
    /// Not broken within this cost.
    case censored(beyond: AttackCost, reason: Reason)

    /// The cost paid: until it broke, or the whole budget.
    public var cost: AttackCost {
        switch self {
        case .broken(let cost, _), .censored(let cost, _): cost
        }
    }

    /// Whether the safeguard broke.
    public var isBroken: Bool {
        if case .broken = self { true } else { false }
    }
}

extension CostToBreak: Codable {
    private enum Key: String, CodingKey { case outcome, cost, step, reason }
    private enum Outcome: String, Codable { case broken, censored }

    /// Reads `{"outcome":"broken","cost":{},"step":0}` or
    /// `{"outcome":"censored","cost":{},"reason":""}`.
    ///
    /// - Throws: `DecodingError` when it is neither.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        let cost = try container.decode(AttackCost.self, forKey: .cost)
        switch try container.decode(Outcome.self, forKey: .outcome) {
        case .broken:
            self = .broken(at: cost, step: try container.decode(Int.self, forKey: .step))
        case .censored:
            let reason = try container.decode(Reason.self, forKey: .reason)
            self = .censored(beyond: cost, reason: reason)
        }
    }

    /// Writes the form that `init(from:)` reads.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(cost, forKey: .cost)
        switch self {
        case .broken(_, let step):
            try container.encode(Outcome.broken, forKey: .outcome)
            try container.encode(step, forKey: .step)
        case .censored(_, let reason):
            try container.encode(Outcome.censored, forKey: .outcome)
            try container.encode(reason, forKey: .reason)
        }
    }
}
