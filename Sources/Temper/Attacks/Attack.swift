// SPDX-License-Identifier: Apache-2.0
// What an attack is: a published way of tampering that offers its model to be measured.

public import LanguageModels
public import Records

/// A published way of tampering with a model.
///
/// An attack is a configuration: `Codable` with defaults for every field, so that an adversary is
/// data. It never returns a model. It offers a ``TamperedModel`` to its observer at the points of
/// its trace, and drops it.
public protocol Attack: Configurable {
    /// What `temper attacks` prints.
    static var entry: AttackEntry { get }

    /// Whether different seeds give different results; if not, one seed is run.
    static var dependsOnSeed: Bool { get }

    /// Whether the attack needs the checkpoint that the model was made from.
    var needsBase: Bool { get }

    /// The splits whose compliant answers to restricted prompts the attack learns from.
    var learntSplits: [SuiteSplit] { get }

    /// Whether the attack learns from benign data alone, as an honest user does.
    var isBenign: Bool { get }

    /// Whether the attack learns from a second suite, of another domain.
    var needsOtherSuite: Bool { get }

    /// The steps that the attack takes within a budget; progress is counted in them.
    func steps(within budget: AttackBudget) -> Int

    /// Roughly how many prompts the attack reads with their answers, apart from those that measure
    /// it; one that is learnt from counts as three. A plan says by it how long an audit takes.
    func passes(within budget: AttackBudget, suite: Suite) -> Int

    /// What the attack puts into memory at once. A plan says by it how much an audit takes, and cuts
    /// batches to fit.
    /// - Throws: errors of the model's template, ``AdversaryError`` for data that are missing.
    func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent

    /// Tampers with a copy of the target's model and offers it to `observer` at the points of the
    /// trace.
    ///
    /// - Parameters:
    ///   - target: what is attacked, and what the adversary has.
    ///   - seed: the same seed gives the same bits on the same machine.
    ///   - meter: counts what the adversary pays.
    ///   - observer: measures; says whether to go on.
    /// - Throws: errors of the engine, the model and the observer; `CancellationError`.
    func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver) throws
}

extension Attack {
    /// Most attacks need nothing but the model.
    public var needsBase: Bool { false }
    /// Edits of weights read nothing.
    public func passes(within budget: AttackBudget, suite: Suite) -> Int { 0 }

    /// Most attacks edit weights, and put nothing around prompts.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        AttackExtent(promptTokens: try target.extent(under: [Framing()]).promptTokens)
    }

    /// Most attacks learn from prompts, or from nothing.
    public var learntSplits: [SuiteSplit] { [] }

    /// Most attacks mean harm.
    public var isBenign: Bool { false }

    /// Most attacks need no more than the suite.
    public var needsOtherSuite: Bool { false }
}

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
    var findings: SharedFindings?
    /// How many examples of a step are computed at once, where memory is bounded; nil means all.
    var examplesAtOnce: Int?

    /// A target whose base the adversary does not have, at the attack's own budget.
    public init(model: LanguageModel, suite: Suite) {
        self.model = model
        self.suite = suite
    }
}

/// What `temper attacks` prints of an attack.
public struct AttackEntry: Sendable {
    /// The name by which adversaries refer to it.
    public let name: String
    /// One sentence.
    public let summary: String
    /// Where it was published.
    public let source: String
    /// How this implementation departs from its source; empty when it does not.
    public let deviations: String
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

/// Sees an attack at work and measures what it offers.
public protocol AttackObserver {
    /// What an earlier run of the same audit decided at this step, or nil when the step is still to
    /// be measured. An attack replayed after a kill need not offer its model there again.
    func decision(at step: Int) -> Bool?

    /// Measures a tampered model.
    /// - Parameters:
    ///   - model: the model as it is after `step` steps.
    ///   - step: the step.
    ///   - cost: what the adversary has paid so far.
    ///   - loss: the mean training loss of the steps since the last offer, in nats a token, where
    ///     the attack trains on examples.
    /// - Returns: whether the attack should go on.
    /// - Throws: errors of the engine, the model and the store.
    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool

    /// Tells that the attack has taken a step.
    /// - Throws: `CancellationError` when the audit is to end.
    func advanced(to step: Int, note: String) throws
}

extension AttackObserver {
    /// Measures a model of an attack that has no training loss to tell.
    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost
    ) throws -> Bool {
        try observe(model, step: step, cost: cost, loss: nil)
    }
}

/// A model after tampering: it can be measured and dropped.
///
/// Nothing takes it apart: its weights cannot be reached from outside the package, and no writer
/// accepts it.
public struct TamperedModel: ~Copyable {
    package let model: LanguageModel
    /// What stands around the prompts that it is measured with.
    package let framing: Framing
    /// What changes its residual stream wherever it is measured.
    package let edit: ResidualEdit?
    /// Whether weights and stream are those of the checkpoint under audit.
    package let computesAsOriginal: Bool

    /// A model whose weights, or whose residual stream, were tampered with.
    package init(
        _ model: LanguageModel, framing: Framing = Framing(), edit: ResidualEdit? = nil
    ) {
        self.model = model
        self.framing = framing
        self.edit = edit
        computesAsOriginal = false
    }

    /// The model under audit, its weights and its stream as they are.
    package init(untouched model: LanguageModel, framing: Framing = Framing()) {
        self.model = model
        self.framing = framing
        edit = nil
        computesAsOriginal = true
    }
}

/// An adversary that cannot be run as it is written.
public struct AdversaryError: Error, Sendable, CustomStringConvertible {
    /// The adversary and the field, or the battery's file.
    public let place: String
    /// What was wrong and what to do about it.
    public let problem: String

    /// One line.
    public var description: String { "\(place): \(problem)" }
}
