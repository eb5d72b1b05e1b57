// SPDX-License-Identifier: Apache-2.0
// The input of an attack: the model, the data, the budget.

public import LanguageModels
public import Records
public import Suites

/// The target of an attack, and what the adversary has.
public struct AttackTarget: Sendable {
    /// The checkpoint under audit. It is a value and is not changed.
    public var model: LanguageModel
    /// The data that the adversary has access to.
    public var suite: Suite
    /// The checkpoint from which the model was made, if the adversary has it.
    public var base: LanguageModel?
    /// Data of another domain, if the adversary has some.
    public var otherSuite: Suite?
    /// The most that the adversary may spend.
    public var budget = AuditBudget()
    /// The findings of other attacks about ``model``; nil if that is a tampered model.
    package var findings: SharedFindings?
    /// How many examples of a step are computed at once, if memory is limited; nil means all.
    public var examplesAtOnce: Int?

    /// Makes a target without a base, with the attack's own budget.
    public init(model: LanguageModel, suite: Suite) {
        self.model = model
        self.suite = suite
    }
}
