// SPDX-License-Identifier: Apache-2.0
// Circuit breakers: restricted states are turned away from where they were.

package import LanguageModels
package import Tensors

/// The loss of circuit breakers (arXiv:2406.04313), for step t of a schedule of T':
///
///     alpha t/T' mean ‖h - h0‖  +  alpha (1 - t/T') [ mean ReLU cos(h, h0) + w n̄ mean cos(m_i, m_j) ]
///
/// h are states of the model and h0 of the reference. The first mean is over all layers, the
/// embedding included, and all tokens of retained examples; the second over the chosen layers and
/// the tokens of restricted ones. The last term makes the orthogonal variant: m_i are the mean
/// states of the restricted examples, n̄ the mean number of their tokens.
///
/// Pool 0 has the restricted examples with compliant answers, the others what is retained.
package struct CircuitBreakerLoss: Objective {
    /// In the first step h is h0, where the cosine has no gradient: there it is taken with h0 and
    /// noise of this share of its norm. The released code leaves that point by the dropout of its
    /// adapters.
    private static let noise: Float = 0.01

    /// The model at the start.
    package var reference: LanguageModel
    /// Behind how many layers restricted states are turned away.
    package var layers: [Int]
    /// Which tokens of restricted examples.
    package var tokens: TokenSelection
    /// The weight of all.
    package var alpha: Float
    /// The step at which the weight has moved to what is retained.
    package var scheduleSteps: Int
    /// The weight of the orthogonal term beside the one that turns states away; 0 leaves it out.
    package var orthogonalWeight: Float
    /// Decides the noise of the first step.
    package var seed: UInt64

    /// Makes a loss.
    ///
    /// - Parameters:
    ///   - reference: The model at the start.
    ///   - layers: Behind how many layers restricted states are turned away.
    ///   - tokens: Which tokens of restricted examples.
    ///   - alpha: The weight of all.
    ///   - scheduleSteps: The step at which the weight has moved to what is retained.
    ///   - orthogonalWeight: The weight of the orthogonal term.
    ///   - seed: Decides the noise of the first step.
    package init(
        reference: LanguageModel,
        layers: [Int],
        tokens: TokenSelection = .all,
        alpha: Float = 10,
        scheduleSteps: Int = 300,
        orthogonalWeight: Float = 0,
        seed: UInt64
    ) {
        self.reference = reference
        self.layers = layers
        self.tokens = tokens
        self.alpha = alpha
        self.scheduleSteps = scheduleSteps
        self.orthogonalWeight = orthogonalWeight
        self.seed = seed
    }

    /// A forward pass of the reference beside the one that is differentiated.
    package var passes: ObjectivePasses { ObjectivePasses(differentiated: 1, forward: 1) }

    /// The weights of the two parts in a step.
    package func coefficients(at step: Int) -> (retain: Float, reroute: Float) {
        let progress = min(1, Float(step) / Float(max(scheduleSteps, 1)))
        return (alpha * progress, alpha * (1 - progress))
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar.
    /// - Throws: Errors of the model.
    package func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let states = try subject.model.forward(rows, edit: subject.edit).streams
        let originals = try reference.forward(rows).streams
        let restricted = 0..<(batch.pools.first?.count ?? 0)
        let weights = coefficients(at: batch.step)
        let turned = StatePlaces(tokens, of: restricted, in: rows)
        let kept = StatePlaces(.all, of: restricted.upperBound..<rows.examples.count, in: rows)
        var loss = Tensor(0)
        if !kept.isEmpty {
            let distances = zip(states, originals).map { state, original in
                kept.states(in: state - original).rowLengths.mean()
            }
            loss = loss + Tensor.mean(of: distances) * weights.retain
        }
        guard !turned.isEmpty else { return loss }
        let cosines = layers.enumerated().map { index, layer in
            var original = turned.states(in: originals[layer])
            if batch.step == 0 { original = original.disturbed(by: Self.noise, seed: seed, index) }
            return turned.states(in: states[layer]).rowCosines(with: original).maximum(0).mean()
        }
        loss = loss + Tensor.mean(of: cosines) * weights.reroute
        guard orthogonalWeight > 0 else { return loss }
        let pooling = rows.pooling(tokens, of: restricted)
        let overlaps = layers.map { pooling.matrix.matmul(states[$0]).meanPairwiseCosine }
        return loss + Tensor.mean(of: overlaps)
            * (weights.reroute * orthogonalWeight * pooling.meanLength)
    }
}

extension Tensor {
    /// Rows with noise of a share of each one's norm.
    fileprivate func disturbed(by share: Float, seed: UInt64, _ use: Int) -> Tensor {
        let noise = Tensor.normal(shape, key: RandomKey(seed: mixedSeed(seed, use)))
        return self + noise.unitRows * rowLengths.expanded(at: -1) * share
    }
}

extension SupervisedRows {
    /// What takes the mean over the tokens of each example, `[examples, tokens]`, and the mean
    /// number of these tokens; examples without such tokens are left out.
    fileprivate func pooling(
        _ tokens: TokenSelection, of range: Range<Int>
    ) -> (matrix: Tensor, meanLength: Float) {
        let places = range.map { sequences[$0][tokens.range(in: examples[$0])] }
            .filter { !$0.isEmpty }
        let width = batch.tokenCount
        var matrix = [Float](repeating: 0, count: places.count * width)
        for (row, own) in places.enumerated() {
            for place in own { matrix[row * width + Int(place)] = 1 / Float(own.count) }
        }
        let length = places.reduce(0) { $0 + $1.count }
        return (
            Tensor(matrix, shape: [places.count, width]),
            Float(length) / Float(max(places.count, 1))
        )
    }
}
