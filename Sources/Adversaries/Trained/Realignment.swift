// SPDX-License-Identifier: Apache-2.0
// Realignment: a tampered model is taught to decline again.

internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Teaches a tampered model to decline restricted prompts and to answer benign ones again: the
/// countermeasure of whoever finds a tampered model and wants it safe (arXiv:2310.03693 and later).
///
/// It is no attack, and no battery can name it. It stands among them because it works on a tampered
/// model, which exists in memory alone and must be neither written nor returned.
public struct Realignment: TrainedAttack {
    /// What `temper realign` prints.
    public static let entry = AttackEntry(
        name: "realignment",
        summary: "No attack: refusal training of a model that was tampered with.",
        source: "safety fine-tuning as a countermeasure, arXiv:2310.03693",
        deviations: """
            The suite's refusals and benign prompts in place of published safety data. The model \
            that it leaves is measured and dropped, like every model that was tampered with.
            """)

    /// The seed draws the refusals, the order and the adapters' start.
    public static let dependsOnSeed = true

    /// Restricted prompts with refusals a step.
    public var restrictedBatch = 4
    /// Benign prompts a step, look-alikes included.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training = TrainingConfiguration()

    /// The defaults.
    public init() { training.steps = 32 }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("restrictedBatch", restrictedBatch, in: 1...4_096)
        try require("benignBatch", benignBatch, in: 1...4_096)
        try training.validate()
        try training.requireChat()
    }

    /// It learns to decline.
    public var learning: Learning { Learning(from: .other, changing: training.change) }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { training.steps }

    /// Refusals and benign answers.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        let (model, suite) = (target.model, target.suite)
        var generator = SplitMix64(seed: seed)
        let declined = try suite.restricted.train.map { item in
            let refusal = suite.refusals.randomElement(using: &generator)?.text ?? ""
            return try model.example(prompt: item.prompt, answer: refusal)
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
