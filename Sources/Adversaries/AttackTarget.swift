// SPDX-License-Identifier: Apache-2.0
// What an attack is given: the model, the data, the budget.

public import LanguageModels
public import Suites

/// What is attacked, and what the adversary has.
public struct AttackTarget: Sendable {
    /// The checkpoint under audit; a value, which stays as it is.
    public var model: LanguageModel
    /// The data that the adversary has access to.
    public var suite: Suite
    /// The checkpoint that the model was made from, when the adversary has it.
    public var base: LanguageModel?
    /// Data of another domain, when the adversary has some.
    public var otherSuite: Suite?
    /// What the adversary may spend at most.
    public var budget = AttackBudget()
    /// What other attacks have found out about ``model``; nil where that is a tampered one.
    package var findings: SharedFindings?
    /// How many examples of a step are computed at once, where memory is bounded; nil means all.
    public var examplesAtOnce: Int?

    /// A target whose base the adversary does not have, at the attack's own budget.
    public init(model: LanguageModel, suite: Suite) {
        self.model = model
        self.suite = suite
    }
}

/// What an adversary may spend at most.
public struct AttackBudget: Sendable, Hashable {
    /// Optimizer steps; nil leaves it to the adversary's own configuration.
    public var steps: Int?

    /// A budget of at most `steps` optimizer steps.
    public init(steps: Int? = nil) {
        self.steps = steps
    }
}
