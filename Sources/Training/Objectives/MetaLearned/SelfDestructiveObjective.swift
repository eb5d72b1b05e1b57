// SPDX-License-Identifier: Apache-2.0
// SEAM: harmful steps are made to hurt benign skills.

public import LanguageModels
public import Tensors

/// SEAM (arXiv:2505.12186): unlearning, refusing, and gradients that oppose each other.
///
/// The loss is L_ul + alpha L_up + beta cos(g_a, g_b): L_ul = -log(1 + CE of the harmful answers,
/// as the mean over the head's readings of the stream in front of each layer and behind the last),
/// L_up = CE of the refusals, g_a and g_b the gradients of the harmful and of the benign CE. The
/// cosine's gradient is estimated without a Hessian: with hats for vectors of length 1 and c the
/// cosine,
///
///     [g_a(w + e (^g_b - c ^g_a)) - g_a(w)] / (e ||g_a||)
///         + [g_b(w + e (^g_a - c ^g_b)) - g_b(w)] / (e ||g_b||)
///
/// Pool 0 holds harmful examples, pool 1 refusals, the others benign examples.
public struct SelfDestructiveObjective: Objective {
    /// How long the moves w + e v of the estimate are.
    public enum Probe: String, Codable, Sendable, CaseIterable {
        /// e is the given number: the move is short where the gradients are nearly parallel.
        case published
        /// e is the given number times ||w|| / ||v||: the move is always that share of the weights.
        case relative
    }

    /// The weight alpha of the refusals.
    public let refusalWeight: Float
    /// The weight beta of the cosine.
    public let cosineWeight: Float
    /// The number e.
    public let epsilon: Float
    /// What e is in units of.
    public let probe: Probe
    /// Three passes through pool 0, one through pool 1, two through the others.
    public let passes: ObjectivePasses

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - refusalWeight: The weight alpha of the refusals.
    ///   - cosineWeight: The weight beta of the cosine.
    ///   - epsilon: The number e.
    ///   - probe: What e is in units of.
    ///   - pools: What is learnt from: harmful examples, refusals, benign examples.
    public init(
        refusalWeight: Float, cosineWeight: Float, epsilon: Float, probe: Probe,
        pools: [ExamplePool]
    ) {
        (self.refusalWeight, self.cosineWeight) = (refusalWeight, cosineWeight)
        (self.epsilon, self.probe) = (epsilon, probe)
        passes = ObjectivePasses(
            on: pools, differentiated: pools.indices.map { $0 == 0 ? 3 : $0 == 1 ? 1 : 2 })
    }

    /// Computes L_ul + alpha L_up.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try unlearning(subject, on: batch.pool(0))
            + CompletionLoss().loss(of: subject, on: batch.pool(1)) * refusalWeight
    }

    /// Computes the whole loss and the estimate of its gradient.
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
        let unlearnt = try point.gradient(of: batch.pool(0), by: reducer) {
            try unlearning($0, on: $1)
        }
        let refused = try point.gradient(of: batch.pool(1), by: reducer)
        let opposed = try cosine(
            at: point, between: batch.pool(0), and: batch.pools(from: 2), by: reducer)
        let direction =
            unlearnt.gradient + refused.gradient * refusalWeight
            + opposed.gradient * cosineWeight
        let value =
            unlearnt.value + refused.value * refusalWeight + opposed.value * cosineWeight
        return (value, direction.tensors)
    }

    /// The cosine between two gradients, and the estimate of its own gradient.
    package func cosine(
        at point: TrainingPoint, between harmful: TrainingBatch, and benign: TrainingBatch,
        by reducer: any Reducer
    ) throws -> (value: Tensor, gradient: ParameterVector) {
        let one = try point.gradient(of: harmful, by: reducer).gradient
        let other = try point.gradient(of: benign, by: reducer).gradient
        let cosine = one.normalised.dot(other.normalised)
        func term(
            _ own: ParameterVector, _ toward: ParameterVector, _ batch: TrainingBatch
        ) throws -> ParameterVector {
            let move = toward.normalised - own.normalised * cosine
            let length = length(of: move, from: point.parameters)
            let moved = ParameterVector(point.parameters) + move * length
            let there = try point.gradient(at: moved, of: batch, by: reducer).gradient
            return (there - own) * (length * own.norm).reciprocal()
        }
        return (cosine, try term(one, other, harmful) + term(other, one, benign))
    }

    private func length(of move: ParameterVector, from parameters: [Tensor]) -> Tensor {
        switch probe {
        case .published: Tensor(epsilon)
        case .relative:
            // Where the gradients are parallel the cosine has no slope, and any length will do.
            ParameterVector(parameters).norm / move.norm.maximum(1e-6) * epsilon
        }
    }

    /// -log(1 + CE), with the head's readings of all streams.
    package func unlearning(_ subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let pass = try subject.model.forward(rows, edit: subject.edit)
        let losses = try pass.streams.indices.map { try pass.losses(behind: $0).mean() }
        return -Tensor.stacked(losses).mean().logOnePlus()
    }
}
