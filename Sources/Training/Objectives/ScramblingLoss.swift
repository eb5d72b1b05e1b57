// SPDX-License-Identifier: Apache-2.0
// Scrambling: states of compliant answers become noise, all others stay.

package import LanguageModels
package import Tensors

/// Takes apart the states with which a model complies, and holds those with which it declines:
///
///     s mean (1 - cos(h, v(t)))      tokens of compliant answers, given a restricted prompt
///     + r mean ‖h - h0‖ / ‖h0‖       tokens of restricted prompts, and of all other examples
///     + c CE(refusals)
///
/// The means are over tokens and layers: the first over the chosen ones, the second over all and
/// the embedding. v(t) is a fixed random direction for each token of the vocabulary. A model that
/// declines at its first token never comes to the states that are scrambled.
///
/// Pool 0 has restricted prompts with compliant answers, pool 1 with refusals, the others what is
/// retained.
package struct ScramblingLoss: Objective {
    /// The model at the start.
    package var reference: LanguageModel
    /// Behind how many layers states are scrambled.
    package var layers: [Int]
    /// The weights of the three terms: scrambling, retaining, refusing.
    package var weights: (scramble: Float, retain: Float, refuse: Float)
    /// Where states go.
    package var directions: TokenDirections

    /// Makes a loss.
    ///
    /// - Parameters:
    ///   - reference: The model at the start.
    ///   - layers: Behind how many layers states are scrambled.
    ///   - weights: The weights of the three terms.
    ///   - directions: Where states go.
    package init(
        reference: LanguageModel,
        layers: [Int],
        weights: (scramble: Float, retain: Float, refuse: Float),
        directions: TokenDirections
    ) {
        self.reference = reference
        self.layers = layers
        self.weights = weights
        self.directions = directions
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
        let originals = try reference.forward(rows).streams
        let compliant = 0..<(batch.pools.first?.count ?? 0)
        let refused = batch.pools.count > 1 ? batch.pools[1].count : 0
        let kept = StatePlaces(joining: [
            StatePlaces(.prompt, of: compliant, in: rows),
            StatePlaces(.all, of: compliant.upperBound..<rows.examples.count, in: rows),
        ])
        // What an answer has in common with a refusal stays.
        let scrambled = StatePlaces(.answer, of: compliant, in: rows, except: [kept])
        let distances = zip(pass.streams, originals).map { state, original in
            (kept.states(in: state - original).rowLengths
                / kept.states(in: original).rowLengths.maximum(1e-12)).mean()
        }
        var loss = Tensor.mean(of: distances) * weights.retain
        if refused > 0 {
            let start = rows.counts.prefix(compliant.count).reduce(0, +)
            let end = rows.counts.prefix(compliant.count + refused).reduce(0, +)
            loss =
                try loss
                + pass.losses().slice(axis: 0, from: start, to: end).mean() * weights.refuse
        }
        guard !scrambled.isEmpty else { return loss }
        let targets = directions.rows(
            of: scrambled.identifiers, width: subject.model.configuration.width)
        let terms = layers.map { layer in
            1 - scrambled.states(in: pass.streams[layer]).rowCosines(with: targets).mean()
        }
        return loss + Tensor.mean(of: terms) * weights.scramble
    }
}
