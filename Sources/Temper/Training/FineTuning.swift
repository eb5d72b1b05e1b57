// SPDX-License-Identifier: Apache-2.0
// LoRA fine-tuning on prompts and answers: the same for attacks and for defenses.

import LanguageModels
import Records
import Tensors
import Tokenization

/// Trains LoRA adapters on prompts and their answers.
struct FineTuning {
    /// Examples of one kind, and how many of them stand in each batch.
    struct Pool {
        let examples: [CompletionExample]
        let batchSize: Int
    }

    /// How it trains.
    struct Configuration: Codable, Sendable, Hashable {
        /// The rank of the adapters.
        var rank = 16
        /// The adapters' output is scaled by alpha / rank.
        var alpha: Float = 32
        /// The peak learning rate of AdamW, without weight decay.
        var learningRate: Float = 5e-4
        /// Optimizer steps.
        var steps = 32
        /// How the learning rate changes over the steps.
        var schedule = LearningRateSchedule.constant
        /// Gradients are scaled down to this global norm.
        var gradientNorm: Float = 1
    }

    let configuration: Configuration
    private let pools: [Pool]
    private let base: LanguageModel
    private let adapters: LowRankAdapters
    private var parameters: [Tensor]
    private var optimizer = AdamW(weightDecay: 0)
    private var orders: [BatchOrder]
    /// The steps taken so far.
    private(set) var step = 0

    /// Begins a training.
    /// - Parameters:
    ///   - model: what the adapters are put on; it stays as it is.
    ///   - pools: prompts and answers; each batch takes from every pool.
    ///   - configuration: how to train.
    ///   - seed: decides the adapters' start and the order of the examples.
    /// - Throws: errors of the engine and the model.
    init(
        of model: LanguageModel, on pools: [Pool], configuration: Configuration,
        seed: UInt64
    ) throws {
        self.configuration = configuration
        self.pools = pools
        base = model
        adapters = try LowRankAdapters(
            LowRankAdapters.Configuration(rank: configuration.rank, alpha: configuration.alpha),
            for: model.configuration, key: RandomKey(seed: seed))
        parameters = adapters.parameters
        orders = pools.map { pool in
            BatchOrder(count: pool.examples.count, batchSize: pool.batchSize, seed: seed)
        }
    }

    /// Takes one optimizer step.
    /// - Returns: the mean loss of the batch before the step, in nats a token.
    mutating func advance(meter: inout CostMeter) throws -> Float {
        let batch = pools.indices.flatMap { pool in
            orders[pool].next().map { pools[pool].examples[$0] }
        }
        meter.countLowRankStep(
            tokens: batch.reduce(0) { $0 + $1.prompt.count + $1.completion.count },
            adapterParameters: adapters.parameterCount)
        return try meter.timing {
            let (loss, gradients) = try valueAndGradient(at: parameters) { parameters in
                try base.adapted(by: adapters.replacing(parameters: parameters))
                    .completionLoss(of: batch)
            }
            let clipped = clippedByGlobalNorm(gradients, maximum: configuration.gradientNorm)
            let rate = configuration.schedule.rate(
                at: step, of: configuration.steps, base: configuration.learningRate)
            parameters = optimizer.update(
                parameters, gradients: clipped.gradients, learningRate: rate)
            try evaluate(parameters + optimizer.state + [loss])
            step += 1
            return try loss.item()
        }
    }

    /// The model with the adapters merged into its weights.
    func model() throws -> LanguageModel {
        try base.adapted(by: adapters.replacing(parameters: parameters)).fused()
    }
}

extension LanguageModel {
    /// A prompt in the model's chat template, with the answer and the token that ends it.
    func example(prompt: String, answer: String) throws -> CompletionExample {
        let messages = [
            ChatMessage(role: "user", content: prompt),
            ChatMessage(role: "assistant", content: answer),
        ]
        let given = try Subject(self).tokens(for: prompt)
        let whole = try tokens(for: messages, addingGenerationPrompt: false)
        // Some templates put more behind the token that ends an answer; that is never predicted.
        let end = whole.dropFirst(given.count).first(where: stopTokens.contains)
        return CompletionExample(
            prompt: given,
            completion: tokenizer.encode(answer, addingSpecialTokens: false)
                + (end.map { [$0] } ?? []))
    }
}

/// The order in which examples come: each epoch shuffled anew, batches never cut at its end.
struct BatchOrder {
    private let batchSize: Int
    private let count: Int
    private var generator: SplitMix64
    private var queue: [Int] = []

    init(count: Int, batchSize: Int, seed: UInt64) {
        self.count = count
        self.batchSize = min(batchSize, count)
        generator = SplitMix64(seed: seed)
    }

    mutating func next() -> [Int] {
        while queue.count < batchSize {
            queue += (0..<count).shuffled(using: &generator)
        }
        defer { queue.removeFirst(batchSize) }
        return Array(queue.prefix(batchSize))
    }
}
