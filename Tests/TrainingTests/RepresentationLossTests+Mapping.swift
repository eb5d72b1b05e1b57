// SPDX-License-Identifier: Apache-2.0
// Losses that say where states go: random mapping, triplets, scrambling.

import Foundation
import LanguageModels
import Tensors
import Testing

@testable import Training

extension RepresentationLossTests {
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
}
