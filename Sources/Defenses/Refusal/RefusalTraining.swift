// SPDX-License-Identifier: Apache-2.0
// Refusal training: the conventional safeguard.

internal import Records
internal import Suites
public import Training

/// Fine-tunes a model to decline restricted prompts and to answer benign ones: the conventional
/// safeguard, and the control for every other defense.
///
/// A third of each batch are restricted prompts with refusals, the rest benign prompts with the
/// suite's answers. Look-alikes of restricted prompts are among the benign ones, because without them a
/// model learns to decline whatever sounds similar. The model's own answers were tried as targets,
/// too: it kept more over-refusal and lost more capability and fluency.
public struct RefusalTraining: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "refusal-training",
        summary: "Fine-tuning to decline restricted prompts and to answer benign ones.",
        source: "the conventional safeguard; a control for every other defense",
        conventionalFor: .refusal)
    /// What progress calls the work.
    public static let phase = "refusal training"

    /// Restricted prompts a step.
    public var restrictedBatch = 4
    /// Benign prompts a step, look-alikes included.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
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
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning on the suite.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        return try TrainingProblem(
            of: target.model,
            on: [
                ExamplePool(examples: examples.declined(), batchSize: restrictedBatch),
                ExamplePool(examples: examples.answered(), batchSize: benignBatch),
            ],
            by: training, seed: target.seed)
    }
}
