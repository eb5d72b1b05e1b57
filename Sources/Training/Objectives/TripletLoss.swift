// SPDX-License-Identifier: Apache-2.0
// Triplets: benign states stay, restricted states leave where they were and meet.

package import LanguageModels
package import Tensors

/// The loss of contrastive representation learning (arXiv:2506.11938), with distances between
/// states of norm 1, so that they are 0 to 2:
///
///     a mean max(0, d(h, h0) - d(h, m') + margin)      over tokens of retained examples
///     b mean max(0, d(h', m') - d(h', h0') + margin')  over tokens of restricted examples
///     c mean KL(reference ‖ model)                     over the answers of retained examples
///
/// h are states of the model, h0 of the reference, primed those of restricted examples; m' is the
/// mean of h' at the layer. So the positive of a benign state is where it was, and its negative
/// where restricted states are now; the positive of a restricted state is where the others are now,
/// and its negative where it was. The means are over the chosen layers, too.
///
/// Pool 0 has the restricted examples with compliant answers, the others what is retained.
package struct TripletLoss: Objective {
    /// The model at the start.
    package var reference: LanguageModel
    /// Behind how many layers states are compared.
    package var layers: [Int]
    /// Which tokens of restricted examples.
    package var tokens: TokenSelection
    /// The weights of the three terms: benign, restricted, divergence.
    package var weights: (benign: Float, restricted: Float, divergence: Float)
    /// The margins of the first two.
    package var margins: (benign: Float, restricted: Float)

    /// Makes a loss.
    ///
    /// - Parameters:
    ///   - reference: The model at the start.
    ///   - layers: Behind how many layers states are compared.
    ///   - tokens: Which tokens of restricted examples.
    ///   - weights: The weights of the three terms.
    ///   - margins: The margins of the first two.
    package init(
        reference: LanguageModel,
        layers: [Int],
        tokens: TokenSelection = .all,
        weights: (benign: Float, restricted: Float, divergence: Float),
        margins: (benign: Float, restricted: Float)
    ) {
        self.reference = reference
        self.layers = layers
        self.tokens = tokens
        self.weights = weights
        self.margins = margins
    }

    /// A forward pass of the reference beside the one that is differentiated.
    package var passes: ObjectivePasses { ObjectivePasses(differentiated: 1, forward: 1) }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar.
    /// - Throws: Errors of the model.
    package func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let pass = try subject.model.forward(rows, edit: subject.edit)
        let original = try reference.forward(rows)
        let count = batch.pools.first?.count ?? 0
        let turned = StatePlaces(tokens, of: 0..<count, in: rows)
        let kept = StatePlaces(.all, of: count..<rows.examples.count, in: rows)
        var loss = Tensor(0)
        if weights.divergence > 0, !kept.isEmpty {
            loss = try divergence(of: pass, from: original, after: count) * weights.divergence
        }
        guard !turned.isEmpty else { return loss }
        for layer in layers {
            let (now, before) = (pass.streams[layer], original.streams[layer])
            let moved = turned.states(in: now).unitRows
            let center = moved.mean(axis: 0, keepingDimensions: true).unitRows
            var terms =
                triplet(
                    moved, toward: center, awayFrom: turned.states(in: before).unitRows,
                    margin: margins.restricted) * weights.restricted
            if !kept.isEmpty {
                terms =
                    terms
                    + triplet(
                        kept.states(in: now).unitRows,
                        toward: kept.states(in: before).unitRows, awayFrom: center,
                        margin: margins.benign) * weights.benign
            }
            loss = loss + terms / Float(layers.count)
        }
        return loss
    }

    private func triplet(
        _ anchor: Tensor, toward positive: Tensor, awayFrom negative: Tensor, margin: Float
    ) -> Tensor {
        ((anchor - positive).rowLengths - (anchor - negative).rowLengths + margin).maximum(0).mean()
    }

    /// The divergence at the answers of all examples but the first ones.
    private func divergence(
        of pass: ForwardPassResult, from original: ForwardPassResult, after count: Int
    ) throws -> Tensor {
        let counts = pass.rows.counts
        let (start, end) = (counts.prefix(count).reduce(0, +), counts.reduce(0, +))
        let own = try pass.logProbabilities().slice(axis: 0, from: start, to: end)
        let other = try original.logProbabilities().slice(axis: 0, from: start, to: end)
        return (other.exp() * (other - own)).sum(axis: -1).mean()
    }
}
