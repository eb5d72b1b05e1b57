// SPDX-License-Identifier: Apache-2.0
// Random models of every supported family against transformers (Goldens/make-tiny.py).

import Foundation
import LanguageModels
import Tensors
import Testing

@Suite("Tiny models compute what transformers computes")
struct TinyParityTests {
    @Test("log-probabilities, alone and in a padded batch", arguments: Goldens.tiny)
    func logProbabilities(name: String) throws {
        let model = try Goldens.tinyModel(name)
        let golden = try Goldens.tinyExpected(name).sequences
        let together = try model.logProbabilities(ofEach: golden.map(\.ids))
        for (sequence, batched) in zip(golden, together) {
            let alone = try model.logProbabilities(of: sequence.ids)
            expectClose(alone, sequence.logprobs, absolute: 1e-4, "\(name) alone")
            expectClose(batched, sequence.logprobs, absolute: 1e-4, "\(name) batched")
        }
    }

    @Test("greedy continuations, batched and with a growing cache", arguments: Goldens.tiny)
    func greedy(name: String) throws {
        let model = try Goldens.tinyModel(name)
        let golden = try Goldens.tinyExpected(name).sequences
        for size in [1, 3, 4] {
            let answers = try Generator(maximumTokens: 12, batchSize: size)
                .generate(from: golden.map(\.ids), model: model)
            #expect(answers == golden.map(\.greedy))
        }
    }

    @Test("distributions of the next token, in the order of the prompts", arguments: Goldens.tiny)
    func next(name: String) throws {
        let model = try Goldens.tinyModel(name)
        let golden = try Goldens.tinyExpected(name).sequences
        let values = try model.nextTokenLogProbabilities(after: golden.map(\.ids)).values()
        expectClose(values, golden.flatMap(\.next), absolute: 1e-4, name)
    }

    @Test("the residual stream in front of each layer", arguments: Goldens.tiny)
    func residual(name: String) throws {
        let model = try Goldens.tinyModel(name)
        let golden = try Goldens.tinyExpected(name).sequences
        let states = try model.residualStates(
            TokenBatch(golden.map(\.ids)), positions: [-1])
        #expect(states.shape == [3, golden.count, 1, 32])
        for layer in 0..<2 {
            let values = try states.slice(axis: 0, from: layer, to: layer + 1).values()
            expectClose(
                values, golden.flatMap { $0.residual[layer] }, absolute: 1e-4, relative: 1e-5,
                "\(name), layer \(layer)")
        }
    }

    @Test("rotary frequencies", arguments: Goldens.tiny)
    func frequencies(name: String) throws {
        let expected = try Goldens.tinyExpected(name).inverseFrequencies
        let model = try Goldens.tinyModel(name)
        let frequencies = model.configuration.attention.rotary.frequencies(dimension: 8)
        expectClose(frequencies, expected, absolute: 0, relative: 1e-6, name)
    }

    @Test("a GGUF file gives the same model as the safetensors it was made from")
    func gguf() throws {
        let model = try LanguageModel(at: Goldens.url("tiny-llama3.gguf"))
        let original = try Goldens.tinyModel("llama3")
        #expect(model.configuration == original.configuration)
        for (name, tensor) in original.weights {
            #expect(try model.weights[name]?.values() == tensor.values(), "\(name)")
        }
        #expect(model.stopTokens == [2])
    }

    @Test("losses of full fine-tuning, with and without recomputation", arguments: [false, true])
    func fullFineTuning(recomputing: Bool) throws {
        let model = try Goldens.tinyModel("gqa")
        let golden = try Goldens.tinyExpected("gqa")
        let examples = golden.sequences.map {
            CompletionExample(
                prompt: Array($0.ids.prefix(3)), completion: Array($0.ids.dropFirst(3)))
        }
        var parameters = model.parameters
        var optimizer = AdamW()
        var losses: [Float] = []
        for _ in 0..<10 {
            let (loss, gradients) = try valueAndGradient(at: parameters) {
                try model.replacing(parameters: $0)
                    .completionLoss(of: examples, recomputing: recomputing)
            }
            parameters = optimizer.update(parameters, gradients: gradients, learningRate: 1e-2)
            try evaluate([loss] + parameters + optimizer.state)
            losses.append(try loss.item())
        }
        expectClose(losses, golden.full ?? [], absolute: 1e-4)
    }
}
