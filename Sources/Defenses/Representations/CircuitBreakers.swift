// SPDX-License-Identifier: Apache-2.0
// Circuit breakers: restricted states are turned away from where they were.

internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Turns the states of restricted prompts with compliant answers away from where they were, and
/// holds those of benign prompts and refusals (circuit breakers, arXiv:2406.04313).
///
/// In step t the loss is `alpha t/T' mean ‖h - h0‖ + alpha (1 - t/T') mean ReLU cos(h, h0)`. With
/// `orthogonalWeight` above 0 it is the orthogonal variant of EleutherAI/unlearn, which also asks
/// the mean states of the restricted examples of a batch to point in different directions. Breakers
/// alone are satisfied by one linear map in the first layer, which its inverse undoes.
///
/// All layers and full rank are settings: an empty `layers`, and `training.method` `full`.
public struct CircuitBreakers: Defense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "circuit-breakers",
        summary: "Turns restricted states away from where they were, and holds benign ones.",
        source: "arXiv:2406.04313; orthogonal variant from EleutherAI/unlearn",
        deviations: """
            A model that does not decline yet is taught to first. The released schedule is kept: it \
            counts 300 steps while 150 are run, so that both weights end at alpha / 2 \
            (scheduleSteps). Adapters are in all layers, the source's in the first 20 of 32, and \
            have no dropout; in the first step, where the cosine has no gradient, noise of 1% takes \
            its place. The learning rate is ten times the source's, as reproductions needed. The \
            last state is read before the final norm. The orthogonal term weighs \
            orthogonalWeight * c_cb * the mean number of tokens.
            """,
        passes: "1 forward and backward, 1 forward of the original",
        needs: [.compliantAnswers])

    /// How the model is first taught to decline.
    public var refusal = RefusalFirst()
    /// Behind which shares of the depth restricted states are turned away; an empty list means
    /// behind every layer. The source has 10 and 20 of 32 layers.
    public var layers = [0.3125, 0.625]
    /// Which tokens of restricted examples are turned away. Prompts begin with the template's
    /// tokens, whose states benign prompts have, too.
    public var tokens = TokenSelection.all
    /// The weight of both terms together.
    public var alpha: Float = 10
    /// The step at which the weight has moved to what is retained.
    public var scheduleSteps = 300
    /// The weight of the orthogonal term beside the one that turns states away; 0 leaves it out.
    /// EleutherAI/unlearn has 10 beside 23.
    public var orthogonalWeight: Float = 0
    /// Restricted examples a step.
    public var restrictedBatch = 8
    /// Restricted prompts with refusals a step, which are retained.
    public var refusalBatch = 2
    /// Benign examples a step, or retained facts.
    public var retainedBatch = 6
    /// How it trains; a batch is what the three above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.alpha = 16
        training.learningRate = 1e-3
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(refusal)
        try requireDepths("layers", layers)
        try require("alpha", Double(alpha), in: 1e-6...1e6)
        try require("scheduleSteps", scheduleSteps, in: 1...10_000_000)
        try require("orthogonalWeight", Double(orthogonalWeight), in: 0...1e6)
        try requireBatches([
            "restrictedBatch": restrictedBatch, "refusalBatch": refusalBatch,
            "retainedBatch": retainedBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// Refusal training, and the breakers.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let data = try RepresentationData(
            for: Self.name, target: target, retaining: retainedBatch)
        let pools = data.pools(restricted: restrictedBatch, refusals: refusalBatch)
        return data.refusalStage(refusal, seed: target.seed) + [
            HardeningStage("circuit breakers") { [self] model, _ in
                var problem = try TrainingProblem(
                    of: model, on: pools, by: training, seed: target.seed)
                problem.objective = CircuitBreakerLoss(
                    reference: model, layers: model.statesBehind(layers), tokens: tokens,
                    alpha: alpha, scheduleSteps: scheduleSteps, orthogonalWeight: orthogonalWeight,
                    seed: target.seed)
                return problem
            }
        ]
    }
}
