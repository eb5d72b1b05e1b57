// SPDX-License-Identifier: Apache-2.0
// The loss of supervised fine-tuning.

public import LanguageModels
public import Tensors

/// The mean negative log-likelihood of the completions' tokens, in nats: supervised fine-tuning.
///
/// All pools count alike: the mean is over the tokens of the whole batch.
public struct CompletionLoss: Objective {
    /// An objective without settings.
    public init() {}

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try subject.model.completionLoss(of: batch.examples, edit: subject.edit)
    }
}
