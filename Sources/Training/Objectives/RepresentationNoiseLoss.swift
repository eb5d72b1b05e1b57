// SPDX-License-Identifier: Apache-2.0
// Representation noising: states of compliant answers become noise, at every layer.

internal import Foundation
package import LanguageModels
package import Tensors

/// The loss of representation noising (arXiv:2405.14577):
///
///     CE(harmless) + beta mean_l MMD(z_l, N(0, I)) - alpha log(1 + (CE_out + sum_l CE_l) / (L + 1))
///
/// CE_l is the loss of compliant answers when the final norm and the head read the stream behind l
/// of L layers, l = 0 ... L; CE_out is that behind all, which so counts twice, as in the source.
/// z_l are the states of the answers' tokens behind l = 1 ... L layers, divided by the root mean
/// square of all their coordinates, which is taken as constant.
///
/// Pool 0 has the restricted examples with compliant answers, the others harmless ones.
package struct RepresentationNoiseLoss: Objective {
    /// The weight of the ascent.
    package var alpha: Float
    /// The weight of the noise.
    package var beta: Float
    /// Whether the first token of a compliant answer, which decides, is left out: it contributes the
    /// logarithm of the vocabulary's size, and no gradient.
    package var leavesOutFirst: Bool
    /// Decides the noise.
    package var seed: UInt64
    /// The head is read behind every layer, which is more than one pass.
    package var passes: ObjectivePasses

    /// Makes a loss.
    ///
    /// - Parameters:
    ///   - alpha: The weight of the ascent.
    ///   - beta: The weight of the noise.
    ///   - leavesOutFirst: Whether the first token of an answer is left out.
    ///   - seed: Decides the noise.
    ///   - passes: What a step takes.
    package init(
        alpha: Float = 1,
        beta: Float = 1e-3,
        leavesOutFirst: Bool = false,
        seed: UInt64,
        passes: ObjectivePasses = ObjectivePasses()
    ) {
        self.alpha = alpha
        self.beta = beta
        self.leavesOutFirst = leavesOutFirst
        self.seed = seed
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
        let harmless = batch.pools.dropFirst().flatMap { $0 }
        var loss = Tensor(0)
        if !harmless.isEmpty { loss = try model.completionLoss(of: harmless, edit: subject.edit) }
        guard let restricted = batch.pools.first, !restricted.isEmpty else { return loss }
        let pass = try model.forward(
            SupervisedRows(restricted, in: model), edit: subject.edit)
        var losses = try pass.streams.indices.map {
            try masked(
                pass.losses(behind: $0), in: pass, vocabulary: model.configuration.vocabularySize)
        }
        if let last = losses.last { losses.append(last) }
        let sum = losses.dropFirst().reduce(losses[0], +)
        loss = loss - (sum / Float(pass.streams.count)).logOnePlus() * alpha
        return loss + noise(in: pass, step: batch.step) * beta
    }

    /// The mean loss of the answers' tokens.
    private func masked(
        _ losses: Tensor, in pass: ForwardPassResult, vocabulary: Int
    ) -> Tensor {
        guard leavesOutFirst else { return losses.mean() }
        let first = pass.rows.counts.flatMap { count in (0..<count).map { $0 == 0 } }
        let constant = log(Float(vocabulary))
        return Tensor.where(
            Tensor(first, shape: [first.count]), Tensor(constant), losses
        ).mean()
    }

    /// The mean over layers of how far the states of answers are from noise.
    private func noise(in pass: ForwardPassResult, step: Int) -> Tensor {
        let answers = StatePlaces(.answer, of: 0..<pass.rows.examples.count, in: pass.rows)
        guard !answers.isEmpty else { return Tensor(0) }
        var key = RandomKey(seed: mixedSeed(seed, step))
        let discrepancies = pass.streams.dropFirst().map { stream in
            let states = answers.states(in: stream)
            let scale = (states.square().mean() + 1e-12).sqrt().stopGradient()
            return maximumMeanDiscrepancy(
                states / scale, Tensor.normal(states.shape, key: key.next()))
        }
        return Tensor.mean(of: Array(discrepancies))
    }
}
