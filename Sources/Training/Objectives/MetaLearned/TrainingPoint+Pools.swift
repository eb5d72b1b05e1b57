// SPDX-License-Identifier: Apache-2.0
// Gradients of some pools of a batch, at parameters of one's choice.

internal import LanguageModels
internal import Tensors

extension TrainingBatch {
    /// A batch of one pool.
    func pool(_ index: Int) -> TrainingBatch { TrainingBatch(pools: [pools[index]], step: step) }

    /// A batch of the pools from one on.
    func pools(from index: Int) -> TrainingBatch {
        TrainingBatch(pools: Array(pools.dropFirst(index)), step: step)
    }
}

extension TrainingPoint {
    /// Computes a mean over predicted tokens and its gradient.
    ///
    /// - Parameters:
    ///   - parameters: Where to differentiate; nil means at the point.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    ///   - loss: The loss of some examples; nil is the mean negative log-likelihood.
    /// - Returns: The loss and its gradient.
    /// - Throws: What `loss` throws, and errors of the engine.
    func gradient(
        at parameters: ParameterVector? = nil, of batch: TrainingBatch, by reducer: any Reducer,
        loss: ((Subject, TrainingBatch) throws -> Tensor)? = nil
    ) throws -> (value: Tensor, gradient: ParameterVector) {
        let objective = CompletionLoss()
        let (value, gradients) = try reducer.gradient(
            at: parameters?.tensors ?? self.parameters, of: batch, weight: objective.weight
        ) { parameters, part in
            let subject = try subject(parameters)
            return try loss?(subject, part) ?? objective.loss(of: subject, on: part)
        }
        return (value, ParameterVector(gradients))
    }
}
