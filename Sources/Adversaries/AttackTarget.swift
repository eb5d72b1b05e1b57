// SPDX-License-Identifier: Apache-2.0
// What an attack is given: the model, the data, the budget.

public import LanguageModels
public import Records
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
    public var budget = AuditBudget()
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
