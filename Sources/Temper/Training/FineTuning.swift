// SPDX-License-Identifier: Apache-2.0
// Fine-tuning on prompts and answers: the same for attacks and for defenses.

import Foundation
import LanguageModels
import Records
import Tensors
import Tokenization

/// Trains a model, or adapters on it, on prompts and their answers.
struct FineTuning {
    /// Examples of one kind, and how many of them stand in each batch.
    struct Pool {
        let examples: [CompletionExample]
        let batchSize: Int
    }

    /// What the numbers that are trained stand for.
    private enum Trained {
        case adapters(LowRankAdapters)
        case weights([String])
    }

    private let training: Training
    private let base: LanguageModel
    private let kind: Trained
    private let seed: UInt64
    private let examplesAtOnce: Int?
    private var parameters: [Tensor]
    private var optimizer: any Optimizer
    private var pools: [Pool] = []
    private var orders: [BatchOrder] = []
    /// The distinct examples that earlier pools gave.
    private var earlierExamples = 0
    /// The steps taken so far.
    private(set) var step = 0
    /// Where the training is saved, and when that is due.
    private var saving: (place: SavedTraining, due: ContinuousClock.Instant)?

    /// Begins a training.
    /// - Parameters:
    ///   - model: what is trained; it stays as it is.
    ///   - pools: prompts and answers; each batch takes from every pool.
    ///   - training: how to train; its batch size is that of the pools.
    ///   - seed: decides the adapters' start and the order of the examples.
    ///   - examplesAtOnce: the most that are computed at once; nil computes a step in whole.
    /// - Throws: errors of the engine and the model.
    init(
        of model: LanguageModel, on pools: [Pool], training: Training, seed: UInt64,
        examplesAtOnce: Int? = nil
    ) throws {
        self.training = training
        self.seed = seed
        self.examplesAtOnce = examplesAtOnce
        base = model
        optimizer = training.rule
        switch training.method {
        case .lora:
            let adapters = try LowRankAdapters(
                LowRankAdapters.Configuration(
                    rank: training.rank, alpha: training.alpha, targets: training.targets),
                for: model.configuration, key: RandomKey(seed: seed))
            kind = .adapters(adapters)
            parameters = adapters.parameters
        case .full:
            let names = model.weights.keys.sorted()
            kind = .weights(names)
            parameters = names.compactMap { model.weights[$0] }
        }
        learn(from: pools)
    }

    /// Takes the batches of the steps to come from other pools.
    mutating func learn(from pools: [Pool]) {
        earlierExamples = distinctExamples
        self.pools = pools
        orders = pools.map {
            BatchOrder(count: $0.examples.count, batchSize: $0.batchSize, seed: seed)
        }
    }

    /// Takes one optimizer step.
    /// - Returns: the mean loss of the batch before the step, in nats a token.
    mutating func advance(meter: inout CostMeter) throws -> Float {
        try saveIfDue(cost: meter.cost)
        let batch = pools.indices.flatMap { pool in
            orders[pool].next().map { pools[pool].examples[$0] }
        }
        let tokens = batch.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        switch kind {
        case .adapters(let adapters):
            meter.countLowRankStep(tokens: tokens, adapterParameters: adapters.parameterCount)
        case .weights: meter.countFullStep(tokens: tokens)
        }
        meter.use(examples: distinctExamples)
        return try meter.timing {
            let (loss, gradients) = try batchGradient(
                at: parameters, of: batch, atOnce: examplesAtOnce
            ) { try trained($0).completionLoss(of: $1) }
            let clipped = clippedByGlobalNorm(gradients, maximum: training.gradientNorm)
            parameters = optimizer.update(
                parameters, gradients: clipped.gradients, learningRate: training.rate(at: step))
            try evaluate(parameters + optimizer.state + [loss])
            step += 1
            return try loss.item()
        }
    }

    /// The model as it is trained so far, adapters merged into its weights.
    func model() throws -> LanguageModel {
        try trained(optimizer.evaluationParameters(parameters)).fused()
    }

    private var distinctExamples: Int {
        zip(pools, orders).reduce(earlierExamples) {
            $0 + min($1.0.examples.count, $1.1.drawn)
        }
    }

    private func trained(_ parameters: [Tensor]) throws -> LanguageModel {
        switch kind {
        case .adapters(let adapters):
            try base.adapted(by: adapters.replacing(parameters: parameters))
        case .weights(let names):
            try base.replacing(
                Dictionary(zip(names, parameters), uniquingKeysWith: { first, _ in first }))
        }
    }
}

extension FineTuning {
    /// What goes on from one step to the next. The order of the examples is found anew.
    struct State {
        let step: Int
        let cost: AttackCost
        let parameters: [Tensor]
        let optimizerTensors: [Tensor]
        let optimizerNumbers: [Double]
    }

    /// Takes up what is saved of this training, and saves it from now on.
    /// - Parameters:
    ///   - place: where; nil does nothing.
    ///   - meter: pays for the steps that are taken up.
    /// - Throws: `CheckpointError` and `LanguageModelError` when what is saved does not fit.
    mutating func save(to place: SavedTraining?, meter: inout CostMeter) throws {
        guard let place else { return }
        saving = (place, place.next(after: .now))
        guard let state = try place.state() else { return }
        let shapes = parameters.map(\.shape)
        optimizer.state = state.optimizerTensors
        optimizer.numbers = state.optimizerNumbers
        guard (1...training.steps).contains(state.step),
            state.parameters.map(\.shape) == shapes,
            optimizer.state.enumerated().allSatisfy({ $1.shape == shapes[$0 % shapes.count] }),
            optimizer.state.count == state.optimizerTensors.count,
            optimizer.numbers == state.optimizerNumbers
        else { throw place.misfit }
        parameters = state.parameters
        step = state.step
        for pool in orders.indices {
            for _ in 0..<step { _ = orders[pool].next() }
        }
        meter.pay(state.cost)
    }

    private mutating func saveIfDue(cost: AttackCost) throws {
        guard let (place, due) = saving, step > 0, .now >= due else { return }
        saving?.due = try place.save(
            State(
                step: step, cost: cost, parameters: parameters, optimizerTensors: optimizer.state,
                optimizerNumbers: optimizer.numbers))
    }
}

extension FineTuning {
    /// Trains, and offers the model after 1, 2, 4, 8 ... steps and at the end.
    /// - Parameters:
    ///   - total: the steps.
    ///   - meter: counts what the adversary pays.
    ///   - observer: measures; says whether to go on.
    ///   - beforeStep: may change what is learnt from.
    ///   - tampered: how a model is offered.
    /// - Throws: errors of the engine, the model and the observer; `CancellationError`.
    mutating func run(
        to total: Int, meter: inout CostMeter, observer: inout some AttackObserver,
        beforeStep: (inout FineTuning) -> Void = { _ in },
        tampered: (LanguageModel) -> TamperedModel = { TamperedModel($0) }
    ) throws {
        var losses: [Double] = []
        while step < total {
            beforeStep(&self)
            let loss = try advance(meter: &meter)
            losses.append(Double(loss))
            try observer.advanced(to: step, note: String(format: "loss %.2f", loss))
            guard step == total || step.nonzeroBitCount == 1 else { continue }
            let goesOn =
                try observer.decision(at: step)
                ?? observer.observe(
                    tampered(model()), step: step, cost: meter.cost, loss: Interval.mean(losses))
            if !goesOn { return }
            losses = []
        }
    }
}

extension LanguageModel {
    /// A prompt in the model's chat template, with the answer and the token that ends it.
    func example(
        _ subject: Subject, prompt: String, answer: String
    ) throws -> CompletionExample {
        let messages = [
            ChatMessage(role: "user", content: prompt),
            ChatMessage(role: "assistant", content: answer),
        ]
        let given = try subject.tokens(for: prompt)
        // Some templates put more behind the token that ends an answer; that is never predicted.
        let whole = try tokens(for: messages, addingGenerationPrompt: false)
        let plain = try Subject(self).tokens(for: prompt)
        let end = whole.dropFirst(plain.count).first(where: stopTokens.contains)
        return CompletionExample(
            prompt: given,
            completion: tokenizer.encode(answer, addingSpecialTokens: false)
                + (end.map { [$0] } ?? []))
    }
}
