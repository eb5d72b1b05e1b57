// SPDX-License-Identifier: Apache-2.0
// One optimizer step as a pure function.

public import LanguageModels
public import Tensors

/// What a training carries from one step to the next.
public struct TrainingState: Sendable {
    /// The steps taken so far.
    public var step: Int
    /// The parameters.
    public var parameters: [Tensor]
    /// The optimizer with what it carries.
    public var optimizer: any Optimizer

    /// Makes a state.
    ///
    /// - Parameters:
    ///   - step: The steps taken so far.
    ///   - parameters: The parameters.
    ///   - optimizer: The optimizer with what it carries.
    public init(step: Int = 0, parameters: [Tensor], optimizer: any Optimizer) {
        self.step = step
        self.parameters = parameters
        self.optimizer = optimizer
    }

    /// Every tensor of the state.
    var tensors: [Tensor] { parameters + optimizer.state }
}

/// One optimizer step: a pure function of a state and a batch.
///
/// It builds a graph and computes nothing, unless its reducer does. So steps can be unrolled, and
/// differentiated through.
public struct TrainingStep: Sendable {
    /// The model that is trained.
    public var model: LanguageModel
    /// Which of its numbers are trained.
    public var trainable: Trainable
    /// What is minimised.
    public var objective: any Objective
    /// The learning rate of each step, counted from 0.
    public var learningRate: @Sendable (Int) -> Float
    /// Gradients are scaled down to this global norm; nil leaves them as they are.
    public var gradientNorm: Float?
    /// How the gradient of a batch is summed up.
    public var reducer: any Reducer = WholeBatch()

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - state: The state before the step.
    ///   - batch: The examples.
    /// - Returns: The state after the step, and the loss before it; neither is evaluated yet.
    /// - Throws: Errors of the model and the objective.
    public func callAsFunction(
        _ state: TrainingState, on batch: TrainingBatch
    ) throws -> (state: TrainingState, loss: Tensor) {
        let point = TrainingPoint(parameters: state.parameters, trainable: trainable, model: model)
        let (loss, gradients) = try objective.gradient(at: point, of: batch, by: reducer)
        let bounded =
            gradientNorm.map { clippedByGlobalNorm(gradients, maximum: $0).gradients } ?? gradients
        var next = state
        next.parameters = next.optimizer.update(
            state.parameters, gradients: bounded, learningRate: learningRate(state.step))
        next.step += 1
        return (next, loss)
    }
}
