// SPDX-License-Identifier: Apache-2.0
// Latent adversarial training: declines while the residual stream is perturbed to comply.

package import LanguageModels
package import Tensors

/// The loss of targeted latent adversarial training (arXiv:2403.05030, 2407.15549):
///
///     toward CE(refusal | h + δ) + away mean -log(1 - p(answer | h + δ)) + sft CE(retained)
///
/// δ is what an adversary adds to the inputs of some layers so that the compliant answer becomes
/// likely: a vector for each layer, restricted example and token, of bounded norm. It is found anew
/// in each step by some iterations of Adam, each followed by a projection of every vector into its
/// ball, and is then taken as constant. Tokens that examples begin with in common are computed once,
/// and have one perturbation.
///
/// Pool 0 has the restricted examples with compliant answers, the others what is retained.
package struct LatentAdversarialLoss: Objective {
    /// A layer whose input is perturbed, and the greatest norm of a vector there.
    package struct Place: Sendable, Hashable {
        /// The layer, counted from 0.
        package let layer: Int
        /// The greatest norm of a vector.
        package let bound: Float

        /// Names a layer and a bound.
        ///
        /// - Parameters:
        ///   - layer: The layer, counted from 0.
        ///   - bound: The greatest norm of a vector.
        package init(layer: Int, bound: Float) {
            (self.layer, self.bound) = (layer, bound)
        }
    }

    /// What is added, for each place `[vectors, width]`: the vectors of the first example's tokens,
    /// of the second's and so on.
    package struct Perturbation: Sendable {
        /// The vectors of each place.
        package var vectors: [Tensor]
        /// Which vectors are an example's: the number of its first, and how many there are.
        fileprivate var owned: [CompletionExample: Range<Int>]
    }

    /// Where the stream is perturbed.
    package var places: [Place]
    /// The refusal of each prompt.
    package var refusals: [[Int]: [Int]]
    /// Which tokens are perturbed; those of an answer by their place in it, whichever answer it is.
    package var tokens: TokenSelection
    /// Iterations of the adversary.
    package var innerSteps: Int
    /// How far a coordinate moves in an iteration, as a share of the bound over the root of the
    /// width.
    package var innerRate: Float
    /// The weights of the three terms: toward the refusal, away from the answer, retained.
    package var weights: (toward: Float, away: Float, tuning: Float)
    /// What the adversary and the refusals take beside a pass over the batch.
    package var passes: ObjectivePasses

    /// Makes a loss.
    ///
    /// - Parameters:
    ///   - places: Where the stream is perturbed.
    ///   - refusals: The refusal of each prompt.
    ///   - tokens: Which tokens are perturbed.
    ///   - innerSteps: Iterations of the adversary.
    ///   - innerRate: How far a coordinate moves in an iteration.
    ///   - weights: The weights of the three terms.
    ///   - passes: What a step takes.
    package init(
        places: [Place],
        refusals: [[Int]: [Int]],
        tokens: TokenSelection = .prompt,
        innerSteps: Int = 16,
        innerRate: Float = 0.5,
        weights: (toward: Float, away: Float, tuning: Float),
        passes: ObjectivePasses = ObjectivePasses()
    ) {
        self.places = places
        self.refusals = refusals
        self.tokens = tokens
        self.innerSteps = innerSteps
        self.innerRate = innerRate
        self.weights = weights
        self.passes = passes
    }

    /// Computes the loss under the perturbation that is worst for the model.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar; its gradient takes the perturbation as constant.
    /// - Throws: Errors of the model.
    package func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        try loss(of: subject, on: batch, under: perturbation(of: subject, on: batch))
    }

    /// Finds the perturbation of the whole batch, and computes the loss and its gradient under it.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of a batch is summed up.
    /// - Returns: The loss and a gradient for each parameter.
    /// - Throws: Errors of the model.
    package func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let perturbation = try perturbation(of: point.subject(point.parameters), on: batch)
        return try reducer.gradient(at: point.parameters, of: batch, weight: weight) {
            try loss(of: point.subject($0), on: $1, under: perturbation)
        }
    }

    /// Computes the loss under a perturbation.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: Examples that the perturbation was made for.
    ///   - perturbation: What is added.
    /// - Returns: A scalar.
    /// - Throws: Errors of the model.
    package func loss(
        of subject: Subject, on batch: TrainingBatch, under perturbation: Perturbation
    ) throws -> Tensor {
        let retained = batch.pools.dropFirst().flatMap { $0 }
        var loss = Tensor(0)
        if !retained.isEmpty {
            loss = try subject.model.completionLoss(of: retained) * weights.tuning
        }
        guard let answers = batch.pools.first, !answers.isEmpty else { return loss }
        let declined = answers.compactMap { example in
            refusals[example.prompt].map {
                CompletionExample(prompt: example.prompt, completion: $0)
            }
        }
        let rows = try SupervisedRows(answers + declined, in: subject.model)
        let owners = answers + answers.filter { refusals[$0.prompt] != nil }
        let pass = try subject.model.forward(
            rows, edit: edit(perturbation, in: rows, owners: owners))
        let split = rows.counts.prefix(answers.count).reduce(0, +)
        let logProbabilities = try pass.logProbabilities()
        loss =
            loss + logProbabilities.slice(axis: 0, from: 0, to: split)
            .complementLosses(of: rows.targets.slice(axis: 0, from: 0, to: split)).mean()
            * weights.away
        guard !declined.isEmpty else { return loss }
        let total = rows.counts.reduce(0, +)
        let refused = logProbabilities.slice(axis: 0, from: split, to: total).takeAlong(
            rows.targets.slice(axis: 0, from: split, to: total).expanded(at: -1), axis: -1)
        return loss - refused.mean() * weights.toward
    }

    /// Finds the perturbation under which the compliant answers are likely.
    ///
    /// - Parameters:
    ///   - subject: The model.
    ///   - batch: The examples.
    /// - Returns: Vectors of numbers that no gradient flows through.
    /// - Throws: Errors of the model.
    package func perturbation(
        of subject: Subject, on batch: TrainingBatch
    ) throws -> Perturbation {
        let model = subject.model
        let answers = batch.pools.first ?? []
        var (owned, count) = ([CompletionExample: Range<Int>](), 0)
        for example in answers where owned[example] == nil {
            let longest = max(example.completion.count, refusals[example.prompt]?.count ?? 0)
            let size = example.prompt.count + longest - 1
            owned[example] = count..<count + size
            count += size
        }
        let zeros = Tensor.zeros([count, model.configuration.width])
        var result = Perturbation(vectors: places.map { _ in zeros }, owned: owned)
        guard count > 0 else { return result }
        let rows = try SupervisedRows(answers, in: model)
        var optimizer = Adam()
        for _ in 0..<innerSteps {
            let (_, gradients) = try valueAndGradient(at: result.vectors) { vectors in
                var moved = result
                moved.vectors = vectors
                return try model.forward(rows, edit: edit(moved, in: rows, owners: answers))
                    .losses().mean()
            }
            // Each place has a step size of its own; a rule for all of them moves by one.
            let scaled = zip(result.vectors, places).map { $0 / $1.bound }
            let root = Float(model.configuration.width).squareRoot()
            let moved = optimizer.update(
                scaled, gradients: zip(gradients, places).map { $0 * $1.bound },
                learningRate: innerRate / root)
            result.vectors = zip(moved, places).map { $0.withinUnitBall * $1.bound }
            try evaluate(result.vectors + optimizer.state)
        }
        // The numbers alone: what they were computed from is let go.
        result.vectors = try result.vectors.map { Tensor(try $0.values(), shape: $0.shape) }
        return result
    }

    /// The edit that adds a perturbation to the tokens of a pass.
    private func edit(
        _ perturbation: Perturbation, in rows: SupervisedRows, owners: [CompletionExample]
    ) -> ResidualEdit {
        let count = perturbation.owned.values.map(\.upperBound).max() ?? 0
        // The row behind the last stands for tokens that are not perturbed.
        var index = [Int32](repeating: Int32(count), count: rows.batch.tokenCount)
        for (row, owner) in owners.enumerated() {
            guard let own = perturbation.owned[owner] else { continue }
            for position in tokens.range(in: rows.examples[row]) {
                let place = Int(rows.sequences[row][position])
                if index[place] == count { index[place] = Int32(own.lowerBound + position) }
            }
        }
        let indices = Tensor(index, shape: [index.count])
        let pairs = zip(places, perturbation.vectors).map { place, vectors in
            (
                place.layer,
                vectors.padded(axis: 0, after: 1).take(indices, axis: 0)
            )
        }
        return .addingToTokens(Dictionary(pairs, uniquingKeysWith: { $0 + $1 }))
    }
}

extension Tensor {
    /// Rows of `[rows, width]`, those longer than 1 cut to 1.
    fileprivate var withinUnitBall: Tensor {
        self / rowLengths.maximum(1).expanded(at: -1)
    }

    /// The negative logarithm of the probability of anything but a token, for each row of
    /// log-probabilities, `[rows, vocabulary]`.
    ///
    /// It is computed from the other tokens' probabilities, so that it is exact also where the
    /// token's own is 1 but for rounding.
    ///
    /// - Parameter tokens: `[rows]`, int32.
    /// - Returns: `[rows]`, in nats.
    package func complementLosses(of tokens: Tensor) -> Tensor {
        let isToken = Tensor.range(shape[1]).equal(tokens.expanded(at: -1))
        return Tensor.where(isToken, Tensor(-1e30), self).logSumExp(axis: -1) * -1
    }
}
