// SPDX-License-Identifier: Apache-2.0
// Distillation: the predictions of a teacher on completions that are given.

public import LanguageModels
public import Tensors

/// The mean divergence KL(teacher || model) of the predictions of the completions' tokens, in nats:
/// distillation (arXiv:1503.02531) with a temperature of 1.
public struct TeacherDivergence: Objective {
    /// The model whose predictions are the truth.
    public let teacher: LanguageModel

    /// Makes an objective.
    ///
    /// - Parameter teacher: The model whose predictions are the truth; it has the vocabulary of the
    ///   model that is trained.
    public init(teacher: LanguageModel) {
        self.teacher = teacher
    }

    /// One pass, and one of the teacher.
    public var passes: ObjectivePasses { ObjectivePasses(differentiated: 1, forward: 1) }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, 0 or more, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let found = try subject.model.forward(rows, edit: subject.edit).logProbabilities()
        let truth = try teacher.forward(rows).logProbabilities().stopGradient()
        return (truth.exp() * (truth - found)).sum(axis: -1).mean()
    }
}
