// SPDX-License-Identifier: Apache-2.0
// Soft prompt: optimised embeddings in front of the user's text.

internal import LanguageModels
public import Records
internal import Suites
internal import Tensors
internal import Tokenization
public import Training

/// Optimises embeddings in front of every prompt until restricted prompts are answered (embedding
/// attack, arXiv:2402.09063).
///
/// No weight changes, and anyone who runs open weights can insert any embeddings. They are used
/// only where the safeguard is attacked. Capability, perplexity and KL divergence are those of the
/// checkpoint, because a user leaves the embeddings out for any other use.
public struct SoftPrompt: TrainedAttack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "soft-prompt",
        summary: "Optimised embeddings in front of the user's text; no weight changes.",
        source: "arXiv:2402.09063; SignSGD as in TamperBench",
        deviations: """
            One universal sequence (the source also has one for each prompt), optimised on \
            training examples in batches and measured on other prompts. It stands in front of the \
            text, where the source puts it behind, and begins at embeddings of ordinary tokens \
            that the seed draws.
            """)

    /// The seed draws the examples, their order and the first embeddings.
    public static let dependsOnSeed = true
    /// It uses the answers to its examples.
    public var learntSplits: [SuiteSplit] { [.train] }

    /// The number of distinct restricted examples, drawn from the training split by the seed.
    public var examples = 64
    /// The number of embeddings.
    public var length = 16
    /// The change of each coordinate in a step of SignSGD.
    public var learningRate: Float = 1e-3
    /// The number of examples a step.
    public var batchSize = 8
    /// The number of optimizer steps.
    public var steps = 200

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("length", length, in: 1...4_096)
        try require("learningRate", Double(learningRate), in: 1e-12...10)
        try require("batchSize", batchSize, in: 1...4_096)
        try require("steps", steps, in: 1...10_000_000)
    }

    /// The embeddings are learnt from restricted examples.
    public var learning: Learning { Learning(from: .restricted, changing: .context) }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { steps }

    /// Optimises the embeddings by SignSGD, and puts them in front of each prompt.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        let model = target.model
        let start = try firstEmbeddings(of: model, seed: seed)
        let framing = Framing(
            insertion: .init(
                tokens: Array(try model.prompted(by: start).virtualIdentifiers),
                position: try Subject(model).tokensBeforePrompt()))
        let framed = Subject(model, framing: framing)
        let taught = try target.suite.compliantExamples().sample(examples, seed: seed).map {
            var example = try model.example(prompt: $0.prompt, answer: $0.answer)
            example.prompt = try framed.tokens(for: $0.prompt)
            return example
        }
        let rate = learningRate
        var problem = TrainingProblem(
            model: model, trainable: .virtualTokens(start),
            pools: [ExamplePool(examples: taught, batchSize: batchSize)], optimizer: SignSGD(),
            learningRate: { _ in rate }, steps: steps, seed: seed)
        problem.framing = framing
        return problem
    }

    /// Returns embeddings of ordinary tokens, `[length, width]`. A token may be drawn more than
    /// once.
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
