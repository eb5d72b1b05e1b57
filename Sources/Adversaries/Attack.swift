// SPDX-License-Identifier: Apache-2.0
// The protocol of attacks: published ways of tampering, whose models are only measured.

internal import LanguageModels
public import Records
internal import Suites
public import Training

/// A published way of tampering with a model.
///
/// An attack is a configuration: `Codable` with defaults for every field, so that an adversary is
/// data. It never returns a model. It passes a ``TamperedModel`` to its observer at the points of
/// its trace, and drops it.
public protocol Attack: Configurable {
    /// The entry that `temper attacks` prints.
    static var entry: AttackEntry { get }

    /// Whether different seeds give different results; if not, one seed is run.
    static var dependsOnSeed: Bool { get }

    /// Whether the attack needs the checkpoint from which the model was made.
    var needsBase: Bool { get }

    /// The splits of restricted prompts from whose compliant answers the attack learns.
    var learntSplits: [SuiteSplit] { get }

    /// What the attack learns from, and what its learning changes.
    var learning: Learning { get }

    /// Whether the attack needs a second suite, of another domain.
    var needsOtherSuite: Bool { get }

    /// Returns the steps that the attack takes within a budget. Progress is counted in them.
    func steps(within budget: AuditBudget) -> Int

    /// Returns the memory that the attack needs at once, and how much it reads. A plan uses it to
    /// estimate the time and memory of an audit, and to cut batches to fit.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The seed of the drawn examples.
    /// - Returns: The extent.
    /// - Throws: Errors of the model's template; `InputError` for missing data.
    func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent

    /// Tampers with a copy of the target's model and passes it to `observer` at the points of the
    /// trace.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - meter: Counts the adversary's costs.
    ///   - observer: Measures the model, and decides whether to go on.
    /// - Throws: Errors of the engine, the model and the observer; `CancellationError`.
    func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver) throws
}

extension Attack {
    /// Most attacks need only the model.
    public var needsBase: Bool { false }

    /// Returns the extent of an attack that edits weights, as most attacks do, and puts nothing
    /// around prompts.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: Not needed.
    /// - Returns: The measured prompts, and one copy of the weights.
    /// - Throws: Errors of the model's template.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        AttackExtent(promptTokens: try target.extent(under: [Framing()]).promptTokens)
    }

    /// Most attacks learn from prompts, or from nothing.
    public var learntSplits: [SuiteSplit] { [] }

    /// Most attacks learn nothing.
    public var learning: Learning { .none }

    /// Most attacks need only one suite.
    public var needsOtherSuite: Bool { false }
}

/// The entry of an attack that `temper attacks` prints.
public struct AttackEntry: Sendable {
    /// The name by which adversaries refer to it.
    public let name: String
    /// One sentence.
    public let summary: String
    /// Where it was published.
    public let source: String
    /// The deviations of this implementation from its source, or an empty text.
    public let deviations: String

    /// Makes the entry of an attack.
    ///
    /// - Parameters:
    ///   - name: The name by which adversaries refer to it.
    ///   - summary: One sentence.
    ///   - source: Where it was published.
    ///   - deviations: The deviations of this implementation from its source.
    public init(name: String, summary: String, source: String, deviations: String = "") {
        self.name = name
        self.summary = summary
        self.source = source
        self.deviations = deviations
    }
}
