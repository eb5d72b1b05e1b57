// SPDX-License-Identifier: Apache-2.0
// Prompts with settings of their own, continued together while others come and go.

import Foundation
import JSONText
import TemperFixtures
import Tensors
import Testing

@testable import LanguageModels

@Suite("Continuations")
struct ContinuationTests {
    private static func answers(
        _ continuations: [Continuation], of model: LanguageModel
    ) throws -> [[Int]] {
        var batch = RunningBatch(of: model)
        try batch.join(continuations.enumerated().map { ($0, $1) })
        var answers: [Int: [Int]] = [:]
        try finish(&batch, &answers)
        return continuations.indices.map { answers[$0] ?? [] }
    }

    /// Steps until all answers have ended, or for some steps.
    private static func finish(
        _ batch: inout RunningBatch, _ answers: inout [Int: [Int]], steps: Int = .max
    ) throws {
        var count = 0
        while batch.count > 0, count < steps {
            count += 1
            try batch.step { place, answer, _ in
                // One token more each time.
                #expect(answer.dropLast() == (answers[place] ?? [])[...])
                answers[place] = answer
                return false
            }
        }
    }

    private static func greedy(_ prompt: [Int], tokens: Int) -> Continuation {
        Continuation(of: prompt, maximumTokens: tokens, temperature: 0, seed: 0)
    }

    @Test("an answer is the same alone and beside others of other settings")
    func together() throws {
        let model = try tinyModel()
        let prompts = [Array(65..<75), Array(97..<100), Array(40..<60), [33]]
        let continuations = prompts.enumerated().map { index, prompt in
            Continuation(
                of: prompt, maximumTokens: 5 + 4 * index, temperature: index % 2 == 0 ? 0 : 1.2,
                seed: UInt64(index))
        }
        let together = try Self.answers(continuations, of: model)
        for (index, continuation) in continuations.enumerated() {
            #expect(try Self.answers([continuation], of: model)[0] == together[index])
            #expect(together[index].count <= continuation.maximumTokens)
        }
        let greedy = try Generator(maximumTokens: 5).generate(from: [prompts[0]], model: model)
        #expect(greedy[0] == together[0])
        #expect(together.map(\.count).max() ?? 0 > 5)
    }

    @Test("who has enough ends an answer, and only that one")
    func enough() throws {
        let model = try tinyModel()
        let continuations = [[65, 66], [67, 68, 69]].map { Self.greedy($0, tokens: 20) }
        let whole = try Self.answers(continuations, of: model)
        var answers: [Int: [Int]] = [:]
        var batch = RunningBatch(of: model)
        try batch.join(continuations.enumerated().map { ($0, $1) })
        while batch.count > 0 {
            try batch.step { place, answer, _ in
                answers[place] = answer
                return place == 1 && answer.count == 3
            }
        }
        #expect(answers[0] == whole[0])
        #expect(answers[1] == Array(whole[1].prefix(3)))
    }

    @Test("settings and prompts out of range are refused")
    func refused() throws {
        let model = try tinyModel(contextLength: 8)
        for continuation in [
            Continuation(of: [1], maximumTokens: 0, temperature: 0, seed: 0),
            Continuation(of: [1], maximumTokens: 1, temperature: -1, seed: 0),
            Continuation(of: [1], maximumTokens: 1, temperature: .nan, seed: 0),
            Continuation(of: [], maximumTokens: 1, temperature: 0, seed: 0),
            Continuation(of: [99_999], maximumTokens: 1, temperature: 0, seed: 0),
            Continuation(of: Array(1...9), maximumTokens: 1, temperature: 0, seed: 0),
        ] {
            #expect(throws: InputError.self) { try model.check(continuation) }
            var batch = RunningBatch(of: model)
            #expect(throws: InputError.self) { try batch.join([(0, continuation)]) }
            #expect(batch.count == 0)
        }
    }

    @Test("a prompt that joins others has the answer that it has alone, and so have they")
    func joining() throws {
        let model = try endlessModel()
        // Shorter and longer than what runs already, and after answers have ended.
        let prompts = [
            Array(65..<75), [33, 34], Array(0..<120), Array(97..<100), Array(40..<60), [1, 2, 3],
        ]
        let lengths = [60, 5, 30, 7, 100, 12]
        let alone = try zip(prompts, lengths).map {
            try Self.answers([Self.greedy($0, tokens: $1)], of: model)[0]
        }
        #expect(alone.map(\.count) == lengths)
        var batch = RunningBatch(of: model)
        var answers: [Int: [Int]] = [:]
        for (index, (prompt, length)) in zip(prompts, lengths).enumerated() {
            try batch.join([(index, Self.greedy(prompt, tokens: length))])
            try Self.finish(&batch, &answers, steps: 3 + index)
        }
        #expect(batch.count > 0)
        try Self.finish(&batch, &answers)
        for index in prompts.indices { #expect(answers[index] == alone[index], "\(index)") }
    }

    @Test("reading of long prompts that nobody wants stops, and the others go on as before")
    func unwanted() throws {
        let model = try endlessModel()
        let running = Self.greedy([65, 66, 67], tokens: 20)
        let alone = try Self.answers([running], of: model)[0]
        var batch = RunningBatch(of: model)
        var answers: [Int: [Int]] = [:]
        try batch.join([(0, running)])
        try Self.finish(&batch, &answers, steps: 4)
        var questions = 0
        #expect(throws: CancellationError.self) {
            try batch.join([(1, Self.greedy(Array(repeating: 70, count: 1000), tokens: 5))]) {
                questions += 1
                return questions < 2
            }
        }
        // It was asked again after the first layer, and not after that.
        #expect(questions == 2)
        #expect(batch.count == 1)
        try Self.finish(&batch, &answers)
        #expect(answers == [0: alone])
    }

    @Test("penalties are subtracted for the tokens of the answer, as a sum by hand says")
    func penalties() throws {
        let model = try endlessModel()
        let prompt = Array(65..<70)
        for (presence, frequency) in [(Float(1.5), Float(0)), (0, 0.7), (-1, 0.5)] {
            var expected: [Int] = []
            for _ in 0..<24 {
                var scores = try model.nextTokenLogProbabilities(after: [prompt + expected])
                    .values()
                for token in Set(expected) {
                    let count = expected.count { $0 == token }
                    scores[token] -= presence + frequency * Float(count)
                }
                expected.append(scores.indices.max { scores[$0] < scores[$1] } ?? 0)
            }
            var continuation = Self.greedy(prompt, tokens: 24)
            let plain = try Self.answers([continuation], of: model)[0]
            continuation.presencePenalty = presence
            continuation.frequencyPenalty = frequency
            let answers = try Self.answers(
                [continuation, Self.greedy(prompt, tokens: 24)], of: model)
            #expect(answers[0] == expected)
            #expect(answers[1] == plain)
            #expect(expected != plain)
        }
    }

    @Test("scores are the model's own log-probabilities, the likeliest first")
    func scores() throws {
        let model = try endlessModel()
        let prompt = Array(65..<70)
        var scored = Continuation(of: prompt, maximumTokens: 6, temperature: 1.3, seed: 5)
        scored.scoredTokens = 4
        var batch = RunningBatch(of: model)
        try batch.join([(0, scored), (1, Self.greedy([80, 81], tokens: 6))])
        var all: [TokenScores] = []
        var answer: [Int] = []
        while batch.count > 0 {
            try batch.step { place, tokens, scores in
                #expect((scores == nil) == (place == 1))
                if let scores { (answer, all) = (tokens, all + [scores]) }
                return false
            }
        }
        #expect(all.map(\.chosen.token) == answer)
        for (index, scores) in all.enumerated() {
            let context = prompt + answer.prefix(index)
            let expected = try model.nextTokenLogProbabilities(after: [context]).values()
            #expect(abs(scores.chosen.logProbability - expected[answer[index]]) < 1e-3)
            let order = expected.indices.sorted { (-expected[$0], $0) < (-expected[$1], $1) }
            #expect(scores.likeliest.map(\.token) == Array(order.prefix(4)))
            for entry in scores.likeliest {
                #expect(abs(entry.logProbability - expected[entry.token]) < 1e-3)
            }
        }
    }

    /// A tiny model that never ends an answer by itself.
    private func endlessModel() throws -> LanguageModel {
        let tiny = try tinyModel(contextLength: 4096)
        return try LanguageModel(
            name: "tiny", configuration: tiny.configuration, weights: tiny.weights,
            tokenizer: tiny.tokenizer, chatTemplate: tiny.chatTemplate)
    }
}
