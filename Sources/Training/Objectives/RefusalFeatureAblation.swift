// SPDX-License-Identifier: Apache-2.0
// Refusals are learnt while the direction that tells restricted prompts apart is removed.

public import LanguageModels
internal import Records
public import Tensors

/// The completion loss of a model from whose stream a direction is removed, so that refusals must
/// not depend on that direction.
///
/// The first pool has what is declined, all others have what is answered: the second has the benign
/// prompts that the direction is found from, those behind it may resemble restricted ones. The loss
/// is a mean over the tokens of the batch, all pools alike. The direction is a constant of each
/// step: no gradient flows through it.
public struct RefusalFeatureAblation: Objective {
    /// Which direction is removed, and where.
    public enum Direction: Sendable {
        /// The difference of the means of the batch's restricted and benign prompts in the current
        /// model, behind the prompts' last tokens and so many layers. It is removed in some of the
        /// steps, everywhere, from restricted examples.
        case recomputed(layer: Int, probability: Double)
        /// A unit direction `[width]`, removed from all examples in each step, at tokens that are
        /// drawn anew for each block that writes.
        case fixed(Tensor, probability: Float)
    }

    /// Which direction is removed, and where.
    public let direction: Direction
    /// How many tokens at the end of a given prompt are the beginning of an answer; none for
    /// prompts that are not named.
    public let prefixes: [[Int]: Int]
    /// Draws the steps, or the tokens.
    public let seed: UInt64
    /// The direction is counted as though all tokens were read up to its layer.
    public let passes: ObjectivePasses

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - direction: Which direction is removed, and where.
    ///   - prefixes: How many tokens at the end of a given prompt are the beginning of an answer.
    ///   - layerCount: How many layers the model has.
    ///   - seed: Draws the steps, or the tokens.
    public init(
        _ direction: Direction, prefixes: [[Int]: Int] = [:], layerCount: Int, seed: UInt64
    ) {
        self.direction = direction
        self.prefixes = prefixes
        self.seed = seed
        passes =
            switch direction {
            case .recomputed(let layer, let probability):
                ObjectivePasses(forward: probability * Double(layer) / Double(max(layerCount, 1)))
            case .fixed: ObjectivePasses()
            }
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples; the first pool is declined.
    /// - Returns: A scalar, in nats a token.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try loss(of: subject, on: batch, without: removed(from: subject, on: batch))
    }

    /// Finds the direction from the whole batch, and computes the loss and its gradient.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up. Parts draw tokens of their own for a
    ///     fixed direction.
    /// - Returns: The loss, and a gradient for each parameter.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let direction = try removed(from: point.subject(point.parameters), on: batch)
        return try reducer.gradient(at: point.parameters, of: batch, weight: weight) {
            try loss(of: point.subject($0), on: $1, without: direction)
        }
    }

    /// The unit direction that a step removes, `[width]`; nil if it removes none.
    func removed(from subject: Subject, on batch: TrainingBatch) throws -> Tensor? {
        switch direction {
        case .fixed(let direction, _): return direction
        case .recomputed(let layer, let probability):
            guard let restricted = batch.pools.first, !restricted.isEmpty,
                let benign = batch.pools.dropFirst().first, !benign.isEmpty,
                isDrawn(step: batch.step, probability: probability)
            else { return nil }
            func mean(_ examples: [CompletionExample]) throws -> Tensor {
                let prompts = examples.map { $0.prompt.dropLast(prefixes[$0.prompt] ?? 0) }
                return try subject.model.residualStates(
                    TokenBatch(prompts.map { Array($0) }), positions: [-1], layers: layer
                ).slice(axis: 0, from: layer, to: layer + 1).mean(axes: [0, 1, 2])
            }
            let difference = try mean(restricted) - mean(benign)
            // Where nothing differs, nothing is removed.
            return (difference / difference.norm().maximum(Float.leastNormalMagnitude))
                .stopGradient()
        }
    }

    /// Whether the direction is removed in a step.
    func isDrawn(step: Int, probability: Double) -> Bool {
        var generator = SplitMix64(seed: seed(of: step))
        return Double.random(in: 0..<1, using: &generator) < probability
    }

    private func seed(of step: Int) -> UInt64 {
        var generator = SplitMix64(seed: UInt64(clamping: step))
        return generator.next() ^ seed
    }

    /// The loss of a model from which a direction is removed.
    private func loss(
        of subject: Subject, on batch: TrainingBatch, without direction: Tensor?
    ) throws -> Tensor {
        let model = subject.model
        guard let direction else {
            return try model.completionLoss(of: batch.examples, edit: subject.edit)
        }
        switch self.direction {
        case .recomputed:
            let benign = batch.pools.dropFirst().flatMap { $0 }
            let parts: [([CompletionExample], ResidualEdit?)] = [
                (batch.pools.first ?? [], .ablating(direction)), (benign, subject.edit),
            ]
            return try parts.reduce(Tensor(0)) { sum, part in
                let (examples, edit) = part
                guard !examples.isEmpty else { return sum }
                let rows = try SupervisedRows(examples, in: model)
                return try sum + model.forward(rows, edit: edit).losses().sum()
            } / Float(batch.targetCount)
        case .fixed(_, let probability):
            let rows = try SupervisedRows(batch.examples, in: model)
            let mask = Tensor.bernoulli(
                probability, [1 + 2 * model.configuration.layerCount, rows.batch.tokenCount, 1],
                key: RandomKey(seed: seed(of: batch.step))
            ).converted(to: .float32)
            return try model.forward(rows, edit: .ablatingSome(direction, mask: mask))
                .losses().mean()
        }
    }
}
