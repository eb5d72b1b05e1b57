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
}

/// How often an objective goes through a model for each token of a batch.
public struct ObjectivePasses: Sendable, Hashable {
    /// Forward passes that the gradient goes back through.
    public var differentiated: Int
    /// Forward passes without a gradient, such as those of a reference model.
    public var forward: Int

    /// Counts passes.
    ///
    /// - Parameters:
    ///   - differentiated: Forward passes that the gradient goes back through.
    ///   - forward: Forward passes without a gradient.
    public init(differentiated: Int = 1, forward: Int = 0) {
        self.differentiated = differentiated
        self.forward = forward
    }
}

extension Objective {
    /// One forward and one backward pass.
    public var passes: ObjectivePasses { ObjectivePasses() }

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
