// SPDX-License-Identifier: Apache-2.0
// The loss of an attacker who holds everything else where it was.

public import LanguageModels
public import Tensors

/// The completion loss of all pools but the last, and so many times the divergence of another
/// model's predictions from this one's on the answers of the last pool.
///
/// The divergence is KL(reference || model), the mean over the tokens of the answers, in nats: what
/// the model says there is held where the reference has it, while it learns the other examples.
public struct AnchoredCompletionLoss: Objective {
    /// The model whose predictions are held; no gradient flows to it.
    public let reference: LanguageModel
    /// How much the divergence weighs against the loss.
    public let weight: Float
    /// The share of a batch's examples that are in the last pool, for the count of the passes.
    public let anchorShare: Double

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - reference: The model whose predictions are held.
    ///   - weight: How much the divergence weighs against the loss.
    ///   - anchorShare: The share of a batch's examples that are in the last pool.
    public init(reference: LanguageModel, weight: Float, anchorShare: Double) {
        self.reference = reference
        self.weight = weight
        self.anchorShare = anchorShare
    }

    /// A pass through the model, and one through the reference for the last pool.
    public var passes: ObjectivePasses {
        ObjectivePasses(differentiated: 1, forward: anchorShare)
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples; those that are held are the last pool.
    /// - Returns: A scalar, in nats a token.
    /// - Throws: Errors of the models.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try loss(of: subject, on: batch, partOf: batch)
    }

    /// The gradient of the loss. Parts of a batch add up to the whole exactly: both means are over
    /// the tokens of the whole batch.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    /// - Returns: The loss and a gradient for each parameter.
    /// - Throws: Errors of the models.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        try reducer.gradient(at: point.parameters, of: batch, weight: { _, _ in 1 }) {
            parameters, part in
            try loss(of: point.subject(parameters), on: part, partOf: batch)
        }
    }

    /// What a part of a batch adds to the loss of the whole.
    private func loss(
        of subject: Subject, on part: TrainingBatch, partOf batch: TrainingBatch
    ) throws -> Tensor {
        func targets(_ examples: [CompletionExample]) -> Float {
            examples.reduce(0) { $0 + Float($1.completion.count) }
        }
        let (learnt, anchors) = (part.pools.dropLast().flatMap { $0 }, part.pools.last ?? [])
        var sum = Tensor(0)
        if !learnt.isEmpty {
            let share = targets(learnt) / targets(batch.pools.dropLast().flatMap { $0 })
            sum =
                try sum
                + subject.model.completionLoss(of: learnt, edit: subject.edit) * share
        }
        if !anchors.isEmpty {
            let rows = try SupervisedRows(anchors, in: reference)
            let held = try reference.forward(rows).logProbabilities().stopGradient()
            let own = try subject.model.forward(rows, edit: subject.edit).logProbabilities()
            let divergence = (held.exp() * (held - own)).sum() / targets(batch.pools.last ?? [])
            sum = sum + divergence * weight
        }
        return sum
    }
}
