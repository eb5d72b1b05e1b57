// SPDX-License-Identifier: Apache-2.0
// Diverse refusal: refusals with many different openings.

internal import Records
public import Training

/// Fine-tunes a model to decline with many different openings (arXiv:2608.25390, unverified), so
/// that no fixed first token decides between declining and complying.
///
/// Each refusal of the suite stands behind an opening sentence, or alone. All openings are equally
/// frequent, and no two begin with the same word.
public struct DiverseRefusal: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "diverse-refusal",
        summary: "Refusals with many different openings.",
        source: "arXiv:2608.25390 (unverified: the text could not be found)",
        deviations: """
            Made from a one-line description of the source, which could not be found. The opening \
            sentences are ours, the refusals behind them are the suite's. LoRA, 90 steps of 4 + 8 \
            examples.
            """)
    /// What progress calls the work.
    public static let phase = "diverse refusal"

    /// Examples that are made of each restricted prompt.
    public var variants = 4
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
        try require("variants", variants, in: 1...1_000)
        try require("restrictedBatch", restrictedBatch, in: 1...4_096)
        try require("benignBatch", benignBatch, in: 1...4_096)
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning on refusals with different openings.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let declined = try RefusalShapes(target: target, variants: variants).diverse()
        let examples = HardeningExamples(defense: Self.name, target: target)
        return try TrainingProblem(
            of: target.model,
            on: [
                ExamplePool(examples: declined, batchSize: restrictedBatch),
                ExamplePool(examples: examples.answered(), batchSize: benignBatch),
            ],
            by: training, seed: target.seed)
    }
}
