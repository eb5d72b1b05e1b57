// SPDX-License-Identifier: Apache-2.0
// Gradient ascent on what is to be forgotten, and nothing else.

internal import Records
public import Training

/// Raises the loss of what is to be forgotten, and does nothing else: gradient ascent in its
/// published form (arXiv:2210.01504).
///
/// The loss has no bound, and nothing is retained: it diverges, and takes all else with it. It is
/// here as the baseline that the literature compares with. Few steps at a low rate do least harm;
/// a collapse is found and stops the hardening.
public struct GradientAscent: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "gradient-ascent",
        summary: "Gradient ascent on what is to be forgotten alone; a baseline, which diverges.",
        source: "arXiv:2210.01504; a baseline of arXiv:2310.10683 and arXiv:2401.06121",
        deviations: """
            Adapters are trained unless training.method says otherwise. The steps and the rate are \
            chosen low for a small suite, and are not tuned.
            """, needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "gradient ascent"

    /// Restricted prompts with the answers to be forgotten, a step.
    public var restrictedBatch = 8
    /// How it trains; a batch is what the one above makes it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 1e-4
        training.steps = 24
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try requireBatches(["restrictedBatch": restrictedBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Ascent on the suite's restricted answers.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        var problem = try TrainingProblem(
            of: target.model,
            on: [ExamplePool(examples: examples.forgotten(), batchSize: restrictedBatch)],
            by: training, seed: target.seed)
        problem.objective = AnswerAscent()
        return problem
    }
}
