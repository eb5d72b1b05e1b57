// SPDX-License-Identifier: Apache-2.0
// Distillation of the safeguarded model into the checkpoint that it was made from.

internal import LanguageModels
internal import Records
internal import Tokenization

/// Takes the checkpoint that the model was made from, which has no safeguard, and fine-tunes it on
/// the safeguarded model's own answers to benign prompts: what hardening added of use is learnt
/// back, its refusals are not (sequence-level distillation, arXiv 1606.07947).
public struct Distillation: Attack {
    /// What `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "distillation",
        summary: "The safeguarded model's benign answers taught to the base it was made from.",
        source: "arXiv 1606.07947",
        deviations: "Greedy answers take the place of beam search.")

    /// The seed draws the prompts, their order and the adapters' start.
    public static let dependsOnSeed = true
    /// The student is the base.
    public var needsBase: Bool { true }

    /// Distinct benign prompts, drawn from the training split by the seed.
    public var examples = 64
    /// An answer has so many tokens at most.
    public var answerTokens = 48
    /// How it trains.
    public var training = Training()

    /// The defaults.
    public init() { training.steps = 16 }

    /// Throws an ``AdversaryError`` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("answerTokens", answerTokens, in: 1...100_000)
        try training.validate()
        try training.requireChat()
    }

    /// Its own steps, or the budget's if these are fewer.
    public func steps(within budget: AttackBudget) -> Int { training.steps(within: budget) }

    /// The model answers, and each step learns from a batch.
    public func passes(within budget: AttackBudget, suite: Suite) -> Int {
        examples + 3 * steps(within: budget) * training.batchSize
    }

    /// A step of the longest prompts with the longest answers.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        let student = Subject(target.base ?? target.model)
        let prompts = target.suite.benign.train.map(\.prompt)
        let longest = try prompts.longest(text: \.self) { try student.tokens(for: $0).count }
        return training.extent(
            exampleTokens: longest + answerTokens, measured: try target.extent(under: [Framing()]))
    }

    /// Asks the model, trains its base, and offers that after 1, 2, 4, 8 ... steps and at the end.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        let (teacher, student) = try target.modelAndBase(for: Self.entry.name)
        guard student.tokenizer.vocabularySize == teacher.tokenizer.vocabularySize else {
            throw AdversaryError(
                place: Self.entry.name,
                problem: "the base has another vocabulary; name the checkpoint that the model was "
                    + "made from with --original")
        }
        let prompts = target.suite.benign.train.sample(examples, seed: seed).map(\.prompt)
        let inputs = try prompts.map { try Subject(teacher).tokens(for: $0) }
        try observer.advanced(to: 0, note: "\(prompts.count) answers of the model")
        let answers = try meter.timing {
            try Generator(maximumTokens: answerTokens).generate(from: inputs, model: teacher)
        }
        for (input, answer) in zip(inputs, answers) {
            meter.countForward(tokens: input.count + answer.count)
        }
        let taught = try zip(prompts, answers).map { prompt, answer in
            try CompletionExample(prompt: Subject(student).tokens(for: prompt), completion: answer)
        }
        var work = try FineTuning(
            of: student, on: [.init(examples: taught, batchSize: training.batchSize)],
            training: training, seed: seed, examplesAtOnce: target.examplesAtOnce)
        try work.run(
            to: steps(within: target.budget), meter: &meter, observer: &observer)
    }
}
