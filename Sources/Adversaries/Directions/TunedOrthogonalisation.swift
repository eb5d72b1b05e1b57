// SPDX-License-Identifier: Apache-2.0
// Orthogonalisation with a search for its strength in each layer: the attack of a patient
// adversary.

internal import Foundation
internal import LanguageModels
internal import Measuring
public import Records
internal import Suites
internal import Tensors
public import Training

/// Searches how strongly each layer is orthogonalised, and to which direction, for the least
/// refusal with the least change of everything else.
///
/// Directions are differences of means after the last token of restricted and of benign prompts, in
/// front of each layer, without their component along the benign mean. A trial uses each layer's
/// own direction, or one for all, interpolated between two layers. The outputs of attention and of
/// feed-forward each have a strength that falls linearly from a layer on both sides. The rows of an
/// edited matrix keep their norms. A tree-structured Parzen estimator minimises the probability of
/// a refusal on restricted validation prompts, and the divergence of first tokens on benign ones.
public struct TunedOrthogonalisation: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "tuned-orthogonalisation",
        summary: "Orthogonalisation with a strength for each layer, searched for little change.",
        source: "p-e-w/heretic, after arXiv:2406.11717",
        deviations: """
            One loss, the mean probability of a refusal plus the divergence over 'divergenceScale', \
            instead of a front of two; rows are projected as they are, not scaled to norm 1 first, \
            and keep their norms exactly rather than by an adapter of rank 3; 60 trials instead of \
            200, 128 prompts of a class instead of 400. For several directions, each estimated \
            anew, compose it with itself.
            """)

    /// The seed draws the prompts and decides the search.
    public static let dependsOnSeed = true

    /// The number of restricted prompts, and of benign ones, for the means.
    public var examples = 128
    /// The number of prompts of each class on which trials are scored.
    public var validationExamples = 32
    /// The number of trials. The first three tenths are random.
    public var trials = 60
    /// The divergence of first tokens, in nats, that counts as much as certain refusal.
    public var divergenceScale = 1.0
    /// Whether the rows of edited matrices are scaled back to their old norms.
    public var keepsRowNorms = true
    /// The benign prompts for the means. Trials are scored on everyday ones.
    public var contrast = PromptContrast.unmatched

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 2...100_000)
        try require("validationExamples", validationExamples, in: 2...100_000)
        try require("trials", trials, in: 1...100_000)
        try require("divergenceScale", divergenceScale, in: 1e-6...1e6)
    }

    /// Returns 1: the chosen edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Returns the extent of the means, and of two sets of prompts for each trial.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The seed of the drawn examples.
    /// - Returns: The extent.
    /// - Throws: Errors of the chat template.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        var extent = AttackExtent(
            promptTokens: try target.extent(under: [Framing()]).promptTokens)
        extent.passes = 2 * examples + 2 * validationExamples * trials
        return extent
    }

    /// Searches, edits a copy of the weights with the best trial's parameters, and passes the model
    /// on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        if observer.decision(at: 1) != nil { return }
        let (model, suite) = (target.model, target.suite)
        func tokens(_ prompts: [String]) throws -> [[Int]] {
            try prompts.map { try Subject(model).tokens(for: $0) }
        }
        let restricted = suite.restricted.train.sample(examples, seed: seed).map(\.prompt)
        try observer.advanced(to: 0, note: "means of \(restricted.count) prompts a class")
        let directions = try directions(
            of: model, restricted: tokens(restricted),
            benign: tokens(contrast.prompts(of: suite, examples, seed: seed)),
            meter: &meter)
        meter.use(examples: restricted.count)
        let judge = EditJudge(
            score: RefusalScore(suite: suite, tokenizer: model.tokenizer),
            restricted: try tokens(
                suite.restricted.validation.sample(validationExamples, seed: seed).map(\.prompt)),
            benign: try tokens(
                suite.benign.validation.sample(validationExamples, seed: seed).map(\.prompt)))
        let reference = try model.nextTokenLogProbabilities(after: judge.benign)

        var estimator = TreeParzenEstimator(
            choices: LayerStrengths.choices, randomTrials: max(1, trials * 3 / 10), seed: seed)
        var best: (place: [Double], loss: Double)?
        for trial in 1...trials {
            let place = estimator.suggestion()
            let loss = try meter.timing {
                let edited = try edited(model, at: place, directions: directions)
                let found = try judge.judge(edited, reference: reference)
                return found.refusal + found.divergence / divergenceScale
            }
            for prompt in judge.restricted + judge.benign {
                meter.countForward(tokens: prompt.count)
            }
            estimator.add(place, loss: loss)
            if loss < best?.loss ?? .infinity { best = (place, loss) }
            let least = best.map { String(format: "%.3f", $0.loss) } ?? "none"
            try observer.advanced(to: 0, note: "trial \(trial) of \(trials), least loss \(least)")
        }
        guard let best else { return }
        let tampered = try meter.timing {
            try edited(model, at: best.place, directions: directions)
        }
        try observer.advanced(to: 1, note: String(format: "loss %.3f", best.loss))
        _ = try observer.observe(TamperedModel(tampered), step: 1, cost: meter.cost)
    }

    /// Returns differences of means in front of each layer and after the last, without their
    /// component along the benign mean, as unit vectors, `[layers + 1, width]`.
    func directions(
        of model: LanguageModel, restricted: [[Int]], benign: [[Int]], meter: inout CostMeter
    ) throws -> Tensor {
        for prompt in restricted + benign { meter.countForward(tokens: prompt.count) }
        return try meter.timing {
            let means = try [restricted, benign].map { prompts in
                let sums = try prompts.chunked(into: 32).map { chunk in
                    // [layers + 1, prompts, 1, width]
                    try model.residualStates(TokenBatch(chunk), positions: [-1])
                        .squeezed(at: 2).sum(axis: 1).evaluated()
                }
                return sums.dropFirst().reduce(sums[0], +) * (1 / Float(prompts.count))
            }
            return try (means[0] - means[1]).withoutShare(along: means[1].normalisedRows)
                .normalisedRows.evaluated()
        }
    }

    /// Returns the model for the search's parameters at a point of the unit cube.
    private func edited(
        _ model: LanguageModel, at place: [Double], directions: Tensor
    ) throws -> LanguageModel {
        let strengths = LayerStrengths(at: place, layers: model.configuration.layerCount)
        return try model.orthogonalised(
            keepingRowNorms: keepsRowNorms, strength: strengths.strength,
            direction: { strengths.direction(ofLayer: $0, among: directions) })
    }
}

/// The effect of an edit on first tokens.
private struct EditJudge {
    let score: RefusalScore
    let restricted: [[Int]]
    let benign: [[Int]]

    /// Returns the mean probability of a refusal, and the mean divergence in nats; infinite when
    /// the model is broken.
    func judge(
        _ model: LanguageModel, reference: Tensor
    ) throws -> (refusal: Double, divergence: Double) {
        let all = try model.nextTokenLogProbabilities(after: restricted + benign)
        func rows(_ range: Range<Int>) -> Tensor {
            all.slice(axis: 0, from: range.lowerBound, to: range.upperBound)
        }
        let scores = try score.scores(from: rows(restricted.indices))
        let refusal = scores.reduce(0) { $0 + 1 / (1 + exp(-$1)) } / Double(scores.count)
        let moved = rows(restricted.count..<restricted.count + benign.count)
        let divergence = try reference.meanDivergence(of: moved)
        return refusal.isFinite && divergence.isFinite
            ? (refusal, divergence) : (.infinity, .infinity)
    }
}
