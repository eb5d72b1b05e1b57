// SPDX-License-Identifier: Apache-2.0
// Gradient ascent on answers that are to be forgotten.

public import LanguageModels
public import Tensors

/// Minus the mean negative log-likelihood of the completions' tokens, in nats: gradient ascent on
/// answers (arXiv:2210.01504).
///
/// It has no lower bound, so that a training that goes on diverges.
public struct AnswerAscent: Objective {
    /// An objective without settings.
    public init() {}

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, 0 or less, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try CompletionLoss().loss(of: subject, on: batch) * -1
    }
}
