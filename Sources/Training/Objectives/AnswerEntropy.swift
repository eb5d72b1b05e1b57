// SPDX-License-Identifier: Apache-2.0
// Maximum entropy: every token of an answer made as likely as any other.

public import LanguageModels
public import Tensors

/// Minus the mean entropy of the predictions of the completions' tokens, in nats (maximum entropy,
/// as in arXiv:2408.00761 and arXiv:2506.06278).
///
/// It is bounded by minus the logarithm of the vocabulary's size. Prompts do not count.
public struct AnswerEntropy: Objective {
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
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let found = try subject.model.forward(rows, edit: subject.edit).logProbabilities()
        return (found.exp() * found).sum(axis: -1).mean()
    }
}
