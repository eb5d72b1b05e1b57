// SPDX-License-Identifier: Apache-2.0
// Generation: what it must not depend on, and where it ends.

import JSONText
import LanguageModels
import Tensors
import Testing

@Suite("Generation")
struct GenerationTests {
    /// Prompts of many lengths; some share a beginning longer than what is computed apart.
    private let prompts: [[Int]] = {
        let beginning = [1, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39]
        return (0..<9).map { index in
            (index % 3 == 0 ? [] : beginning) + (0...index).map { 4 + ($0 * 7 + index) % 40 }
        }
    }()

    @Test("batched greedy decoding equals decoding one by one", arguments: [2, 4, 9])
    func batching(size: Int) throws {
        let model = try Goldens.tinyModel("llama3")
        let alone = try prompts.map {
            try Generator(maximumTokens: 20).generate(from: [$0], model: model)[0]
        }
        let together = try Generator(maximumTokens: 20, batchSize: size)
            .generate(from: prompts, model: model)
        #expect(together == alone)
    }

    @Test("a shared beginning, computed once, changes nothing")
    func sharedPrefix() throws {
        let model = try Goldens.tinyModel("mistral")
        let shared = prompts.enumerated().filter { $0.offset % 3 != 0 }.map(\.element)
        let together = try model.nextTokenLogProbabilities(after: shared).values()
        let alone = try shared.flatMap {
            try model.nextTokenLogProbabilities(after: [$0]).values()
        }
        expectClose(together, alone, absolute: 1e-4)
        let answers = try Generator(maximumTokens: 16).generate(from: shared, model: model)
        for (answer, prompt) in zip(answers, shared) {
            let expected = try Generator(maximumTokens: 16).generate(from: [prompt], model: model)
            #expect([answer] == expected)
        }
    }

    @Test("sampling follows from the seed and the prompt's place, not from the batch")
    func seeds() throws {
        let model = try Goldens.tinyModel("gqa")
        func sample(_ seed: UInt64, _ size: Int) throws -> [[Int]] {
            try Generator(maximumTokens: 12, temperature: 1.5, seed: seed, batchSize: size)
                .generate(from: prompts, model: model)
        }
        let first = try sample(1, 9)
        #expect(try first == sample(1, 9))
        #expect(try first == sample(1, 2))
        #expect(try first != sample(2, 9))
        let greedy = try Generator(maximumTokens: 12).generate(from: prompts, model: model)
        #expect(first != greedy)
    }

    @Test("a temperature near zero samples the likeliest token")
    func coldSampling() throws {
        let model = try Goldens.tinyModel("bias")
        let cold = try Generator(maximumTokens: 8, temperature: 1e-4, seed: 3)
            .generate(from: prompts, model: model)
        #expect(try cold == Generator(maximumTokens: 8).generate(from: prompts, model: model))
    }

    @Test("an answer ends with the stop token, or at the limits")
    func ends() throws {
        let tiny = try Goldens.tinyModel("gqa")
        func model(stoppingAt tokens: Set<Int>) throws -> LanguageModel {
            try LanguageModel(
                name: "stopping", configuration: tiny.configuration, weights: tiny.weights,
                tokenizer: tiny.tokenizer, stopTokens: tokens)
        }
        let endless = try model(stoppingAt: [])
        let free = try Generator(maximumTokens: 12).generate(from: prompts, model: endless)
        #expect(free.allSatisfy { $0.count == 12 })
        let stop = try #require(free.first { Set($0).count > 2 }?.last)
        let answers = try Generator(maximumTokens: 12)
            .generate(from: prompts, model: model(stoppingAt: [stop]))
        for (answer, unstopped) in zip(answers, free) {
            let end = unstopped.firstIndex(of: stop) ?? unstopped.count - 1
            #expect(answer == Array(unstopped[...end]))
        }
        let long = [Int](repeating: 5, count: 60)
        let limited = try Generator(maximumTokens: 12)
            .generate(from: [long, [1, 2]], model: endless)
        #expect(limited.map(\.count) == [4, 12])
    }

    @Test("progress counts up to all prompts and tokens")
    func progress() throws {
        let model = try Goldens.tinyModel("gqa")
        var reports: [Generator.Progress] = []
        let answers = try Generator(maximumTokens: 5, batchSize: 4)
            .generate(from: prompts, model: model, progress: { reports.append($0) })
        #expect(reports.last?.finished == prompts.count)
        #expect(reports.last?.tokens == answers.reduce(0) { $0 + $1.count })
        #expect(zip(reports, reports.dropFirst()).allSatisfy { $0.tokens < $1.tokens })
    }

    @Test("an answer that is settled ends there, and the others stay what they are")
    func settled() throws {
        let model = try Goldens.tinyModel("gqa")
        let generator = Generator(maximumTokens: 8, batchSize: 3)
        let whole = try generator.generate(from: prompts, model: model)
        let cut = try generator.generate(
            from: prompts, model: model, isSettled: { $1.first == whole[0][0] && $1.count == 2 })
        for (whole, cut) in zip(whole, cut) {
            let isSettled = whole.first == cut.first && cut.count == 2 && whole.count > 2
            #expect(cut == (isSettled ? Array(whole.prefix(2)) : whole))
        }
        #expect(cut[0].count == 2)
    }

    @Test("the logits of first tokens are those of scoring, each prompt's once")
    func openings() throws {
        let model = try Goldens.tinyModel("gqa")
        let expected = try model.nextTokenLogProbabilities(after: prompts)
        var seen: [Int] = []
        _ = try Generator(maximumTokens: 2, batchSize: 3).generate(
            from: prompts, model: model,
            opening: { places, logits in
                for (row, place) in places.enumerated() {
                    let found = logits.slice(axis: 0, from: row, to: row + 1).logSoftmax(axis: -1)
                    let error = (found - expected.slice(axis: 0, from: place, to: place + 1)).abs()
                    let worst = try error.max().item()
                    #expect(worst < 1e-5)
                }
                seen += places
            })
        #expect(seen.sorted() == Array(prompts.indices))
    }

    @Test("prompts and settings out of range are refused")
    func limits() throws {
        let model = try Goldens.tinyModel("gqa")
        func expectRefusal(_ prompt: [Int], _ generator: Generator = Generator()) {
            #expect(throws: InputError.self) {
                try generator.generate(from: [prompt], model: model)
            }
        }
        expectRefusal([])
        expectRefusal([48])
        expectRefusal([-1])
        expectRefusal([Int](repeating: 1, count: 65))
        expectRefusal([1], Generator(maximumTokens: 0))
        expectRefusal([1], Generator(batchSize: 0))
        expectRefusal([1], Generator(temperature: -1))
        expectRefusal([1], Generator(temperature: .nan))
        #expect(try Generator().generate(from: [], model: model) == [])
    }
}
