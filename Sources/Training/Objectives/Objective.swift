// SPDX-License-Identifier: Apache-2.0
// What a training minimises.

public import LanguageModels
public import Tensors

/// What a training minimises, as a function of a model and a batch.
public protocol Objective: Sendable {
    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, not evaluated yet. Its gradients can be differentiated again.
    /// - Throws: Errors of the model.
    func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor

    /// Says how much a part of a batch weighs in the loss of the whole: the loss of the batch is
    /// the sum of its parts' losses, each times its weight.
    ///
    /// - Parameters:
    ///   - part: Some of the examples.
    ///   - batch: All of them.
    /// - Returns: The weight, 0 to 1.
    func weight(of part: TrainingBatch, in batch: TrainingBatch) -> Float

    /// What computing the loss and its gradient takes.
    var passes: ObjectivePasses { get }

    /// Computes the loss and the direction that a step goes against.
    ///
    /// For most objectives that is the gradient of ``loss(of:on:)``. Those that look ahead, along an
    /// attack or along a step of their own, make it of several gradients.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    /// - Returns: The loss, and a gradient for each parameter; neither is evaluated yet, unless the
    ///   reducer does so or the objective says so.
    /// - Throws: Errors of the model.
    func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor])
}

/// Where a training is: its parameters, and what they are parameters of.
public struct TrainingPoint: Sendable {
    /// The parameters.
    public let parameters: [Tensor]
    /// Which numbers they are.
    public let trainable: Trainable
    /// The model that is trained, as it was at the start.
    public let model: LanguageModel

    /// Makes the subject that parameters stand for.
    ///
    /// - Parameter parameters: Tensors in the order and shapes of ``parameters``.
    /// - Returns: The model; adapters are not merged into its weights.
    /// - Throws: `InputError` for parameters of another number or shape.
    public func subject(_ parameters: [Tensor]) throws -> Subject {
        try trainable.subject(parameters, on: model)
    }

    /// Computes an objective and its gradient.
    ///
    /// - Parameters:
    ///   - parameters: Where to differentiate; nil means at ``parameters``.
    ///   - loss: What is differentiated.
    /// - Returns: The loss and a gradient for each parameter; neither is evaluated yet.
    /// - Throws: What `loss` throws, and errors of the engine.
    public func gradient(
        at parameters: [Tensor]? = nil, of loss: (Subject) throws -> Tensor
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        try valueAndGradient(at: parameters ?? self.parameters) { try loss(subject($0)) }
    }
}

/// How often an objective goes through a model for each token of a batch.
///
/// An objective that has examples of its own, or uses a part of the batch, counts them as a share of
/// the batch.
public struct ObjectivePasses: Sendable, Hashable {
    /// Forward passes that the gradient goes back through.
    public var differentiated: Double
    /// Forward passes without a gradient, such as those of a reference model.
    public var forward: Double

    /// Counts passes.
    ///
    /// - Parameters:
    ///   - differentiated: Forward passes that the gradient goes back through.
    ///   - forward: Forward passes without a gradient.
    public init(differentiated: Double = 1, forward: Double = 0) {
        self.differentiated = differentiated
        self.forward = forward
    }
}

extension Objective {
    /// One forward and one backward pass.
    public var passes: ObjectivePasses { ObjectivePasses() }

    /// The gradient of the loss.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    /// - Returns: The loss and a gradient for each parameter.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        try reducer.gradient(at: point.parameters, of: batch, weight: weight) { parameters, batch in
            try loss(of: point.subject(parameters), on: batch)
        }
    }

    /// The share of the predicted tokens, which is right for a mean over them.
    ///
    /// - Parameters:
    ///   - part: Some of the examples.
    ///   - batch: All of them.
    /// - Returns: The weight, 0 to 1.
    public func weight(of part: TrainingBatch, in batch: TrainingBatch) -> Float {
        Float(part.targetCount) / Float(batch.targetCount)
    }
}
