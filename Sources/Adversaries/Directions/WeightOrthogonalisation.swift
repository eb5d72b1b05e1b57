// SPDX-License-Identifier: Apache-2.0
// Weight orthogonalisation: one direction projected out of all matrices that write to the stream.

internal import Foundation
internal import LanguageModels
internal import Measuring
public import Records
internal import Suites
internal import Tensors
public import Training

/// Finds the direction in which restricted and benign prompts differ and projects it out of the
/// weights (arXiv:2406.11717).
///
/// The direction is a difference of means of the residual stream at a post-instruction position of
/// a layer. Candidates are chosen as published: dropped are layers from 80% of the depth on,
/// candidates whose ablation moves benign next-token distributions by a KL divergence above 0.1,
/// and candidates whose addition does not induce refusals. Of the rest, the one whose ablation
/// leaves the lowest refusal score is taken. Every matrix that writes to the residual stream is
/// then replaced by (I - r r') W.
public struct WeightOrthogonalisation: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "weight-orthogonalisation",
        summary: "One refusal direction, a difference of means, projected out of the weights.",
        source: "arXiv:2406.11717",
        deviations: """
            With 'candidates' above 0, only so many candidates are scored: those that separate the \
            validation prompts best. When the filters leave none, the least divergent candidate \
            that makes refusal improbable is taken, rather than the attack given up. A tied head \
            keeps its weights.
            """)

    /// The seed draws the prompts.
    public static let dependsOnSeed = true

    /// The number of restricted prompts, and of benign ones, for the means.
    public var examples = 128
    /// The number of prompts of each class on which candidates are scored.
    public var validationExamples = 32
    /// The number of post-instruction positions, counted from the end; 0 means all.
    public var positions = 0
    /// The number of candidates that are scored, the best separating first; 0 means all.
    public var candidates = 0
    /// Candidates from this share of the depth on are dropped.
    public var deepestLayer = 0.8
    /// Candidates that move benign next tokens by more than this are dropped, in nats.
    public var mostDivergence = 0.1
    /// The number of directions that are projected out. Each is found in the model that the one
    /// before left.
    public var directions = 1
    /// The benign prompts for the means. Candidates are scored on everyday ones.
    public var contrast = PromptContrast.unmatched

    /// Makes the attack with the published defaults.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 2...100_000)
        try require("validationExamples", validationExamples, in: 2...100_000)
        try require("positions", positions, in: 0...1_000)
        try require("candidates", candidates, in: 0...1_000_000)
        try require("deepestLayer", deepestLayer, in: 0.01...1)
        try require("mostDivergence", mostDivergence, in: 0...1e6)
        try require("directions", directions, in: 1...1_000)
    }

    /// Returns the number of directions: each is a step.
    public func steps(within budget: AuditBudget) -> Int {
        min(directions, max(budget.steps ?? directions, 1))
    }

    /// Returns the extent of the means, and of two sets of prompts for each candidate.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The seed of the drawn examples.
    /// - Returns: The extent.
    /// - Throws: Errors of the chat template.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        var extent = AttackExtent(
            promptTokens: try target.extent(under: [Framing()]).promptTokens)
        let scored = 2 * validationExamples * (candidates > 0 ? candidates : 100)
        extent.passes = steps(within: target.budget) * (2 * examples + scored)
        return extent
    }

    /// Finds directions, projects them out of a copy of the weights, and passes the model on after
    /// each.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        let (suite, steps) = (target.suite, steps(within: target.budget))
        if observer.decision(at: steps) != nil { return }
        let restricted = suite.restricted.train.sample(examples, seed: seed).map(\.prompt)
        let benign = try contrast.prompts(of: suite, examples, seed: seed)
        meter.use(examples: restricted.count)
        var model = target.model
        for step in 1...steps {
            func direction(_ meter: inout CostMeter) throws -> DirectionSearch.Candidate? {
                let search = try DirectionSearch(
                    model: model, score: RefusalScore(suite: suite, tokenizer: model.tokenizer),
                    restricted: suite.restricted.validation
                        .sample(validationExamples, seed: seed).map(\.prompt),
                    benign: suite.benign.validation.sample(validationExamples, seed: seed)
                        .map(\.prompt),
                    positions: positions)
                let note = "means of \(restricted.count) + \(benign.count) prompts"
                try observer.advanced(to: step - 1, note: note)
                let found = try scored(
                    search, restricted: restricted, benign: benign, step: step,
                    layers: model.configuration.layerCount, meter: &meter, observer: observer)
                return try choose(
                    from: found, induction: { try search.induction(of: $0, meter: &meter) })
            }
            let best =
                if step == 1, let findings = target.findings {
                    try findings.finding(
                        of: self, seed: seed, meter: &meter, find: direction)
                } else {
                    try direction(&meter)
                }
            guard let best else { return }
            model = try meter.timing { try model.orthogonalised(to: best.direction) }
            try observer.advanced(
                to: step, note: "layer \(best.layer), position \(best.position)")
            let goesOn =
                try observer.decision(at: step)
                ?? observer.observe(TamperedModel(model), step: step, cost: meter.cost)
            if !goesOn { return }
        }
    }

    /// Returns the candidates for the direction of a step, with the scores of their ablation.
    private func scored(
        _ search: DirectionSearch, restricted: [String], benign: [String], step: Int, layers: Int,
        meter: inout CostMeter, observer: some AttackObserver
    ) throws -> [DirectionSearch.Candidate] {
        let shallow = Int((Double(layers) * deepestLayer).rounded(.up))
        var found = try search.candidates(
            restricted: restricted, benign: benign, layers: shallow, meter: &meter)
        if candidates > 0 { found = Array(found.prefix(candidates)) }
        for index in found.indices {
            try observer.advanced(
                to: step - 1, note: "candidate \(index + 1) of \(found.count)")
            try search.score(&found[index], meter: &meter)
        }
        return found
    }

    /// Returns the candidate with the lowest refusal score among those that pass the filters, or
    /// else the least divergent of those that bypass refusal. The effect of adding a candidate is
    /// computed only until one passes.
    func choose(
        from candidates: [DirectionSearch.Candidate],
        induction: (DirectionSearch.Candidate) throws -> Double
    ) rethrows -> DirectionSearch.Candidate? {
        let sound = candidates.filter { $0.bypass.isFinite && $0.divergence.isFinite }
        let gentle = sound.filter { $0.divergence <= mostDivergence }
        return try gentle.sorted { $0.bypass < $1.bypass }.first { try induction($0) >= 0 }
            ?? sound.filter { $0.bypass < 0 }.min { $0.divergence < $1.divergence }
            ?? sound.min { $0.bypass < $1.bypass }
    }
}

extension LanguageModel {
    /// Returns the model that cannot write along a direction: W becomes (I - r r') W for the
    /// embedding, and for the matrices and biases of attention, of feed-forward and of all experts
    /// that write to the residual stream.
    ///
    /// - Parameter direction: The unit vector r, `[width]`.
    /// - Returns: A model that shares all other weights.
    /// - Throws: Errors of the engine.
    func orthogonalised(to direction: Tensor) throws -> LanguageModel {
        let column = direction.reshaped([direction.count, 1])
        let row = direction.reshaped([1, direction.count])
        var edited: [String: Tensor] = [:]
        for layer in 0..<configuration.layerCount {
            for (_, name) in configuration.writers(ofLayer: layer) {
                edited[name] = weights[name].map { $0 - column.matmul(row.matmul($0)) }
                let bias = name.replacing(".weight", with: ".bias")
                edited[bias] = weights[bias].map { $0 - $0.matmul(column).matmul(row) }
            }
        }
        // The embedding writes its rows, not its columns.
        let embedding = "model.embed_tokens.weight"
        edited[embedding] = weights[embedding].map { $0 - $0.matmul(column).matmul(row) }
        try evaluate(Array(edited.values))
        return try untyingHead().replacing(edited)
    }
}
