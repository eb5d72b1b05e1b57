// SPDX-License-Identifier: Apache-2.0
// Negative preference optimisation, against a reference model and without one.

public import LanguageModels
public import Tensors

/// Negative preference optimisation (NPO, arXiv:2404.05868):
/// `-(2 / beta) * mean log sigmoid(-beta * (log p - log p_reference))`.
///
/// Log-probabilities are sums over the tokens of an answer, the mean is over answers. Where the
/// model is its reference, the gradient is that of ascent on those sums; it fades as the answer
/// grows less likely, so that a training does not diverge.
public struct NegativePreference: Objective {
    /// What the likelihood of an answer is compared with.
    public let reference: LanguageModel
    /// How soon the gradient fades.
    public let beta: Float

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - reference: What the likelihood of an answer is compared with, as a rule the model before
    ///     the training.
    ///   - beta: How soon the gradient fades; above 0.
    public init(reference: LanguageModel, beta: Float) {
        self.reference = reference
        self.beta = beta
    }

    /// One pass, and one of the reference.
    public var passes: ObjectivePasses { ObjectivePasses(differentiated: 1, forward: 1) }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, above 0.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let own = rows.sums(try subject.model.forward(rows, edit: subject.edit).losses())
        let before = rows.sums(try reference.forward(rows).losses()).stopGradient()
        // log p - log p_reference is the reference's loss less the own.
        return ((before - own) * beta).logOnePlusExp().mean() * (2 / beta)
    }

    /// The share of the examples, which is right for a mean over them.
    ///
    /// - Parameters:
    ///   - part: Some of the examples.
    ///   - batch: All of them.
    /// - Returns: The weight, 0 to 1.
    public func weight(of part: TrainingBatch, in batch: TrainingBatch) -> Float {
        Float(part.examples.count) / Float(batch.examples.count)
    }
}

/// Negative preference optimisation without a reference (SimNPO, arXiv:2410.07163):
/// `-(2 / beta) * mean log sigmoid(beta * (loss - margin))`.
///
/// The loss is the mean negative log-likelihood of an answer's tokens, so that long answers count
/// as short ones do.
public struct SimpleNegativePreference: Objective {
    /// How soon the gradient fades.
    public let beta: Float
    /// The loss at which an answer counts as half forgotten, in nats a token.
    public let margin: Float

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - beta: How soon the gradient fades; above 0.
    ///   - margin: The loss at which an answer counts as half forgotten, in nats a token.
    public init(beta: Float, margin: Float) {
        self.beta = beta
        self.margin = margin
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar, above 0.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let means = rows.means(try subject.model.forward(rows, edit: subject.edit).losses())
        return ((means - margin) * -beta).logOnePlusExp().mean() * (2 / beta)
    }

    /// The share of the examples, which is right for a mean over them.
    ///
    /// - Parameters:
    ///   - part: Some of the examples.
    ///   - batch: All of them.
    /// - Returns: The weight, 0 to 1.
    public func weight(of part: TrainingBatch, in batch: TrainingBatch) -> Float {
        Float(part.examples.count) / Float(batch.examples.count)
    }
}

extension Tensor {
    /// The logarithm of 1 + exp(x) for a vector, which is -log sigmoid(-x). Neither side overflows,
    /// and the gradient at 0, where a training begins, is one half.
    fileprivate func logOnePlusExp() -> Tensor {
        Tensor.stacked([self, Tensor.zeros(shape)], axis: -1).logSumExp(axis: -1)
    }
}
