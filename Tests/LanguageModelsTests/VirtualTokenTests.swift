// SPDX-License-Identifier: Apache-2.0
// Virtual tokens: embeddings that no text stands for.

import JSONText
import LanguageModels
import Tensors
import Testing

@Suite("Virtual tokens")
struct VirtualTokenTests {
    /// The tokens whose embeddings the virtual ones have.
    private let real = [9, 30, 9]
    /// Tokens behind them: a common beginning that is long enough to be computed apart, and rests.
    private let rests = (0..<5).map { index in
        Array(20..<30) + (0...index).map { 4 + ($0 * 7 + index) % 40 }
    }

    private func twin(of model: LanguageModel) throws -> (model: LanguageModel, tokens: [Int]) {
        let twin = try model.prompted(by: model.embeddings(ofTokens: real))
        return (twin, Array(twin.virtualIdentifiers))
    }

    @Test("embeddings of real tokens give exactly what these tokens give", arguments: Goldens.tiny)
    func equality(name: String) throws {
        let model = try Goldens.tinyModel(name)
        let (twin, virtual) = try twin(of: model)
        #expect(virtual == [48, 49, 50])
        // In front and in the middle, alone and with a beginning that is shared.
        for place in [0, 2] {
            func prompts(_ tokens: [Int]) -> [[Int]] {
                rests.map { $0.prefix(place) + tokens + $0.dropFirst(place) }
            }
            func next(_ model: LanguageModel, _ tokens: [Int]) throws -> [Float] {
                try model.nextTokenLogProbabilities(after: prompts(tokens)).values()
                    + model.nextTokenLogProbabilities(after: [prompts(tokens)[1]]).values()
            }
            #expect(try next(twin, virtual) == next(model, real))
            func answers(_ model: LanguageModel, _ tokens: [Int], _ heat: Float) throws -> [[Int]] {
                try Generator(maximumTokens: 12, temperature: heat, seed: 3, batchSize: 3)
                    .generate(from: prompts(tokens), model: model)
            }
            #expect(try answers(twin, virtual, 0) == answers(model, real, 0))
            #expect(try answers(twin, virtual, 1) == answers(model, real, 1))
            func scores(_ model: LanguageModel, _ tokens: [Int]) throws -> [[Float]] {
                let examples = prompts(tokens).flatMap { prompt in
                    [[2], [3, 8, 11]].map { CompletionExample(prompt: prompt, completion: $0) }
                }
                let alone = CompletionExample(prompt: tokens, completion: [5, 6])
                return try model.tokenLogProbabilities(of: examples + [alone])
            }
            #expect(try scores(twin, virtual) == scores(model, real))
        }
    }

    @Test("text without them is computed as if they were not there")
    func absence() throws {
        let model = try Goldens.tinyModel("gemma2")
        let twin = try twin(of: model).model
        #expect(
            try twin.logProbabilities(ofEach: rests) == model.logProbabilities(ofEach: rests))
        #expect(try twin.untyingHead().virtualIdentifiers == twin.virtualIdentifiers)
        #expect(try twin.prompted(by: nil).virtualIdentifiers.isEmpty)
    }

    @Test(
        "the gradient of virtual tokens is that of a finite difference", arguments: [false, true])
    func gradient(recomputing: Bool) throws {
        let model = try Goldens.tinyModel("qwen3")
        let (twin, virtual) = try twin(of: model)
        // In front, so that they are part of a beginning that is computed once.
        let examples = rests.map { CompletionExample(prompt: virtual + $0, completion: [30, 4]) }
        let start = try #require(twin.virtualTokens)
        func loss(_ rows: Tensor) throws -> Tensor {
            try model.prompted(by: rows).completionLoss(of: examples, recomputing: recomputing)
        }
        let (_, gradients) = try valueAndGradient(at: [start]) { try loss($0[0]) }
        let gradient = try gradients[0].evaluated()
        #expect(gradient.shape == [3, 32])
        for seed in UInt64(1)...4 {
            let direction = Tensor.normal([3, 32], key: RandomKey(seed: seed))
            let slope = try (gradient * direction).sum().item()
            let step: Float = 1e-3
            let ends = try [step, -step].map { try loss(start + direction * $0).item() }
            expectClose(
                [(ends[0] - ends[1]) / (2 * step)], [slope], absolute: 2e-3, relative: 2e-2)
        }
        // Each row has an influence of its own.
        let norms = try gradient.square().sum(axis: 1).values()
        #expect(norms.allSatisfy { $0 > 0 })
    }

    @Test("virtual tokens are never predicted, and others than there are are refused")
    func limits() throws {
        let model = try Goldens.tinyModel("gqa")
        let (twin, virtual) = try twin(of: model)
        func expectRefusal(_ body: () throws -> Void) {
            #expect(throws: InputError.self) { try body() }
        }
        expectRefusal { _ = try model.nextTokenLogProbabilities(after: [[48]]) }
        expectRefusal { _ = try twin.nextTokenLogProbabilities(after: [[51]]) }
        expectRefusal { _ = try twin.logProbabilities(of: [1] + virtual) }
        expectRefusal { _ = try Reading(of: [[1] + virtual], by: twin) }
        expectRefusal {
            _ = try twin.completionLoss(of: [CompletionExample(prompt: [1], completion: virtual)])
        }
        for shape in [[32], [0, 32], [2, 31], [1, 2, 32]] {
            expectRefusal { _ = try model.prompted(by: Tensor.zeros(shape)) }
        }
        expectRefusal { _ = try model.embeddings(ofTokens: [48]) }
    }
}
