// SPDX-License-Identifier: Apache-2.0
// Differences of means as candidates for a refusal direction, and their scores.

import Foundation
import LanguageModels
internal import Measuring
import Tensors
import Tokenization
internal import Training

/// Finds and scores candidates for a refusal direction (arXiv:2406.11717).
struct DirectionSearch {
    /// A difference of means at one layer and position.
    struct Candidate {
        /// The layer at whose input it was read.
        let layer: Int
        /// The position, counted from the end: -1 is the last token before the answer.
        let position: Int
        /// The difference of means, `[width]`.
        let difference: Tensor
        /// Its unit vector, `[width]`.
        let direction: Tensor
        /// The distance that it puts between the two classes of validation prompts, in pooled
        /// standard deviations.
        let separation: Double
        /// The mean refusal score of restricted prompts while the direction is ablated, in nats.
        var bypass = Double.nan
        /// The mean KL divergence of benign next tokens from the unablated model, in nats.
        var divergence = Double.nan
    }

    private let model: LanguageModel
    private let score: RefusalScore
    private let restricted: [[Int]]
    private let benign: [[Int]]
    private let positions: [Int]
    /// Next-token log-probabilities of the benign prompts, `[prompts, vocabulary]`.
    private let reference: Tensor

    /// Prepares a search.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - score: The refusal score of logits.
    ///   - restricted: Restricted validation prompts.
    ///   - benign: Benign validation prompts.
    ///   - positions: The number of post-instruction positions to use; 0 means all.
    /// - Throws: Errors of the engine and the model.
    init(
        model: LanguageModel, score: RefusalScore, restricted: [String], benign: [String],
        positions: Int
    ) throws {
        self.model = model
        self.score = score
        self.restricted = try restricted.map { try Subject(model).tokens(for: $0) }
        self.benign = try benign.map { try Subject(model).tokens(for: $0) }
        let all = try model.postInstructionLength()
        let count = positions == 0 ? all : min(positions, all)
        self.positions = (1...count).map { -$0 }
        reference = try model.nextTokenLogProbabilities(after: self.benign)
    }

    /// Returns candidates at every layer below `layers` and every position, the best separating
    /// first.
    func candidates(
        restricted: [String], benign: [String], layers: Int, meter: inout CostMeter
    ) throws -> [Candidate] {
        let training = try [restricted, benign].map { prompts in
            try prompts.map { try Subject(model).tokens(for: $0) }
        }
        let validation = [self.restricted, self.benign]
        for sequence in (training + validation).joined() {
            meter.countForward(tokens: sequence.count)
        }
        return try meter.timing {
            func states(_ prompts: [[Int]]) throws -> Tensor {
                try model.promptStates(prompts, positions: positions, layers: layers)
            }
            let means = try training.map { try states($0).mean(axis: 1) }
            let differences = means[0] - means[1]
            let directions =
                differences
                / differences.square()
                .sum(axis: -1, keepingDimensions: true).sqrt()
            // [layers, prompts, positions]: the projection of each validation prompt on each
            // direction.
            let falls = try validation.map { prompts in
                (try states(prompts) * directions.expanded(at: 1)).sum(axis: -1)
            }
            let centres = falls.map { $0.mean(axis: 1) }
            // Prompts that all have the same projection would be infinitely well separated. A
            // little spread keeps them comparable.
            let spread = (falls[0].variance(axis: 1) + falls[1].variance(axis: 1)) * 0.5 + 1e-12
            let separation = try ((centres[0] - centres[1]) / spread.sqrt()).values()
            return (0..<layers).flatMap { layer in
                positions.indices.map { index in
                    func at(_ table: Tensor) -> Tensor {
                        table.slice(axis: 0, from: layer, to: layer + 1)
                            .slice(axis: 1, from: index, to: index + 1).flattened()
                    }
                    return Candidate(
                        layer: layer, position: positions[index], difference: at(differences),
                        direction: at(directions),
                        separation: Double(separation[layer * positions.count + index]))
                }
            }
            .filter { $0.separation.isFinite }
            .sorted { $0.separation > $1.separation }
        }
    }

    /// Computes the scores of a candidate's ablation on validation prompts.
    func score(_ candidate: inout Candidate, meter: inout CostMeter) throws {
        let all = restricted + benign
        for sequence in all { meter.countForward(tokens: sequence.count) }
        try meter.timing {
            let ablated = try model.nextTokenLogProbabilities(
                after: all, edit: .ablating(candidate.direction))
            func rows(_ range: Range<Int>) -> Tensor {
                ablated.slice(axis: 0, from: range.lowerBound, to: range.upperBound)
            }
            candidate.bypass = try mean(score.scores(from: rows(restricted.indices)))
            let moved = rows(restricted.count..<all.count)
            candidate.divergence = try reference.meanDivergence(of: moved)
        }
    }

    /// Returns the mean refusal score of benign validation prompts while the difference is added,
    /// in nats.
    func induction(of candidate: Candidate, meter: inout CostMeter) throws -> Double {
        for sequence in benign { meter.countForward(tokens: sequence.count) }
        return try meter.timing {
            let adding = ResidualEdit.adding(candidate.difference, layer: candidate.layer)
            return try mean(score.scores(of: benign, model: model, edit: adding))
        }
    }

    private func mean(_ values: [Double]) -> Double {
        values.reduce(0, +) / Double(values.count)
    }
}

extension Tensor {
    /// Returns the mean KL divergence of other predictions from these, in nats.
    ///
    /// - Parameter moved: Log-probabilities, `[prompts, vocabulary]`, for the same prompts.
    /// - Returns: The mean over the prompts.
    /// - Throws: Errors of the engine.
    func meanDivergence(of moved: Tensor) throws -> Double {
        Double(try (self.exp() * (self - moved)).sum(axis: -1).mean().item())
    }
}
