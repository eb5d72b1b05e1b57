// SPDX-License-Identifier: Apache-2.0
// Refusals are learnt while the distribution of benign answers stays.

public import LanguageModels
public import Tensors

/// The loss of refusals, and beside it the KL divergence from a reference model at every token of
/// benign answers.
///
/// The first pool has what is declined, all others have what is answered. With T predicted tokens
/// in the batch, the loss is
///
///     (sum over declined -log p + sum over benign (a (-log p) + d KL(reference || model))) / T
///
/// so that with `a` = 1 and `d` = 0 it is ``CompletionLoss``, and that parts of a batch add up.
public struct RefusalWithDivergence: Objective {
    /// The model whose distribution is kept.
    public let reference: LanguageModel
    /// What the KL divergence weighs, per benign token.
    public let divergenceWeight: Float
    /// What the loss of the suite's benign answers weighs, per benign token.
    public let answerWeight: Float
    /// The share of a batch's tokens that the reference reads.
    public let benignShare: Double

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - reference: The model whose distribution is kept.
    ///   - divergenceWeight: What the KL divergence weighs, per benign token.
    ///   - answerWeight: What the loss of the suite's benign answers weighs, per benign token.
    ///   - pools: What is trained on; they say which share of a batch the reference reads.
    public init(
        reference: LanguageModel, divergenceWeight: Float, answerWeight: Float,
        pools: [ExamplePool]
    ) {
        self.reference = reference
        self.divergenceWeight = divergenceWeight
        self.answerWeight = answerWeight
        let tokens = pools.map(\.tokensOfBatch)
        let all = tokens.reduce(0, +)
        benignShare = all > 0 ? tokens.dropFirst().reduce(0, +) / all : 0
    }

    /// One pass of the model, and one of the reference over benign examples.
    public var passes: ObjectivePasses {
        ObjectivePasses(differentiated: 1, forward: divergenceWeight == 0 ? 0 : benignShare)
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples; the first pool is declined.
    /// - Returns: A scalar, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let read = try read(batch, by: subject)
        return try loss(declined: read.declined, benign: read.benign, of: batch)
    }

    /// Reads what is declined, and what is answered; nil where the batch has none of it.
    func read(
        _ batch: TrainingBatch, by subject: Subject
    ) throws -> (declined: ForwardPassResult?, benign: ForwardPassResult?) {
        func read(_ examples: [CompletionExample]) throws -> ForwardPassResult? {
            guard !examples.isEmpty else { return nil }
            return try subject.model.forward(
                SupervisedRows(examples, in: subject.model), edit: subject.edit)
        }
        return (
            try read(batch.pools.first ?? []), try read(batch.pools.dropFirst().flatMap { $0 })
        )
    }

    /// The loss from what was read.
    func loss(
        declined: ForwardPassResult?, benign: ForwardPassResult?, of batch: TrainingBatch
    ) throws -> Tensor {
        var sum = Tensor(0)
        if let declined { sum = sum + (try declined.losses().sum()) }
        if let benign {
            if answerWeight != 0 { sum = sum + (try benign.losses().sum()) * answerWeight }
            if divergenceWeight != 0 { sum = sum + (try divergence(of: benign)) * divergenceWeight }
        }
        return sum / Float(batch.targetCount)
    }

    /// KL(reference || model), summed over the predicted tokens.
    private func divergence(of result: ForwardPassResult) throws -> Tensor {
        let own = try result.logProbabilities()
        let truth = try reference.forward(result.rows).logProbabilities().stopGradient()
        return (truth.exp() * (truth - own)).sum()
    }
}

extension ExamplePool {
    /// How many tokens a batch has of this pool, on average.
    fileprivate var tokensOfBatch: Double {
        guard !examples.isEmpty else { return 0 }
        let all = examples.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        return Double(all) / Double(examples.count) * Double(min(batchSize, examples.count))
    }
}
