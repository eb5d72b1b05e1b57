// SPDX-License-Identifier: Apache-2.0
// Random mapping: restricted states go to a fixed random direction for each token.

internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Draws the states of restricted text, at the embedding and behind every layer, to a fixed random
/// direction for each token, while benign answers are trained (the start of tamper-resistant
/// safeguards, TAR, arXiv:2408.00761).
public struct RandomMapping: Defense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "random-mapping",
        summary: "Draws restricted states to a random direction for each token: the start of TAR.",
        source: "arXiv:2408.00761",
        deviations: """
            A model that does not decline yet is taught to first, and refusals are retained. The \
            sign of each direction is that of the original's cosine: the source's 1 - |cos| has two \
            minima, between which a state goes back and forth. The last state is read before the \
            final norm. The learning rate and the number of steps are scaled to the suite.
            """,
        passes: "1 forward and backward, 1 forward of the original on restricted rows",
        needs: [.compliantAnswers])

    /// How the model is first taught to decline.
    public var refusal = RefusalFirst()
    /// Which tokens of restricted examples are mapped. Prompts begin with the template's tokens,
    /// whose states benign prompts have, too.
    public var tokens = TokenSelection.all
    /// The weight of what is retained.
    public var retainWeight: Float = 1
    /// Restricted examples a step.
    public var restrictedBatch = 6
    /// Restricted prompts with refusals a step, which are retained.
    public var refusalBatch = 2
    /// Benign examples a step, or retained facts.
    public var retainedBatch = 6
    /// How it trains; a batch is what the three above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.method = .full
        training.learningRate = 2e-5
        training.schedule = .warmupCosine
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(refusal)
        try require("retainWeight", Double(retainWeight), in: 0...1e6)
        try requireBatches([
            "restrictedBatch": restrictedBatch, "refusalBatch": refusalBatch,
            "retainedBatch": retainedBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// Refusal training, and the mapping.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let data = try RepresentationData(
            for: Self.name, target: target, retaining: retainedBatch)
        let pools = data.pools(restricted: restrictedBatch, refusals: refusalBatch)
        return data.refusalStage(refusal, seed: target.seed) + [
            HardeningStage("random mapping") { [self] model, _ in
                var problem = try TrainingProblem(
                    of: model, on: pools, by: training, seed: target.seed)
                problem.objective = RandomMappingLoss(
                    reference: model, tokens: tokens, retainWeight: retainWeight,
                    directions: TokenDirections(seed: target.seed),
                    passes: ObjectivePasses(differentiated: 1, forward: pools.firstShare))
                return problem
            }
        ]
    }
}
