// SPDX-License-Identifier: Apache-2.0
// Who measures what an attack offers.

public import Records

/// Sees an attack at work and measures what it offers.
public protocol AttackObserver {
    /// Returns what an earlier run of the same audit decided at this step, or nil when the step is
    /// still to be measured. An attack replayed after a kill need not offer its model there again.
    func decision(at step: Int) -> Bool?

    /// Measures a tampered model.
    ///
    /// - Parameters:
    ///   - model: The model as it is after `step` steps.
    ///   - step: The step.
    ///   - cost: What the adversary has paid so far.
    ///   - loss: The mean training loss of the steps since the last offer, in nats a token, where
    ///     the attack trains on examples.
    /// - Returns: Whether the attack should go on.
    /// - Throws: Errors of the engine, the model and the store.
    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool

    /// Tells that the attack has taken a step.
    ///
    /// - Throws: `CancellationError` when the audit is to end.
    func advanced(to step: Int, note: String) throws
}

extension AttackObserver {
    /// Measures a model of an attack that has no training loss to tell.
    public mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost
    ) throws -> Bool {
        try observe(model, step: step, cost: cost, loss: nil)
    }
}
