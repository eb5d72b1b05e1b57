// SPDX-License-Identifier: Apache-2.0
// Scoring: completions, shared prompts, divergences, edits of the residual stream.

import Foundation
import JSONText
import LanguageModels
import Tensors
import Testing

@Suite("Scoring")
struct ScoringTests {
    private let prompts = [[1, 5, 9, 13], [1, 5], [7]]
    private let completions = [[2], [3, 8, 11], [40, 41], [12, 12, 12, 12, 12]]

    private var examples: [CompletionExample] {
        prompts.flatMap { prompt in
            completions.map { CompletionExample(prompt: prompt, completion: $0) }
        }
    }

    @Test(
        "completions of shared prompts score as the end of whole sequences", arguments: Goldens.tiny
    )
    func completions(name: String) throws {
        let model = try Goldens.tinyModel(name)
        let scores = try model.tokenLogProbabilities(of: examples)
        for (score, example) in zip(scores, examples) {
            let whole = try model.logProbabilities(of: example.prompt + example.completion)
            expectClose(score, Array(whole.suffix(score.count)), absolute: 1e-4, name)
        }
        let sums = try model.logLikelihoods(of: examples)
        expectClose(sums, scores.map { $0.reduce(0, +) }, absolute: 1e-5)
    }

    @Test("sequences of one token have no log-probability")
    func short() throws {
        let model = try Goldens.tinyModel("gqa")
        #expect(try model.logProbabilities(of: [3]) == [])
        #expect(try model.logProbabilities(ofEach: []) == [])
        #expect(try model.logProbabilities(ofEach: [[3], [3, 4], []]).map(\.count) == [0, 1, 0])
    }

    @Test("the loss is the mean over completion tokens of their negative log-probability")
    func loss() throws {
        let model = try Goldens.tinyModel("gemma2")
        let scores = try model.tokenLogProbabilities(of: examples).flatMap { $0 }
        let mean = -scores.reduce(0, +) / Float(scores.count)
        expectClose([try model.completionLoss(of: examples).item()], [mean], absolute: 1e-4)
    }

    @Test("a text may fill the context and not exceed it")
    func context() throws {
        let model = try Goldens.tinyModel("gqa")
        let full = (0..<64).map { $0 % 48 }
        #expect(try model.logProbabilities(of: full).count == 63)
        #expect(throws: InputError.self) {
            try model.logProbabilities(of: full + [1, 2])
        }
        #expect(throws: InputError.self) {
            try model.completionLoss(of: [CompletionExample(prompt: [], completion: [1])])
        }
        #expect(throws: InputError.self) { try model.completionLoss(of: []) }
    }

    @Test("what was read gives the log-probabilities of scoring, and only fits its own texts")
    func reading() throws {
        let model = try Goldens.tinyModel("gemma2")
        let texts = [[1, 5, 9, 13], [3], [2, 40, 41, 42, 43, 7], [8, 1]]
        let reading = try Reading(of: texts, by: model)
        for (found, expected) in try zip(
            reading.logProbabilities(), model.logProbabilities(ofEach: texts))
        {
            expectClose(found, expected, absolute: 1e-5)
        }
        #expect(try Reading(of: [], by: model).logProbabilities() == [])
        let first = try Reading(of: Array(texts.prefix(2)), by: model)
        #expect(try reading.divergences(from: first).count == 2)
        #expect(throws: InputError.self) { try first.divergences(from: reading) }
        #expect(throws: InputError.self) { try Reading(of: [[1], []], by: model) }
    }

    @Test("a divergence is the mean of p (log p - log q) over positions")
    func divergences() throws {
        let (model, other) = try (Goldens.tinyModel("linear"), Goldens.tinyModel("llama3"))
        let sequences = [[1, 5, 9], [2, 40, 41, 42, 43, 7]]
        let reading = try Reading(of: sequences, by: model)
        expectClose(try reading.divergences(from: reading), [0, 0], absolute: 1e-5)
        let found = try reading.divergences(from: Reading(of: sequences, by: other))
        for (value, sequence) in zip(found, sequences) {
            var sum = 0.0
            for end in sequence.indices {
                let prefix = [Array(sequence[...end])]
                let truth = try other.nextTokenLogProbabilities(after: prefix).values()
                let guess = try model.nextTokenLogProbabilities(after: prefix).values()
                for (p, q) in zip(truth, guess) { sum += exp(Double(p)) * Double(p - q) }
            }
            let mean = Float(sum / Double(sequence.count))
            #expect(mean > 0.1)
            expectClose([value], [mean], absolute: 1e-4, relative: 1e-4)
        }
    }

    @Test("ablating a direction equals orthogonalising all that writes to the stream")
    func ablation() throws {
        let model = try Goldens.tinyModel("bias").untyingHead()
        let raw = Tensor.normal([32], key: RandomKey(seed: 4))
        let direction = raw / raw.norm()
        let (column, row) = (direction.reshaped([32, 1]), direction.reshaped([1, 32]))
        var edited: [String: Tensor] = [:]
        for (name, weight) in model.weights {
            if name.hasSuffix("embed_tokens.weight") {
                edited[name] = weight - weight.matmul(column).matmul(row)
            } else if name.contains("o_proj.weight") || name.contains("down_proj.weight") {
                edited[name] = weight - column.matmul(row.matmul(weight))
            } else if name.contains("o_proj.bias") || name.contains("down_proj.bias") {
                edited[name] = weight - direction * (weight * direction).sum()
            }
        }
        let orthogonalised = try model.replacing(edited)
        let prompts = [[1, 5, 9], [44, 3]]
        let expected = try orthogonalised.nextTokenLogProbabilities(after: prompts).values()
        let ablated = try model.nextTokenLogProbabilities(
            after: prompts, edit: .ablating(direction)
        ).values()
        expectClose(ablated, expected, absolute: 1e-4)
        let untouched = try model.nextTokenLogProbabilities(after: prompts).values()
        #expect(zip(untouched, expected).contains { abs($0 - $1) > 1e-2 })
    }

    @Test("adding a vector changes the stream from that layer on, and generation heeds it")
    func addition() throws {
        let model = try Goldens.tinyModel("llama3")
        let batch = TokenBatch([[1, 5, 9]])
        let vector = Tensor.full([32], 2)
        let plain = try model.residualStates(batch, positions: [-2, -1])
        let edited = try model.residualStates(
            batch, positions: [-2, -1], edit: .adding(vector, layer: 1))
        func layer(_ states: Tensor, _ index: Int) throws -> [Float] {
            try states.slice(axis: 0, from: index, to: index + 1).values()
        }
        #expect(try layer(plain, 0) == layer(edited, 0))
        #expect(try layer(plain, 1) == layer(edited, 1))
        #expect(try layer(plain, 2) != layer(edited, 2))
        let generator = Generator(maximumTokens: 8)
        let answers = try generator.generate(
            from: [[1, 5, 9]], model: model, edit: .adding(vector, layer: 1))
        var tokens = [1, 5, 9]
        for _ in 0..<8 {
            let next = try model.nextTokenLogProbabilities(
                after: [tokens], edit: .adding(vector, layer: 1))
            tokens.append(Int(try next.argMax(axis: -1).converted(to: .int32).integers()[0]))
        }
        #expect(answers == [Array(tokens.dropFirst(3).prefix(answers[0].count))])
        #expect(try answers != generator.generate(from: [[1, 5, 9]], model: model))
    }

    @Test("positions that a sequence lacks are refused")
    func positions() throws {
        let model = try Goldens.tinyModel("gqa")
        let batch = TokenBatch([[1, 5, 9], [2, 3]])
        for position in [0, 1, -3] {
            #expect(throws: InputError.self) {
                try model.residualStates(batch, positions: [position])
            }
        }
    }
}
