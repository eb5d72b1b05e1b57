// SPDX-License-Identifier: Apache-2.0
// CTRAP: a model that is attacked collapses.

public import LanguageModels
public import Tensors

/// CTRAP (arXiv:2505.16559): the alignment loss, and a collapse that a harmful step sets off.
///
/// A step goes against grad L_align(w) + lambda grad L_collapse(w'), w' = w - a grad h(w), where
/// L_collapse is the mean negative log-likelihood of one fixed token at each place of an answer,
/// and h the harmful loss. How w' depends on w is left out, as in the released text. Pool 0 holds
/// harmful examples, pool 1 those on which the attacked model is to collapse, the others those of
/// L_align; pool 1 belongs to L_align, too.
public struct CollapseTrapObjective: Objective {
    /// The weight lambda of the collapse.
    public let weight: Float
    /// The learning rate a of the simulated step.
    public let rate: Float
    /// The token that a collapsed model gives.
    public let token: Int
    /// One pass through pool 0, two through pool 1, one through the others.
    public let passes: ObjectivePasses

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - weight: The weight lambda of the collapse.
    ///   - rate: The learning rate a of the simulated step.
    ///   - token: The token that a collapsed model gives.
    ///   - pools: What is learnt from: harmful examples, those of the collapse, then other ones of
    ///     the alignment loss.
    public init(weight: Float, rate: Float, token: Int, pools: [ExamplePool]) {
        (self.weight, self.rate, self.token) = (weight, rate, token)
        passes = ObjectivePasses(on: pools, differentiated: pools.indices.map { $0 == 1 ? 2 : 1 })
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

    /// Computes L_align(w) + lambda L_collapse(w'), and the direction above.
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
        let harmful = try point.gradient(of: batch.pool(0), by: reducer)
        let moved = ParameterVector(point.parameters) - harmful.gradient * rate
        let collapsed = try point.gradient(at: moved, of: batch.pool(1), by: reducer) {
            try collapse(of: $0, on: $1)
        }
        let aligned = try point.gradient(of: batch.pools(from: 1), by: reducer)
        let direction = aligned.gradient + collapsed.gradient * weight
        return (aligned.value + collapsed.value * weight, direction.tensors)
    }

    /// The mean negative log-likelihood of the fixed token where a token is predicted.
    package func collapse(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let all = try subject.model.forward(rows, edit: subject.edit).logProbabilities()
        return -all.slice(axis: -1, from: token, to: token + 1).mean()
    }
}
