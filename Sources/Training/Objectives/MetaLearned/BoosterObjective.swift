// SPDX-License-Identifier: Apache-2.0
// Booster: the descent of the harmful loss is made small.

public import LanguageModels
public import Tensors

/// Booster (arXiv:2409.01586): the alignment loss, and how far a normalised step of an attack gets.
///
/// With f the alignment loss, h the harmful loss and w' = w - a grad h(w) / ||grad h(w)||, a step
/// goes against grad f(w) + lambda (grad h(w) - grad h(w')). That is no gradient of a scalar: how
/// w' depends on w is left out, as published. Pool 0 holds harmful examples, the others those of f.
public struct BoosterObjective: Objective {
    /// The weight lambda of the second term.
    public let weight: Float
    /// The length a of the attack's step.
    public let reach: Float
    /// Three passes, two of them through pool 0 alone.
    public let passes: ObjectivePasses

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - weight: The weight lambda of the second term.
    ///   - reach: The length a of the attack's step.
    ///   - pools: What is learnt from: harmful examples, then those of the alignment loss.
    public init(weight: Float, reach: Float, pools: [ExamplePool]) {
        (self.weight, self.reach) = (weight, reach)
        passes = ObjectivePasses(on: pools, differentiated: pools.indices.map { $0 == 0 ? 2 : 1 })
    }

    /// Computes the alignment loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try CompletionLoss().loss(of: subject, on: batch.pools(from: 1))
    }

    /// Computes f(w) + lambda (h(w) - h(w')), and the direction above.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    /// - Returns: The loss, and a direction for each parameter.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let harmful = batch.pool(0)
        let before = try point.gradient(of: harmful, by: reducer)
        let moved = ParameterVector(point.parameters) - before.gradient.normalised * reach
        let after = try point.gradient(at: moved, of: harmful, by: reducer)
        let aligned = try point.gradient(of: batch.pools(from: 1), by: reducer)
        let direction = aligned.gradient + (before.gradient - after.gradient) * weight
        return (aligned.value + (before.value - after.value) * weight, direction.tensors)
    }
}
