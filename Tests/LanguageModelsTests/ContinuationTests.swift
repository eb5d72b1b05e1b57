// SPDX-License-Identifier: Apache-2.0
// Prompts with settings of their own, continued together.

import Foundation
import JSONText
import TemperFixtures
import Testing

@testable import LanguageModels

@Suite("Continuations")
struct ContinuationTests {
    private static func answers(
        _ continuations: [Continuation], of model: LanguageModel
    ) throws -> [[Int]] {
        var answers = [[Int]](repeating: [], count: continuations.count)
        try model.generate(continuations) { place, answer in
            // One token more each time.
            #expect(answer.dropLast() == answers[place][...])
            answers[place] = answer
            return false
        }
        return answers
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
        let continuations = [[65, 66], [67, 68, 69]].map {
            Continuation(of: $0, maximumTokens: 20, temperature: 0, seed: 0)
        }
        let whole = try Self.answers(continuations, of: model)
        var answers: [Int: [Int]] = [:]
        try model.generate(continuations) { place, answer in
            answers[place] = answer
            return place == 1 && answer.count == 3
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
            #expect(throws: InputError.self) {
                try model.generate([continuation]) { _, _ in true }
            }
        }
    }
}
