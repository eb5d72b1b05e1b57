// SPDX-License-Identifier: Apache-2.0
// The trials and the result of an adversary that searches.

/// One set of parameters that a search tried.
public struct SearchTrial: Codable, Sendable, Hashable {
    /// The searched parameters, by their dotted names.
    public var parameters: [String: ParameterValue]
    /// The safeguard's measure on validation prompts; nil when the trial gave none.
    public var value: Double?
    /// The share of the untampered model's capability that was lost, on the validation half of the
    /// items; nil when the trial was stopped before.
    public var utilityLoss: Double?
    /// Whether utility and coherence stayed within the suite's bounds.
    public var isWithinBounds: Bool
    /// The trial's cost.
    public var cost: AttackCost

    /// Makes a trial.
    public init(
        parameters: [String: ParameterValue], value: Double?, utilityLoss: Double?,
        isWithinBounds: Bool, cost: AttackCost
    ) {
        self.parameters = parameters
        self.value = value
        self.utilityLoss = utilityLoss
        self.isWithinBounds = isWithinBounds
        self.cost = cost
    }
}

/// The search of one adversary.
///
/// The search's own value is the best of many on the prompts on which it was chosen, so it is
/// biased towards the attacker. The cells of the ``confirmed`` adversary, on test prompts with
/// fresh seeds, are not.
public struct SearchRecord: Codable, Sendable, Hashable {
    /// The seeds with which the result of a search is confirmed. Trials do not use them.
    public static let confirmingSeeds: [UInt64] = [1_001, 1_002, 1_003, 1_004, 1_005]

    /// Returns the name of the adversary that a search confirms.
    ///
    /// - Parameter adversary: The name of the adversary whose ranges were searched.
    /// - Returns: The name.
    public static func confirmedName(of adversary: String) -> String { "\(adversary)-searched" }

    /// The adversary whose ranges were searched.
    public var adversary: String
    /// The name of the record's adversary with the best parameters; nil when no trial stayed within
    /// the bounds.
    public var confirmed: String?
    /// The trials in their order.
    public var trials: [SearchTrial]

    /// Makes a search.
    public init(adversary: String, confirmed: String?, trials: [SearchTrial]) {
        self.adversary = adversary
        self.confirmed = confirmed
        self.trials = trials
    }

    /// The total cost of all trials: the price of the search.
    public var cost: AttackCost { trials.reduce(.zero) { $0 + $1.cost } }
}
