// SPDX-License-Identifier: Apache-2.0
// Realignment: a tampered model is trained to decline again.

internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Trains a tampered model to decline restricted prompts and to answer benign ones again. It is the
/// countermeasure of a user who wants to make a tampered model safe (arXiv:2310.03693 and later).
///
/// It is not an attack, and no battery can name it. It is here because it works on a tampered
/// model, which exists only in memory and must be neither written nor returned.
public struct Realignment: TrainedAttack {
    /// The name, source and deviations of the countermeasure.
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

    /// The number of restricted prompts with refusals a step.
    public var restrictedBatch = 4
    /// The number of benign prompts a step, including look-alikes.
    public var benignBatch = 8
    /// The training. Its batch size follows from the two numbers above.
    public var training = TrainingConfiguration()

    /// Makes the default realignment.
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

    /// Makes the training on refusals and benign answers.
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
