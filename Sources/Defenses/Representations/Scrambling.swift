// SPDX-License-Identifier: Apache-2.0
// Scrambling: states of compliant answers become noise in all layers, all others stay.

internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Draws the states of compliant answers to restricted prompts to a random direction for each token,
/// behind every layer and at full rank, and holds the states of prompts, refusals and benign
/// answers.
///
/// An attacker who takes the refusal away then finds no way from the prompt to the answer. A model
/// that declines at its first token never comes to the scrambled states, so that what it says stays
/// fluent. An answer that is put into its mouth does come to them, and goes on incoherently.
///
/// It is Temper's own, put together from random mapping (arXiv:2408.00761), circuit breakers in all
/// layers (EleutherAI/unlearn) and representation noising on answers (arXiv:2405.14577).
public struct Scrambling: Defense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "scrambling",
        summary: "Makes states of compliant answers random in all layers, and holds all others.",
        source: "Temper; after arXiv:2408.00761, arXiv:2406.04313, arXiv:2405.14577",
        passes: "1 forward and backward, 1 forward of the original",
        needs: [.compliantAnswers])

    /// How the model is first taught to decline.
    public var refusal = RefusalFirst()
    /// Behind which shares of the depth states are scrambled; an empty list means behind every
    /// layer. A layer that is left alone is where an attacker begins.
    public var layers: [Double] = []
    /// The weight of scrambled states.
    public var scrambleWeight: Float = 1
    /// The weight of held states, whose distance is a share of the original's norm.
    public var retainWeight: Float = 4
    /// The weight of the loss of refusals.
    public var refusalWeight: Float = 0.5
    /// Compliant answers a step.
    public var restrictedBatch = 6
    /// Refusals of restricted prompts a step.
    public var refusalBatch = 4
    /// Benign examples a step, or retained facts.
    public var retainedBatch = 6
    /// How it trains; a batch is what the three above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.method = .full
        training.learningRate = 5e-5
        training.schedule = .linear
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(refusal)
        try requireDepths("layers", layers)
        for (name, value) in [
            ("scrambleWeight", scrambleWeight), ("retainWeight", retainWeight),
            ("refusalWeight", refusalWeight),
        ] {
            try require(name, Double(value), in: 0...1e6)
        }
        try requireBatches([
            "restrictedBatch": restrictedBatch, "refusalBatch": refusalBatch,
            "retainedBatch": retainedBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// Refusal training, and the scrambling.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let data = try RepresentationData(
            for: Self.name, target: target, retaining: retainedBatch)
        let pools = data.pools(restricted: restrictedBatch, refusals: refusalBatch)
        return data.refusalStage(refusal, seed: target.seed) + [
            HardeningStage("scrambling") { [self] model, _ in
                var problem = try TrainingProblem(
                    of: model, on: pools, by: training, seed: target.seed)
                problem.objective = ScramblingLoss(
                    reference: model, layers: model.statesBehind(layers),
                    weights: (scrambleWeight, retainWeight, refusalWeight),
                    directions: TokenDirections(seed: target.seed))
                return problem
            }
        ]
    }
}
