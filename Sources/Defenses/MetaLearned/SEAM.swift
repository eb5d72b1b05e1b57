// SPDX-License-Identifier: Apache-2.0
// SEAM: a model that breaks itself when it is attacked.

internal import JSONText
internal import Records
public import Training

/// Couples harmful and benign gradients so that steps of an attack hurt benign skills
/// (arXiv:2505.12186).
public struct SEAM: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "seam",
        summary: "Harmful gradients are turned against benign ones: an attack breaks the model.",
        source: "arXiv:2505.12186",
        deviations: """
            The unlearning term counts all tokens of harmful answers; the released mask, taken \
            from RepNoise, zeroes the logits of the first token that differs, and drops tokens \
            that stand at the same place of both answers. Its loss is the mean over the head's \
            readings of all streams, the last once. The moves of the Hessian-free estimate are a \
            share of the weights' norm unless probe is published. Gradients are clipped; 200 steps \
            in place of 2,000.
            """,
        passes: "6 forward and backward, of harmful (3), refused (1) and benign (2) examples",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "seam"

    /// The weight alpha of the refusals.
    public var refusalWeight: Float = 1
    /// The weight beta of the cosine between the gradients.
    public var cosineWeight: Float = 0.01
    /// The length of the estimate's moves, in units that `probe` names; published with 1e-3.
    public var epsilon: Float = 1e-4
    /// Whether moves are a share of the weights' norm.
    public var probe = SelfDestructiveObjective.Probe.relative
    /// Restricted prompts a step, with compliant answers, and as many with refusals.
    public var restrictedBatch = 4
    /// Examples a step of what must stay.
    public var benignBatch = 4
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The published weights and learning rate, with fewer steps.
    public init() {
        training = TrainingConfiguration()
        training.method = .full
        training.learningRate = 2e-5
        training.schedule = .warmupCosine
        training.steps = 200
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("refusalWeight", Double(refusalWeight), in: 0...1e6)
        try require("cosineWeight", Double(cosineWeight), in: 0...1e6)
        try require("epsilon", Double(epsilon), in: 1e-9...1)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning with the three terms.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        let pools =
            try [ExamplePool(examples: examples.forgotten(), batchSize: restrictedBatch)]
            + examples.alignment(restricted: restrictedBatch, retained: benignBatch)
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = SelfDestructiveObjective(
            refusalWeight: refusalWeight, cosineWeight: cosineWeight, epsilon: epsilon,
            probe: probe, pools: pools)
        return problem
    }
}
