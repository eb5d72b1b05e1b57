// SPDX-License-Identifier: Apache-2.0
// Representation noising: states of compliant answers become noise.

internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Makes the states of compliant answers look like noise at every layer, and unlearns the answers
/// as every layer's state predicts them, beside refusals and benign answers (representation noising,
/// arXiv:2405.14577).
public struct RepNoise: TrainedDefense {
    /// Which tokens of a compliant answer are unlearnt.
    public enum Mask: String, Codable, Sendable, CaseIterable {
        /// All, as the paper says.
        case corrected
        /// All but the first, which decides whether the model declines: the released code's mask
        /// sets its logits to zero, so that it has no gradient.
        case released
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "repnoise",
        summary: "Makes the states of compliant answers noise at every layer.",
        source: "arXiv:2405.14577",
        deviations: """
            States are the residual stream behind each layer, divided by the root mean square of \
            their coordinates; the source has the outputs of feed-forward networks as they are. The \
            discrepancy is that of tokens in d dimensions: the source takes a whole row as one \
            point of T * d dimensions, where the kernels of few rows say almost nothing. The \
            released mask gives the first differing token no gradient; the default corrects it \
            (mask). All tokens of an answer count, also one that the refusal has in the same place. \
            The learning rate and the number of steps are scaled to the suite.
            """,
        passes: "1 forward and backward, and the head behind every layer",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "representation noising"

    /// The weight of the ascent on compliant answers.
    public var alpha: Float = 1
    /// The weight of the noise.
    public var beta: Float = 1e-3
    /// Which tokens of a compliant answer are unlearnt.
    public var mask = Mask.corrected
    /// Compliant answers a step.
    public var restrictedBatch = 4
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
        training.learningRate = 2e-5
        training.schedule = .warmupCosine
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("alpha", Double(alpha), in: 0...1e6)
        try require("beta", Double(beta), in: 0...1e6)
        try requireBatches([
            "restrictedBatch": restrictedBatch, "refusalBatch": refusalBatch,
            "retainedBatch": retainedBatch,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// One training.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let data = try RepresentationData(
            for: Self.name, target: target, retaining: retainedBatch)
        let pools = data.pools(restricted: restrictedBatch, refusals: refusalBatch)
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = RepresentationNoiseLoss(
            alpha: alpha, beta: beta, leavesOutFirst: mask == .released, seed: target.seed,
            passes: passes(of: target.model, restricted: data.restricted, share: pools.firstShare))
        return problem
    }

    /// The head behind every layer, for the answers' tokens of the restricted examples.
    private func passes(
        of model: LanguageModel, restricted: [CompletionExample], share: Double
    ) -> ObjectivePasses {
        let shape = (model.configuration.vocabularySize, model.configuration.width)
        let head = Double(shape.0 * shape.1) / Double(model.matrixParameterCount)
        let tokens = restricted.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        let targets = restricted.reduce(0) { $0 + $1.completion.count }
        let predicted = share * Double(targets) / Double(max(tokens, 1))
        return ObjectivePasses(
            differentiated: 1 + head * predicted * Double(model.configuration.layerCount))
    }
}
