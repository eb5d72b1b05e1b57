// SPDX-License-Identifier: Apache-2.0
// Losses on hidden states against sums over the states of each example on its own.

import Foundation
import LanguageModels
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Losses on hidden states")
struct RepresentationLossTests {
    typealias Vector = [Double]

    let model: LanguageModel
    let reference: LanguageModel
    let restricted: [CompletionExample]
    let refusals: [CompletionExample]
    let benign: [CompletionExample]

    init() throws {
        let model = try tinyModel()
        var key = RandomKey(seed: 11)
        reference = model
        self.model = try model.replacing(
            Dictionary(
                uniqueKeysWithValues: model.weights.sorted { $0.key < $1.key }.map {
                    ($0.key, $0.value + Tensor.normal($0.value.shape, key: key.next()) * 0.05)
                }))
        func examples(_ pairs: [(String, String)]) throws -> [CompletionExample] {
            try pairs.map { try model.example(prompt: $0.0, answer: $0.1) }
        }
        // No two begin alike for so long that their beginning is computed once.
        restricted = try examples([("bind", "yes it"), ("knot", "a rope")])
        refusals = try examples([("tie", "no"), ("rope", "never")])
        benign = try examples([("hi", "hello"), ("sum", "four")])
    }

    func batch(step: Int = 0) -> TrainingBatch {
        TrainingBatch(pools: [restricted, refusals, benign], step: step)
    }

    func value(_ objective: any Objective, step: Int = 0) throws -> Double {
        Double(try objective.loss(of: Subject(model), on: batch(step: step)).item())
    }

    /// The states of one example alone, by layer and position.
    func states(
        _ example: CompletionExample, of model: LanguageModel
    ) throws -> [[Vector]] {
        try model.forward(SupervisedRows([example], in: model)).streams.map { stream in
            try stream.values().map(Double.init).chunks(of: 32)
        }
    }

    /// What some tokens of examples have behind some layers, in the mean.
    func mean(
        _ examples: [CompletionExample], layers: [Int], answersAlone: Bool = false,
        promptsAlone: Bool = false, _ term: (Vector, Vector, Int) -> Double
    ) throws -> Double {
        var terms: [Double] = []
        for example in examples {
            let (now, before) = (
                try states(example, of: model), try states(example, of: reference)
            )
            let read = example.prompt + example.completion.dropLast()
            for (position, token) in read.enumerated() {
                let isAnswer = position >= example.prompt.count
                if answersAlone, !isAnswer { continue }
                if promptsAlone, isAnswer { continue }
                terms += layers.map { term(now[$0][position], before[$0][position], token) }
            }
        }
        return terms.reduce(0, +) / Double(terms.count)
    }

    func loss(_ examples: [CompletionExample]) throws -> Double {
        let values = try model.tokenLogProbabilities(of: examples).flatMap { $0 }
        return -values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }

    func direction(_ token: Int, _ directions: TokenDirections) throws -> Vector {
        try directions.rows(of: [token], width: 32).values().map(Double.init)
    }

    func isClose(_ one: Double, _ other: Double) -> Bool {
        abs(one - other) <= 2e-4 * max(abs(one), abs(other), 0.1)
    }

    @Test("circuit breakers: both parts, weighed by the step")
    func circuitBreakers() throws {
        var objective = CircuitBreakerLoss(
            reference: reference, layers: [1, 2], alpha: 8, scheduleSteps: 100, seed: 1)
        let retain = try mean(refusals + benign, layers: [0, 1, 2]) { now, before, _ in
            norm(minus(now, before))
        }
        let reroute = try mean(restricted, layers: [1, 2]) { now, before, _ in
            max(0, cosine(now, before))
        }
        #expect(isClose(try value(objective, step: 25), 2 * retain + 6 * reroute))
        objective.orthogonalWeight = 0.5
        let overlaps = try [1, 2].map { layer in
            let centers = try restricted.map { example in
                try states(example, of: model)[layer].reduce(Vector(repeating: 0, count: 32)) {
                    zip($0, $1).map(+)
                }
            }
            return cosine(centers[0], centers[1])
        }
        let length = restricted.map { Double($0.prompt.count + $0.completion.count - 1) }
        let orthogonal = 0.5 * (length[0] + length[1]) / 2 * (overlaps[0] + overlaps[1]) / 2
        #expect(
            isClose(try value(objective, step: 25), 2 * retain + 6 * (reroute + orthogonal)))
    }

    @Test("circuit breakers: the released schedule ends where both weights are half of alpha")
    func schedule() {
        let objective = CircuitBreakerLoss(reference: reference, layers: [1], seed: 1)
        #expect(objective.coefficients(at: 0) == (0, 10))
        #expect(objective.coefficients(at: 150) == (5, 5))
        #expect(objective.coefficients(at: 400) == (10, 0))
    }

    @Test("circuit breakers: the first step has a gradient, though nothing has moved")
    func firstStep() throws {
        let objective = CircuitBreakerLoss(reference: model, layers: [1, 2], seed: 1)
        let (value, gradients) = try valueAndGradient(at: Trainable.weights.start(of: model)) {
            try objective.loss(of: Trainable.weights.subject($0, on: model), on: batch())
        }
        #expect(abs(try value.item() - 10) < 0.02)
        #expect(try gradients.contains { try $0.abs().max().item() > 1e-3 })
    }

    @Test("noising: the head reads every state, and the ascent is logarithmic", arguments: [0, 1])
    func noising(alpha: Float) throws {
        let objective = RepresentationNoiseLoss(alpha: alpha, beta: 0, seed: 1)
        let harmless = try loss(refusals + benign)
        let head = try #require(model.weights["model.embed_tokens.weight"]).values()
            .map(Double.init).chunks(of: 32)
        let gain = try #require(model.weights["model.norm.weight"]).values().map(Double.init)
        let losses = try [0, 1, 2].map { layer in
            let terms = try restricted.flatMap { example in
                let states = try states(example, of: model)[layer]
                return example.completion.enumerated().map { index, token in
                    let state = states[example.prompt.count - 1 + index]
                    let scale = (dot(state, state) / 32 + 1e-5).squareRoot()
                    let normal = zip(state, gain).map { $0 / scale * $1 }
                    let logits = head.map { dot($0, normal) }
                    return log(logits.reduce(0) { $0 + exp($1) }) - logits[token]
                }
            }
            return terms.reduce(0, +) / Double(terms.count)
        }
        // The last state counts twice: as the output, and among all states.
        let mean = (losses.reduce(0, +) + losses[2]) / 3
        #expect(isClose(try value(objective), harmless - Double(alpha) * log(1 + mean)))
    }

    @Test("noising: the released mask leaves the token that decides without a gradient")
    func releasedMask() throws {
        let short = restricted.map {
            CompletionExample(prompt: $0.prompt, completion: [$0.completion[0]])
        }
        let batch = TrainingBatch(pools: [short, [], []])
        for isReleased in [true, false] {
            let objective = RepresentationNoiseLoss(
                alpha: 1, beta: 0, leavesOutFirst: isReleased, seed: 1)
            let (value, gradients) = try valueAndGradient(at: Trainable.weights.start(of: model)) {
                try objective.loss(of: Trainable.weights.subject($0, on: model), on: batch)
            }
            let greatest = try gradients.map { try $0.abs().max().item() }.max() ?? 0
            #expect((greatest == 0) == isReleased)
            let constant = -log(1 + 4.0 / 3 * log(258.0))
            #expect(isClose(Double(try value.item()), constant) == isReleased)
        }
    }

    @Test("noising: the noise is drawn by the step, and its weight is its own")
    func noise() throws {
        var objective = RepresentationNoiseLoss(alpha: 0, beta: 0, seed: 1)
        let plain = try value(objective)
        objective.beta = 2
        let first = try value(objective) - plain
        #expect(first > 0.01 && first < 20)
        #expect(try value(objective) - plain == first)
        #expect(try value(objective, step: 1) - plain != first)
        objective.beta = 4
        #expect(isClose(try value(objective) - plain, 2 * first))
    }
}

func dot(_ one: [Double], _ other: [Double]) -> Double {
    zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
}

func norm(_ vector: [Double]) -> Double { dot(vector, vector).squareRoot() }

func unit(_ vector: [Double]) -> [Double] { vector.map { $0 / norm(vector) } }

func minus(_ one: [Double], _ other: [Double]) -> [Double] { zip(one, other).map(-) }

func cosine(_ one: [Double], _ other: [Double]) -> Double {
    dot(one, other) / (norm(one) * norm(other))
}

extension [Double] {
    func chunks(of size: Int) -> [[Double]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
