// SPDX-License-Identifier: Apache-2.0
// Refusal feature adversarial training: declining without the direction of refusal.

internal import Adversaries
internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
internal import Tensors
public import Training

/// Fine-tunes a model to decline while the direction that tells restricted prompts from benign ones
/// is removed from its stream, which is what orthogonalisation does to it
/// (ReFAT, arXiv:2409.20089; DeepRefusal, arXiv:2509.15202).
///
/// The direction is found anew from each batch, and removed everywhere in half of the steps; or it
/// is found once, in the model before, and removed at some tokens of each step.
public struct RefusalFeatureAdversarialTraining: Defense {
    /// Which direction is removed.
    public enum Direction: String, Codable, Sendable, CaseIterable {
        /// That of the current model, from the batch's own prompts (ReFAT).
        case recomputed
        /// That of the model before (DeepRefusal).
        case fixed
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "refusal-feature-adversarial-training",
        summary: "Declining while the direction of refusal is removed from the stream.",
        source: "arXiv:2409.20089 (ReFAT, recomputed), arXiv:2509.15202 (DeepRefusal, fixed)",
        deviations: """
            One direction, behind one layer and a prompt's last token, is removed wherever \
            something is written; it is not searched for. Recomputed: from the prompts of each \
            batch in which it is removed, restricted examples alone. Fixed: the released code \
            draws twice, for each hook and then for each token, so that a token is edited with \
            the square of the stated probability; here one draw is made for each token and each \
            block that writes. The loss is one mean over all tokens: the batches' sizes take the \
            place of weights .8 and .2 and of sums per row. Both: LoRA, 90 steps.
            """,
        passes: "1 forward and backward; recomputed: 1 forward of prompts in half of the steps")

    /// Which direction is removed.
    public var direction = Direction.recomputed
    /// Behind which share of the depth the direction is read.
    public var layer = 0.5
    /// How probable it is that a step removes the recomputed direction.
    public var stepProbability = 0.5
    /// How probable it is that a token loses the fixed direction where a block writes.
    public var tokenProbability = 0.05
    /// Prompts of each kind that the fixed direction is found from.
    public var examples = 64
    /// The most tokens of a compliant answer in front of refusals; 0 for none.
    public var prefixTokens = 0
    /// How probable a plain refusal is where there are prefixes.
    public var plainShare = 0.5
    /// Examples that are made of each restricted prompt.
    public var variants = 4
    /// Restricted prompts a step.
    public var restrictedBatch = 6
    /// Everyday prompts a step.
    public var benignBatch = 5
    /// Look-alikes of restricted prompts a step; the direction is not read from them.
    public var lookalikeBatch = 3
    /// How it trains; a batch is what the three above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 1e-3
        training.schedule = .linear
        training.steps = 90
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("layer", layer, in: 0...1)
        try require("stepProbability", stepProbability, in: 0...1)
        try require("tokenProbability", tokenProbability, in: 0...1)
        try require("examples", examples, in: 1...1_000_000)
        try require("prefixTokens", prefixTokens, in: 0...100_000)
        try require("plainShare", plainShare, in: 0...1)
        try require("variants", variants, in: 1...1_000)
        try requireBatches([
            "restrictedBatch": restrictedBatch, "benignBatch": benignBatch,
            "lookalikeBatch": lookalikeBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// One training; a fixed direction is found in front of it.
    ///
    /// - Parameter target: What is hardened.
    /// - Returns: A stage.
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        if prefixTokens > 0 { _ = try target.suite.compliantExamples(for: Self.name) }
        let declined = try RefusalShapes(target: target, variants: variants).deep(
            plainShare: plainShare, prefixTokens: prefixTokens)
        let answered = try HardeningExamples(defense: Self.name, target: target).answered()
        let everyday = target.suite.benign.train.count
        let prefixes = Dictionary(
            declined.filter { $0.prefix > 0 }.map { ($0.example.prompt, $0.prefix) },
            uniquingKeysWith: { first, _ in first })
        var problem = try TrainingProblem(
            of: target.model,
            on: [
                ExamplePool(examples: declined.map(\.example), batchSize: restrictedBatch),
                ExamplePool(examples: Array(answered.prefix(everyday)), batchSize: benignBatch),
                ExamplePool(
                    examples: Array(answered.dropFirst(everyday)), batchSize: lookalikeBatch),
            ],
            by: training, seed: target.seed)
        let depth = target.model.configuration.layerCount
        // In front of the first layer, behind the template's last token, all states are the same.
        let index = min(max(1, Int((layer * Double(depth)).rounded())), depth)
        @Sendable func objective(_ direction: RefusalFeatureAblation.Direction)
            -> RefusalFeatureAblation
        {
            RefusalFeatureAblation(
                direction, prefixes: prefixes, layerCount: depth, seed: target.seed)
        }
        let name = "refusal feature adversarial training"
        switch direction {
        case .recomputed:
            problem.objective = objective(
                .recomputed(layer: index, probability: stepProbability))
            return [HardeningStage(name, training: { [problem] _, _ in problem })]
        case .fixed:
            return [
                HardeningStage(
                    name,
                    training: { [problem] model, preparation in
                        let found = try fixedDirection(
                            of: model, layer: index, target: target, preparation: &preparation)
                        var problem = problem
                        problem.objective = objective(
                            .fixed(found, probability: Float(tokenProbability)))
                        return problem
                    })
            ]
        }
    }

    /// The unit difference of the means of restricted and benign prompts, `[width]`.
    func fixedDirection(
        of model: LanguageModel, layer: Int, target: HardeningTarget,
        preparation: inout Preparation
    ) throws -> Tensor {
        func prompts(_ texts: [String]) throws -> [[Int]] {
            try texts.sample(examples, seed: target.seed).map { try Subject(model).tokens(for: $0) }
        }
        let restricted = try prompts(target.suite.restricted.train.map(\.prompt))
        let benign = try prompts(target.suite.benign.train.map(\.prompt))
        func mean(_ prompts: [[Int]]) throws -> Tensor {
            let sums = try prompts.chunked(into: 32).map { chunk in
                try model.residualStates(TokenBatch(chunk), positions: [-1], layers: layer)
                    .slice(axis: 0, from: layer, to: layer + 1).sum(axes: [0, 1, 2]).evaluated()
            }
            return Tensor.stacked(sums).sum(axis: 0) / Float(prompts.count)
        }
        let planned = Tensor.zeros([model.configuration.width])
        return try preparation.reading(restricted + benign, planned: planned) {
            let difference = try mean(restricted) - mean(benign)
            let norm = try difference.norm().item()
            guard norm > 0, norm.isFinite else {
                throw InputError(
                    "\(Self.name), layer", "restricted and benign prompts do not differ there",
                    remedy: "choose another share of the depth")
            }
            return try (difference / norm).evaluated()
        }
    }
}
