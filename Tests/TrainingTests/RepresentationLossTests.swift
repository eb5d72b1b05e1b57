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
    private typealias Vector = [Double]

    private let model: LanguageModel
    private let reference: LanguageModel
    private let restricted: [CompletionExample]
    private let refusals: [CompletionExample]
    private let benign: [CompletionExample]

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

    private func batch(step: Int = 0) -> TrainingBatch {
        TrainingBatch(pools: [restricted, refusals, benign], step: step)
    }

    private func value(_ objective: any Objective, step: Int = 0) throws -> Double {
        Double(try objective.loss(of: Subject(model), on: batch(step: step)).item())
    }

    /// The states of one example alone, by layer and position.
    private func states(
        _ example: CompletionExample, of model: LanguageModel
    ) throws -> [[Vector]] {
        try model.forward(SupervisedRows([example], in: model)).streams.map { stream in
            try stream.values().map(Double.init).chunks(of: 32)
        }
    }

    /// What some tokens of examples have behind some layers, in the mean.
    private func mean(
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

    private func loss(_ examples: [CompletionExample]) throws -> Double {
        let values = try model.tokenLogProbabilities(of: examples).flatMap { $0 }
        return -values.reduce(0) { $0 + Double($1) } / Double(values.count)
    }

    private func direction(_ token: Int, _ directions: TokenDirections) throws -> Vector {
        try directions.rows(of: [token], width: 32).values().map(Double.init)
    }

    private func isClose(_ one: Double, _ other: Double) -> Bool {
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

    @Test("random mapping: the sign is that of the reference's cosine")
    func randomMapping() throws {
        let directions = TokenDirections(seed: 3)
        let objective = RandomMappingLoss(
            reference: reference, retainWeight: 0.5, directions: directions)
        let mapped = try mean(restricted, layers: [0, 1, 2]) { now, before, token in
            let target = (try? direction(token, directions)) ?? []
            return 1 - cosine(now, target) * (cosine(before, target) < 0 ? -1 : 1)
        }
        #expect(try isClose(value(objective), 0.5 * loss(refusals + benign) + mapped))
    }

    @Test("triplets: who is near to whom, by margins")
    func triplets() throws {
        let objective = TripletLoss(
            reference: reference, layers: [1, 2], weights: (2, 3, 0), margins: (1.2, 0.9))
        var expected = 0.0
        for layer in [1, 2] {
            let moved = try restricted.flatMap { try states($0, of: model)[layer].map(unit) }
            let center = unit(
                moved.reduce(Vector(repeating: 0, count: 32)) { zip($0, $1).map(+) })
            expected += try mean(refusals + benign, layers: [layer]) { now, before, _ in
                max(
                    0,
                    norm(minus(unit(now), unit(before))) - norm(minus(unit(now), center)) + 1.2)
            }
            expected +=
                try 1.5
                * mean(restricted, layers: [layer]) { now, before, _ in
                    max(
                        0,
                        norm(minus(unit(now), center)) - norm(minus(unit(now), unit(before))) + 0.9)
                }
        }
        #expect(isClose(try value(objective), expected))
    }

    @Test("triplets: the divergence is from the reference, at answers that are retained")
    func divergence() throws {
        let objective = TripletLoss(
            reference: reference, layers: [1], weights: (0, 0, 1), margins: (0, 0))
        var terms: [Double] = []
        for example in refusals + benign {
            for count in example.completion.indices {
                let prompt = example.prompt + example.completion.prefix(count)
                let (own, other) = (
                    try model.nextTokenLogProbabilities(after: [prompt]).values(),
                    try reference.nextTokenLogProbabilities(after: [prompt]).values()
                )
                terms.append(
                    zip(other, own).reduce(0) {
                        $0 + exp(Double($1.0)) * (Double($1.0) - Double($1.1))
                    })
            }
        }
        #expect(isClose(try value(objective), terms.reduce(0, +) / Double(terms.count)))
    }

    @Test("scrambling: answers are scrambled, all else is held, refusals are trained")
    func scrambling() throws {
        let directions = TokenDirections(seed: 3)
        let objective = ScramblingLoss(
            reference: reference, layers: [1, 2], weights: (2, 3, 0.5), directions: directions)
        let scrambled = try mean(restricted, layers: [1, 2], answersAlone: true) { now, _, token in
            1 - cosine(now, (try? direction(token, directions)) ?? [])
        }
        func away(_ now: Vector, _ before: Vector, _: Int) -> Double {
            norm(minus(now, before)) / norm(before)
        }
        // The mean is over all held tokens, those of prompts and those of whole examples.
        let prompts = Double(restricted.reduce(0) { $0 + $1.prompt.count })
        let others = Double(
            (refusals + benign).reduce(0) { $0 + $1.prompt.count + $1.completion.count - 1 })
        let held =
            (try prompts * mean(restricted, layers: [0, 1, 2], promptsAlone: true, away)
                + others * mean(refusals + benign, layers: [0, 1, 2], away)) / (prompts + others)
        #expect(
            try isClose(value(objective), 2 * scrambled + 3 * held + 0.5 * loss(refusals)))
    }

    @Test("scrambling: prompts and refusals do not change what is scrambled")
    func scrambledAlone() throws {
        let objective = ScramblingLoss(
            reference: reference, layers: [1, 2], weights: (1, 0, 0),
            directions: TokenDirections(seed: 3))
        func gradients(_ pools: [[CompletionExample]]) throws -> [Float] {
            try valueAndGradient(at: Trainable.weights.start(of: model)) {
                try objective.loss(
                    of: Trainable.weights.subject($0, on: model), on: TrainingBatch(pools: pools))
            }.gradients.flatMap { try $0.values() }
        }
        // The refusals are of the same prompts, which are then computed once.
        let declined = restricted.map {
            CompletionExample(prompt: $0.prompt, completion: refusals[0].completion)
        }
        let (alone, beside) = (
            try gradients([restricted, [], []]), try gradients([restricted, declined, benign])
        )
        let size = alone.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let difference = zip(alone, beside).reduce(0) {
            $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
        }.squareRoot()
        #expect(size > 1e-3 && difference < 1e-3 * size)
    }

    @Test("scrambling: what an answer begins with in common with a refusal is held")
    func commonBeginning() throws {
        let directions = TokenDirections(seed: 3)
        let objective = ScramblingLoss(
            reference: reference, layers: [2], weights: (1, 0, 0), directions: directions)
        let answers = try ["certainly yes", "certainly no"].map {
            try model.example(prompt: "bind", answer: $0)
        }
        let batch = TrainingBatch(pools: [[answers[0]], [answers[1]], []])
        let shared = zip(answers[0].completion, answers[1].completion).prefix { $0 == $1 }.count
        let states = try states(answers[0], of: model)[2].dropFirst(
            answers[0].prompt.count + shared)
        let tokens = answers[0].completion.dropLast().dropFirst(shared)
        let terms = try zip(states, tokens).map { 1 - cosine($0, try direction($1, directions)) }
        let found = try objective.loss(of: Subject(model), on: batch).item()
        #expect(isClose(Double(found), terms.reduce(0, +) / Double(terms.count)))
    }

    @Test("each loss changes along its gradient as the gradient says", arguments: 0..<6)
    func finiteDifferences(_ index: Int) throws {
        let directions = TokenDirections(seed: 3)
        let objectives: [any Objective] = [
            CircuitBreakerLoss(
                reference: reference, layers: [1, 2], orthogonalWeight: 0.2, seed: 1),
            RepresentationNoiseLoss(alpha: 1, beta: 0, seed: 1),
            RepresentationNoiseLoss(leavesOutFirst: true, seed: 1),
            RandomMappingLoss(reference: reference, directions: directions),
            TripletLoss(
                reference: reference, layers: [1, 2], weights: (1, 1, 1), margins: (0.3, 0.5)),
            ScramblingLoss(
                reference: reference, layers: [1, 2], weights: (1, 1, 1), directions: directions),
        ]
        try expectSlope { try objectives[index].loss(of: $0, on: batch(step: 20)) }
    }

    @Test("latent adversaries: a loss changes along its gradient, the perturbation held")
    func latentGradient() throws {
        let objective = latentLoss()
        let perturbation = try objective.perturbation(of: Subject(model), on: batch())
        try expectSlope { try objective.loss(of: $0, on: batch(), under: perturbation) }
        let problem = TrainingPoint(
            parameters: Trainable.weights.start(of: model), trainable: .weights, model: model)
        let own = try objective.gradient(at: problem, of: batch(), by: WholeBatch())
        let held = try objective.loss(of: Subject(model), on: batch(), under: perturbation).item()
        #expect(try own.value.item() == held)
        #expect(try objective.loss(of: Subject(model), on: batch()).item() == held)
    }

    @Test(
        "latent adversaries: vectors stay in their ball, and the answer becomes likely",
        arguments: TokenSelection.allCases)
    func latentAdversary(tokens: TokenSelection) throws {
        var objective = latentLoss()
        objective.tokens = tokens
        let found = try objective.perturbation(of: Subject(model), on: batch())
        for (vectors, place) in zip(found.vectors, objective.places) {
            let norms = try vectors.rowLengths.values()
            #expect(norms.allSatisfy { $0 <= place.bound * 1.0001 })
            #expect(norms.contains { $0 > place.bound * 0.5 })
            let perturbed = norms.count { $0 > 0 }
            let expected = restricted.reduce(0) { sum, example in
                sum + tokens.range(in: example).count
            }
            #expect(perturbed == expected)
        }
        objective.weights = (0, 1, 0)
        var none = found
        none.vectors = found.vectors.map { $0 * 0 }
        let alone = TrainingBatch(pools: [restricted, []])
        // What keeps away from the answer suffers: the answer is likelier.
        let before = try objective.loss(of: Subject(model), on: alone, under: none).item()
        let after = try objective.loss(of: Subject(model), on: alone, under: found).item()
        #expect(after > 1.5 * before)
    }

    @Test("latent adversaries: without a perturbation the terms are those of the model")
    func latentTerms() throws {
        let objective = latentLoss()
        var none = try objective.perturbation(of: Subject(model), on: batch())
        none.vectors = none.vectors.map { $0 * 0 }
        let declined = restricted.map {
            CompletionExample(prompt: $0.prompt, completion: refusals[0].completion)
        }
        let away = try model.tokenLogProbabilities(of: restricted).flatMap { $0 }
            .map { -log(1 - exp(Double($0))) }
        let expected =
            try 0.5 * loss(declined) + 2 * away.reduce(0, +) / Double(away.count)
            + 1.5 * loss(refusals + benign)
        let found = try objective.loss(of: Subject(model), on: batch(), under: none).item()
        #expect(isClose(Double(found), expected))
    }

    private func latentLoss() -> LatentAdversarialLoss {
        LatentAdversarialLoss(
            places: [.init(layer: 0, bound: 0.8), .init(layer: 1, bound: 1.5)],
            refusals: Dictionary(
                uniqueKeysWithValues: restricted.map { ($0.prompt, refusals[0].completion) }),
            innerSteps: 8, weights: (0.5, 2, 1.5))
    }

    /// Compares the gradient with a central difference along it, where rounding disturbs least.
    private func expectSlope(_ loss: (Subject) throws -> Tensor) throws {
        let parameters = Trainable.weights.start(of: model)
        func subject(_ parameters: [Tensor]) throws -> Subject {
            try Trainable.weights.subject(parameters, on: model)
        }
        let (_, gradients) = try valueAndGradient(at: parameters) { try loss(subject($0)) }
        let norm = try gradients.map { try $0.square().sum().item() }.reduce(0, +).squareRoot()
        let reach: Float = 4e-3
        let (above, below) = (
            try loss(subject(zip(parameters, gradients).map { $0 + $1 * (reach / norm) })).item(),
            try loss(subject(zip(parameters, gradients).map { $0 - $1 * (reach / norm) })).item()
        )
        let slope = (above - below) / (2 * reach)
        #expect(norm > 1e-3)
        #expect(abs(slope - norm) < 0.03 * norm, "finite difference \(slope), gradient \(norm)")
    }
}

private func dot(_ one: [Double], _ other: [Double]) -> Double {
    zip(one, other).reduce(0) { $0 + $1.0 * $1.1 }
}

private func norm(_ vector: [Double]) -> Double { dot(vector, vector).squareRoot() }

private func unit(_ vector: [Double]) -> [Double] { vector.map { $0 / norm(vector) } }

private func minus(_ one: [Double], _ other: [Double]) -> [Double] { zip(one, other).map(-) }

private func cosine(_ one: [Double], _ other: [Double]) -> Double {
    dot(one, other) / (norm(one) * norm(other))
}

extension [Double] {
    fileprivate func chunks(of size: Int) -> [[Double]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
