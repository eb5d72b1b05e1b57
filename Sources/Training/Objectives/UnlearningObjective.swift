// SPDX-License-Identifier: Apache-2.0
// What is forgotten and what is retained, each with a loss of its own.

public import LanguageModels
public import Tensors

/// A loss of what is to be forgotten, and another of what is to be retained:
/// `forgetWeight * forget + retainWeight * retain`.
///
/// The first pool of a batch holds what is forgotten, all others what is retained. The gradient is
/// taken of each kind apart, so that a part of a batch never mixes them.
///
/// With a smoothness above 0 the gradient of what is forgotten is taken where the parameters
/// would be after a step of that length against it (SAM for unlearning, arXiv:2502.05374).
public struct UnlearningObjective: Objective {
    /// The loss of the first pool.
    public let forget: any Objective
    /// The loss of the other pools.
    public let retain: any Objective
    /// How much the first counts.
    public let forgetWeight: Float
    /// How much the second counts.
    public let retainWeight: Float
    /// How far the parameters are moved along the gradient of what is forgotten, as a norm.
    public let smoothness: Float
    /// The share of a batch's tokens that are in the first pool.
    private let share: Double

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - forget: The loss of the first pool.
    ///   - retain: The loss of the other pools.
    ///   - forgetWeight: How much the first counts.
    ///   - retainWeight: How much the second counts.
    ///   - smoothness: How far the parameters are moved along the gradient of what is forgotten;
    ///     0 leaves them.
    ///   - pools: What the training draws from, for what a step costs.
    public init(
        forget: any Objective, retain: any Objective = CompletionLoss(), forgetWeight: Float = 1,
        retainWeight: Float = 1, smoothness: Float = 0, pools: [ExamplePool]
    ) {
        self.forget = forget
        self.retain = retain
        self.forgetWeight = forgetWeight
        self.retainWeight = retainWeight
        self.smoothness = smoothness
        let tokens = pools.map(\.tokensPerBatch)
        let total = tokens.reduce(0, +)
        share = total > 0 ? (tokens.first ?? 0) / total : 1
    }

    /// The passes of each loss through its own pools; a smoothness doubles those of the first.
    public var passes: ObjectivePasses {
        let first = share * (smoothness > 0 ? 2 : 1)
        let (forgotten, retained) = (forget.passes, retain.passes)
        return ObjectivePasses(
            differentiated: first * forgotten.differentiated
                + (1 - share) * retained.differentiated,
            forward: first * forgotten.forward + (1 - share) * retained.forward)
    }

    /// Computes the weighted sum, without any smoothness.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples; the first pool is forgotten.
    /// - Returns: A scalar.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let (forgotten, retained) = batch.splitByFirstPool
        let first = try forget.loss(of: subject, on: forgotten) * forgetWeight
        guard !retained.examples.isEmpty else { return first }
        return first + (try retain.loss(of: subject, on: retained) * retainWeight)
    }

    /// Computes the weighted sum of both gradients.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples; the first pool is forgotten.
    ///   - reducer: How the gradient of each kind is summed up.
    /// - Returns: The loss at the point, and a gradient for each parameter.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let (forgotten, retained) = batch.splitByFirstPool
        var (value, gradients) = try forget.gradient(at: point, of: forgotten, by: reducer)
        if smoothness > 0 {
            let steps = unitVector(along: gradients)
            let moved = TrainingPoint(
                parameters: zip(point.parameters, steps).map { $0 + $1 * smoothness },
                trainable: point.trainable, model: point.model)
            gradients = try forget.gradient(at: moved, of: forgotten, by: reducer).gradients
        }
        value = value * forgetWeight
        gradients = gradients.map { $0 * forgetWeight }
        guard !retained.examples.isEmpty else { return (value, gradients) }
        let kept = try retain.gradient(at: point, of: retained, by: reducer)
        return (
            value + kept.value * retainWeight,
            zip(gradients, kept.gradients).map { $0 + $1 * retainWeight }
        )
    }

    /// Gradients scaled together to a global norm of 1; zeros stay zeros.
    private func unitVector(along gradients: [Tensor]) -> [Tensor] {
        let norm = clippedByGlobalNorm(gradients, maximum: 1).norm
        let divisor = Tensor.where(norm.equal(0), Tensor(1), norm)
        return gradients.map { $0 / divisor }
    }
}

extension TrainingBatch {
    /// The first pool as a batch of its own, and all others.
    fileprivate var splitByFirstPool: (first: TrainingBatch, rest: TrainingBatch) {
        (
            TrainingBatch(pools: Array(pools.prefix(1)), step: step),
            TrainingBatch(pools: Array(pools.dropFirst()), step: step)
        )
    }
}

extension ExamplePool {
    /// How many tokens a batch takes from here, on average.
    fileprivate var tokensPerBatch: Double {
        guard !examples.isEmpty else { return 0 }
        let tokens = examples.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        return Double(min(batchSize, examples.count)) * Double(tokens) / Double(examples.count)
    }
}
