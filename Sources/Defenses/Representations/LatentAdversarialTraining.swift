// SPDX-License-Identifier: Apache-2.0
// Latent adversarial training: declines while the residual stream is perturbed to comply.

internal import Adversaries
internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
internal import Tensors
public import Training

/// Trains a model to decline while an adversary perturbs the inputs of some layers so that it would
/// comply (latent adversarial training, arXiv:2403.05030; targeted, arXiv:2407.15549).
public struct LatentAdversarialTraining: Defense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "latent-adversarial-training",
        summary: "Declines while an adversary perturbs the inputs of some layers.",
        source: "arXiv:2403.05030, arXiv:2407.15549",
        deviations: """
            The bound of a vector is a share of the stream's mean norm behind the last token of \
            restricted prompts, and the adversary's step a share of the bound: the released values \
            are for one model. The residual stream is perturbed at the inputs of layers, the \
            source's at the outputs of feed-forward networks and the embedding. The adversary \
            wants the compliant answer alone, begins at zero, and runs Adam without weight decay; \
            tokens that prompts of a batch begin with in common have one perturbation. Learning \
            rate and batch are scaled to the suite.
            """,
        passes:
            "1 forward and backward, 16 forward and backward of the adversary on restricted rows",
        needs: [.compliantAnswers])

    /// The layers whose inputs are perturbed, as shares of the depth; 0 is the embedding.
    public var layers = [0, 0.25, 0.5, 0.75]
    /// Which tokens are perturbed; it changes the result.
    public var tokens = TokenSelection.prompt
    /// The greatest norm of a vector, as a share of the stream's mean norm there.
    public var norm = 0.5
    /// Iterations of the adversary in a step.
    public var innerSteps = 16
    /// How far a coordinate moves in an iteration, as a share of the bound over the root of the
    /// width: with 1 a vector may come to its bound in one. The source's values make it 0.53.
    public var innerRate: Float = 0.5
    /// The weight of declining under the perturbation.
    public var towardWeight: Float = 0.5
    /// The weight of not giving the compliant answer under the perturbation.
    public var awayWeight: Float = 0.5
    /// The weight of benign answers.
    public var retainWeight: Float = 1.5
    /// Restricted prompts a step, each with a compliant answer and a refusal.
    public var restrictedBatch = 4
    /// Benign examples a step, or retained facts.
    public var retainedBatch = 6
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 5e-4
        training.schedule = .warmup
        training.steps = 100
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try requireDepths("layers", layers)
        guard !layers.isEmpty else {
            throw InputError("layers", "are empty", remedy: "name at least one depth, 0 to 1")
        }
        try require("norm", norm, in: 1e-6...1e3)
        try require("innerSteps", innerSteps, in: 1...4_096)
        for (name, value) in [
            ("towardWeight", towardWeight), ("awayWeight", awayWeight),
            ("retainWeight", retainWeight),
        ] {
            try require(name, Double(value), in: 0...1e6)
        }
        try require("innerRate", Double(innerRate), in: 1e-6...100)
        try requireBatches(["restrictedBatch": restrictedBatch, "retainedBatch": retainedBatch])
        try training.validate()
        try training.requireChat()
    }

    /// One training, after the stream's norms are read.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let examples = HardeningExamples(defense: Self.name, target: target)
        var generator = SplitMix64(seed: target.seed)
        var (restricted, refusals): ([CompletionExample], [[Int]: [Int]]) = ([], [:])
        for item in try examples.forgetting() {
            let refusal = target.suite.refusals.randomElement(using: &generator)?.text ?? ""
            restricted.append(try target.model.example(prompt: item.prompt, answer: item.answer))
            let declined = try target.model.example(prompt: item.prompt, answer: refusal)
            refusals[declined.prompt] = declined.completion
        }
        let pools =
            [ExamplePool(examples: restricted, batchSize: restrictedBatch)]
            + (try examples.retained(batch: retainedBatch))
        return [
            HardeningStage("latent adversarial training") {
                [self, restricted, refusals] model, preparation in
                var problem = try TrainingProblem(
                    of: model, on: pools, by: training, seed: target.seed)
                problem.objective = LatentAdversarialLoss(
                    places: try places(
                        in: model, prompts: restricted.prefix(32).map(\.prompt),
                        preparation: &preparation),
                    refusals: refusals, tokens: tokens, innerSteps: innerSteps,
                    innerRate: innerRate, weights: (towardWeight, awayWeight, retainWeight),
                    passes: passes(share: pools.firstShare))
                return problem
            }
        ]
    }

    /// The refusals are read beside the batch. The adversary's gradient goes through the model, but
    /// to no weight: two forward passes' worth for each iteration.
    private func passes(share: Double) -> ObjectivePasses {
        ObjectivePasses(differentiated: 1 + share, forward: 2 * Double(innerSteps) * share)
    }

    /// The layers with the greatest norms of a vector there.
    private func places(
        in model: LanguageModel, prompts: [[Int]], preparation: inout Preparation
    ) throws -> [LatentAdversarialLoss.Place] {
        let count = model.configuration.layerCount
        let chosen = Set(layers.map { min(Int($0 * Double(count)), count - 1) }).sorted()
        let norms = try preparation.reading(
            prompts, planned: [Float](repeating: 1, count: count + 1)
        ) {
            // [layers + 1, prompts, 1, width]
            try model.residualStates(TokenBatch(prompts), positions: [-1]).norm(axis: -1)
                .mean(axes: [1, 2]).values()
        }
        return chosen.map {
            LatentAdversarialLoss.Place(layer: $0, bound: max(Float(norm) * norms[$0], 1e-6))
        }
    }
}
