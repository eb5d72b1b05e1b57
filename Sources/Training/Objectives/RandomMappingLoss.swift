// SPDX-License-Identifier: Apache-2.0
// Random mapping: restricted states go to a fixed random direction for each token.

package import LanguageModels
package import Tensors

/// The loss of random mapping, the start of tamper-resistant safeguards (arXiv:2408.00761):
///
///     CE(retained) + mean_l mean_t (1 - s cos(h_l(t), v(t)))
///
/// l goes over the embedding and all layers, t over tokens of restricted examples; v(t) is a fixed
/// random direction for each token of the vocabulary. The source has |cos| in place of s cos, which
/// has two minima; s is the sign of the reference's cosine, so that a state does not go back and
/// forth between them.
///
/// Pool 0 has the restricted examples, the others what is retained.
package struct RandomMappingLoss: Objective {
    /// The model at the start.
    package var reference: LanguageModel
    /// Which tokens of restricted examples.
    package var tokens: TokenSelection
    /// The weight of the retained loss.
    package var retainWeight: Float
    /// Where states go.
    package var directions: TokenDirections
    /// The reference reads the restricted examples.
    package var passes: ObjectivePasses

    /// Makes a loss.
    ///
    /// - Parameters:
    ///   - reference: The model at the start.
    ///   - tokens: Which tokens of restricted examples.
    ///   - retainWeight: The weight of the retained loss.
    ///   - directions: Where states go.
    ///   - passes: What a step takes.
    package init(
        reference: LanguageModel,
        tokens: TokenSelection = .all,
        retainWeight: Float = 1,
        directions: TokenDirections,
        passes: ObjectivePasses = ObjectivePasses(differentiated: 1, forward: 1)
    ) {
        self.reference = reference
        self.tokens = tokens
        self.retainWeight = retainWeight
        self.directions = directions
        self.passes = passes
    }

    /// Computes the loss.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar.
    /// - Throws: Errors of the model.
    package func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let model = subject.model
        let retained = batch.pools.dropFirst().flatMap { $0 }
        var loss = Tensor(0)
        if !retained.isEmpty {
            loss = try model.completionLoss(of: retained, edit: subject.edit) * retainWeight
        }
        guard let restricted = batch.pools.first, !restricted.isEmpty else { return loss }
        let rows = try SupervisedRows(restricted, in: model)
        let places = StatePlaces(tokens, of: 0..<restricted.count, in: rows)
        guard !places.isEmpty else { return loss }
        let targets = directions.rows(of: places.identifiers, width: model.configuration.width)
        let states = try model.forward(rows, edit: subject.edit).streams
        let originals = try reference.forward(rows).streams
        let terms = zip(states, originals).map { state, original in
            let start = places.states(in: original).rowCosines(with: targets)
            let sign = Tensor.where(start.less(0), Tensor(-1), Tensor(1))
            return 1 - (places.states(in: state).rowCosines(with: targets) * sign).mean()
        }
        return loss + Tensor.mean(of: terms)
    }
}
