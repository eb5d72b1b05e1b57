// SPDX-License-Identifier: Apache-2.0
// What an attack is: a published way of tampering that offers its model to be measured.

internal import LanguageModels
public import Records
internal import Suites
public import Training

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

    /// What the attack learns from, and what its learning changes.
    var learning: Learning { get }

    /// Whether the attack needs a second suite, of another domain.
    var needsOtherSuite: Bool { get }

    /// Returns the steps that the attack takes within a budget; progress is counted in them.
    func steps(within budget: AuditBudget) -> Int

    /// Returns what the attack puts into memory at once, and how much it reads. A plan says by it
    /// how long an audit takes and how much memory, and cuts batches to fit.
    ///
    /// - Parameters:
    ///   - target: What is attacked, and what the adversary has.
    ///   - seed: Decides which examples are drawn.
    /// - Returns: The extent.
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent

    /// Tampers with a copy of the target's model and offers it to `observer` at the points of the
    /// trace.
    ///
    /// - Parameters:
    ///   - target: What is attacked, and what the adversary has.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - meter: Counts what the adversary pays.
    ///   - observer: Measures; says whether to go on.
    /// - Throws: Errors of the engine, the model and the observer; `CancellationError`.
    func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver) throws
}

extension Attack {
    /// Most attacks need nothing but the model.
    public var needsBase: Bool { false }

    /// Most attacks edit weights, and put nothing around prompts.
    ///
    /// - Parameters:
    ///   - target: What is attacked, and what the adversary has.
    ///   - seed: Not needed.
    /// - Returns: The prompts that are measured, and one copy of the weights.
    /// - Throws: Errors of the model's template.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        AttackExtent(promptTokens: try target.extent(under: [Framing()]).promptTokens)
    }

    /// Most attacks learn from prompts, or from nothing.
    public var learntSplits: [SuiteSplit] { [] }

    /// Most attacks learn nothing.
    public var learning: Learning { .none }

    /// Most attacks need no more than the suite.
    public var needsOtherSuite: Bool { false }
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

    /// Describes an attack.
    ///
    /// - Parameters:
    ///   - name: The name by which adversaries refer to it.
    ///   - summary: One sentence.
    ///   - source: Where it was published.
    ///   - deviations: How this implementation departs from its source.
    public init(name: String, summary: String, source: String, deviations: String = "") {
        self.name = name
        self.summary = summary
        self.source = source
        self.deviations = deviations
    }
}
