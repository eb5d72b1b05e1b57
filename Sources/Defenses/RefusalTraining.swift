// SPDX-License-Identifier: Apache-2.0
// Refusal training: the conventional safeguard.

public import LanguageModels
internal import Records
public import Suites
public import Training

/// Fine-tunes a model to decline restricted prompts and to answer benign ones: the conventional
/// safeguard, and the control for every other defense.
///
/// A third of each batch are restricted prompts with refusals, the rest benign prompts with the
/// suite's answers. Look-alikes of restricted prompts are among the benign ones, because without them a
/// model learns to decline whatever sounds similar. The model's own answers were tried as targets,
/// too: it kept more over-refusal and lost more capability and fluency.
public struct RefusalTraining: Defense {
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
        try require("restrictedBatch", restrictedBatch, in: 1...4_096)
        try require("benignBatch", benignBatch, in: 1...4_096)
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning on the suite.
    public func problem(
        hardening model: LanguageModel, suite: Suite, seed: UInt64
    ) throws -> TrainingProblem {
        var generator = SplitMix64(seed: seed)
        let declined = try suite.restricted.train.map { item in
            let text = suite.refusals.randomElement(using: &generator)?.text ?? ""
            return try model.example(prompt: item.prompt, answer: text)
        }
        let answered = try (suite.benign.train + suite.lookalike.train).map {
            try model.example(prompt: $0.prompt, answer: $0.answer)
        }
        return try TrainingProblem(
            of: model,
            on: [
                ExamplePool(examples: declined, batchSize: restrictedBatch),
                ExamplePool(examples: answered, batchSize: benignBatch),
            ],
            by: training, seed: seed)
    }
}
