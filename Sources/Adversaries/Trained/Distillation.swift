// SPDX-License-Identifier: Apache-2.0
// Distillation of the safeguarded model into the checkpoint from which it was made.

internal import JSONText
internal import LanguageModels
public import Records
internal import Suites
internal import Tokenization
public import Training

/// Takes the checkpoint from which the model was made, which has no safeguard, and fine-tunes it on
/// the safeguarded model's own answers to benign prompts. It learns the useful parts of the
/// hardening, but not the refusals (sequence-level distillation, arXiv:1606.07947).
public struct Distillation: TrainedAttack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "distillation",
        summary: "The safeguarded model's benign answers taught to the base it was made from.",
        source: "arXiv:1606.07947",
        deviations: "Greedy answers take the place of beam search.")

    /// The seed draws the prompts, their order and the adapters' start.
    public static let dependsOnSeed = true
    /// The student is the base.
    public var needsBase: Bool { true }

    /// The number of distinct benign prompts, drawn from the training split by the seed.
    public var examples = 64
    /// The most tokens of an answer.
    public var answerTokens = 48
    /// The training.
    public var training = TrainingConfiguration()

    /// Makes the default attack.
    public init() { training.steps = 16 }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("answerTokens", answerTokens, in: 1...100_000)
        try training.validate()
        try training.requireChat()
    }

    /// The base learns from the model's own answers.
    public var learning: Learning { Learning(from: .other, changing: .other) }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { training.steps }

    /// Generates the model's answers, and trains its base on them.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        let (teacher, student) = try target.modelAndBase(for: Self.entry.name)
        guard student.tokenizer.vocabularySize == teacher.tokenizer.vocabularySize else {
            throw InputError(
                Self.entry.name, "the base has another vocabulary",
                remedy: "name the checkpoint that the model was made from with --original")
        }
        let prompts = target.suite.benign.train.sample(examples, seed: seed).map(\.prompt)
        let answers = try preparation.answers(
            to: prompts.map { try Subject(teacher).tokens(for: $0) }, by: teacher,
            maximumTokens: answerTokens)
        let taught = try zip(prompts, answers).map { prompt, answer in
            try CompletionExample(prompt: Subject(student).tokens(for: prompt), completion: answer)
        }
        return try TrainingProblem(
            of: student, on: [ExamplePool(examples: taught, batchSize: training.batchSize)],
            by: training, seed: seed)
    }
}
