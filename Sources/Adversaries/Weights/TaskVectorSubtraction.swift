// SPDX-License-Identifier: Apache-2.0
// Task vector subtraction: removes what training added to the base.

public import Records
public import Training

/// Subtracts the task vector of everything that the model has learnt since its base, including its
/// safeguard: W - scale (W - W_b) (arXiv:2212.04089).
public struct TaskVectorSubtraction: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "task-vector-subtraction",
        summary: "The difference between the model and its base, subtracted from the model.",
        source: "arXiv:2212.04089",
        deviations: """
            Subtracted from the model rather than from its base: scale 1 gives the base, and \
            scale 1 + c the published negation with coefficient c. The task vector is that of all \
            training since the base, not of the safeguard alone. Mathematically this is \
            weight-interpolation with lambda = 1 - scale, with another range.
            """)

    /// The edit is the same for every seed.
    public static let dependsOnSeed = false

    /// The task vector is a difference from the base.
    public var needsBase: Bool { true }

    /// The share of the task vector that is subtracted, 0 to 2: 0 does not change the model, 1
    /// gives the base.
    public var scale = 1.0

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("scale", scale, in: 0...2)
    }

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Subtracts the task vector and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        try tamperAlongLine(
            with: target, lambda: 1 - scale, note: "scale \(scale)", meter: &meter,
            observer: &observer)
    }
}
