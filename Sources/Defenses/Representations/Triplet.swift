// SPDX-License-Identifier: Apache-2.0
// Triplets: benign states stay, restricted states leave where they were and meet.

internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Holds benign states near where they were and away from restricted ones, and drives restricted
/// states away from where they were and toward each other (contrastive representation learning with
/// triplets, arXiv:2506.11938).
///
/// A benign state's positive is the original's, its negative the mean of the restricted states now.
/// A restricted state's positive is that mean, its negative the original's.
public struct Triplet: Defense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "triplet",
        summary: "Holds benign states, and drives restricted ones away and together.",
        source: "arXiv:2506.11938; margins as in TamperBench",
        deviations: """
            A model that does not decline yet is taught to first, and refusals count as benign. \
            Distances are those of states of norm 1, 0 to 2, with margins .3 and .5: margins of 500 \
            and 1500 on raw distances, as published, give gibberish. The mean of restricted states \
            is that of the batch's tokens at the layer. Adapters are in all layers. The learning \
            rate and the number of steps are scaled to the suite.
            """,
        passes: "1 forward and backward, 1 forward of the original",
        needs: [.compliantAnswers])

    /// How the model is first taught to decline.
    public var refusal = RefusalFirst()
    /// States behind this share of the depth and all that follow are used; the source has layers 20
    /// to 31 of 32.
    public var depth = 0.625
    /// Which tokens of restricted examples are driven away.
    public var tokens = TokenSelection.all
    /// By how much a benign state is nearer to the original's than to restricted ones.
    public var benignMargin: Float = 0.3
    /// By how much a restricted state is nearer to the others than to the original's.
    public var restrictedMargin: Float = 0.5
    /// The weight of benign triplets.
    public var benignWeight: Float = 1
    /// The weight of restricted triplets.
    public var restrictedWeight: Float = 1
    /// The weight of the divergence from the original at benign answers.
    public var divergenceWeight: Float = 1
    /// Restricted examples a step.
    public var restrictedBatch = 6
    /// Restricted prompts with refusals a step, which count as benign.
    public var refusalBatch = 2
    /// Benign examples a step, or retained facts.
    public var retainedBatch = 6
    /// How it trains; a batch is what the three above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 2e-4
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(refusal)
        try require("depth", depth, in: 0...1)
        for (name, value) in [
            ("benignMargin", benignMargin), ("restrictedMargin", restrictedMargin),
        ] {
            try require(name, Double(value), in: 0...2)
        }
        for (name, value) in [
            ("benignWeight", benignWeight), ("restrictedWeight", restrictedWeight),
            ("divergenceWeight", divergenceWeight),
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

    /// Refusal training, and the triplets.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let data = try RepresentationData(
            for: Self.name, target: target, retaining: retainedBatch)
        let pools = data.pools(restricted: restrictedBatch, refusals: refusalBatch)
        return data.refusalStage(refusal, seed: target.seed) + [
            HardeningStage("triplets") { [self] model, _ in
                let count = model.configuration.layerCount
                let first = min(Int((depth * Double(count)).rounded()), count)
                var problem = try TrainingProblem(
                    of: model, on: pools, by: training, seed: target.seed)
                problem.objective = TripletLoss(
                    reference: model, layers: Array(first...count), tokens: tokens,
                    weights: (benignWeight, restrictedWeight, divergenceWeight),
                    margins: (benignMargin, restrictedMargin))
                return problem
            }
        ]
    }
}
