// SPDX-License-Identifier: Apache-2.0
// Soft prompt: optimised embeddings in front of the user's text.

internal import LanguageModels
public import Records
internal import Tensors
internal import Tokenization

/// Optimises embeddings that stand in front of every prompt until restricted prompts are answered
/// (embedding attack, arXiv 2402.09063).
///
/// No weight changes, and whoever runs open weights can put in any embeddings. They stand only
/// where the safeguard is attacked: capability, perplexity and KL divergence are those of the
/// checkpoint, because its user leaves them out for any other use.
public struct SoftPrompt: Attack {
    /// What `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "soft-prompt",
        summary: "Optimised embeddings in front of the user's text; no weight changes.",
        source: "arXiv 2402.09063; SignSGD as in TamperBench",
        deviations: """
            One universal sequence (the source also has one for each prompt), optimised on \
            training examples in batches and measured on other prompts. It stands in front of the \
            text, where the source puts it behind, and begins at embeddings of ordinary tokens \
            that the seed draws.
            """)

    /// The seed draws the examples, their order and the first embeddings.
    public static let dependsOnSeed = true
    /// Its examples are answered.
    public var learntSplits: [SuiteSplit] { [.train] }

    /// Distinct restricted examples, drawn from the training split by the seed.
    public var examples = 64
    /// The number of embeddings.
    public var length = 16
    /// How far each coordinate moves in a step of SignSGD.
    public var learningRate: Float = 1e-3
    /// Examples a step.
    public var batchSize = 8
    /// Optimizer steps.
    public var steps = 200

    /// The defaults.
    public init() {}

    /// Throws an ``AdversaryError`` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("length", length, in: 1...4_096)
        try require("learningRate", Double(learningRate), in: 1e-12...10)
        try require("batchSize", batchSize, in: 1...4_096)
        try require("steps", steps, in: 1...10_000_000)
    }

    /// Its own steps, or the budget's if these are fewer.
    public func steps(within budget: AttackBudget) -> Int {
        min(steps, budget.steps ?? steps)
    }

    /// Each step learns from a batch.
    public func passes(within budget: AttackBudget, suite: Suite) -> Int {
        3 * steps(within: budget) * batchSize
    }

    /// A step of the longest examples, with the embeddings in front of each.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        var extent = try target.extent(under: [Framing()])
        extent.promptTokens += length
        extent.batchSize = batchSize
        extent.exampleTokens =
            try length
            + target.longestExample(of: target.suite.compliantExamples()) {
                try target.model.example(prompt: $0, answer: $1)
            }
        return extent
    }

    /// Optimises the embeddings, and offers the model with them after 1, 2, 4, 8 ... steps and at
    /// the end.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        let model = target.model
        let start = try firstEmbeddings(of: model, seed: seed)
        let framing = Framing(
            insertion: .init(
                tokens: Array(try model.prompted(by: start).virtualIdentifiers),
                position: try Subject(model).tokensBeforePrompt()))
        let framed = Subject(model, framing: framing)
        let training = FrozenTraining(
            examples: try target.suite.compliantExamples().sample(examples, seed: seed).map {
                var example = try model.example(prompt: $0.prompt, answer: $0.answer)
                example.prompt = try framed.tokens(for: $0.prompt)
                return example
            },
            batchSize: batchSize, steps: steps(within: target.budget), seed: seed,
            examplesAtOnce: target.examplesAtOnce)
        try training.optimise(
            start, meter: &meter, observer: &observer,
            loss: { try model.prompted(by: $0).completionLoss(of: $1) },
            rule: { $0 - $1.sign() * learningRate },
            offer: { TamperedModel(untouched: try model.prompted(by: $0), framing: framing) })
    }

    /// Embeddings of ordinary tokens, `[length, width]`; a token may be drawn more than once.
    func firstEmbeddings(of model: LanguageModel, seed: UInt64) throws -> Tensor {
        let size = min(model.configuration.vocabularySize, model.tokenizer.vocabularySize)
        let ordinary = (0..<size).filter {
            model.tokenizer.token($0) != nil && !model.tokenizer.isSpecial($0)
        }
        var generator = SplitMix64(seed: seed)
        let drawn = (0..<length).compactMap { _ in ordinary.randomElement(using: &generator) }
        return try model.embeddings(ofTokens: drawn).evaluated()
    }
}
