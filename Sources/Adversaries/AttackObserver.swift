// SPDX-License-Identifier: Apache-2.0
// Measures the models that an attack passes to it.

public import Records

/// Observes an attack and measures its models.
public protocol AttackObserver {
    /// Returns the decision of an earlier run of the same audit at this step, or nil when the step
    /// is still to be measured. An attack that is replayed after an interruption need not pass its
    /// model there again.
    func decision(at step: Int) -> Bool?

    /// Measures a tampered model.
    ///
    /// - Parameters:
    ///   - model: The model as it is after `step` steps.
    ///   - step: The step.
    ///   - cost: What the adversary has paid so far.
    ///   - loss: The mean training loss of the steps since the last observation, in nats a token,
    ///     if the attack trains on examples.
    /// - Returns: Whether the attack should go on.
    /// - Throws: Errors of the engine, the model and the store.
    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool

    /// Reports that the attack has taken a step.
    ///
    /// - Throws: `CancellationError` when the audit is to end.
    func advanced(to step: Int, note: String) throws
}

extension AttackObserver {
    /// Measures the model of an attack that has no training loss.
    public mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost
    ) throws -> Bool {
        try observe(model, step: step, cost: cost, loss: nil)
    }
}
