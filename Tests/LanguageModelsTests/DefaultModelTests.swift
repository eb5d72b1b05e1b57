// SPDX-License-Identifier: Apache-2.0
// The default model against transformers and PEFT on the same weights (Goldens/make-parity.py).

import Foundation
import LanguageModels
import Tensors
import Testing
import Tokenization

private struct Parity: Decodable {
    struct Text: Decodable {
        let text: String
        let ids: [Int]
        let logprobs: [Float]
    }

    struct Prompt: Decodable {
        let prompt: String
        let inputIDs: [Int]
        let outputIDs: [Int]

        enum CodingKeys: String, CodingKey {
            case prompt
            case inputIDs = "input_ids"
            case outputIDs = "output_ids"
        }
    }

    let texts: [Text]
    let prompts: [Prompt]
}

private struct Training: Decodable {
    let rank: Int
    let alpha: Float
    let learningRate: Float
    let losses: [Float]
    let examples: [CompletionExample]

    enum CodingKeys: String, CodingKey {
        case rank, alpha, losses, examples
        case learningRate = "learning_rate"
    }
}

@Suite("The default model computes what transformers computes", .serialized)
struct DefaultModelTests {
    @Test("token ids and log-probabilities of texts")
    func scores() throws {
        let model = try DefaultModel.load()
        let golden = try Goldens.read("parity.json", as: Parity.self).texts
        for text in golden { #expect(model.tokenizer.encode(text.text) == text.ids) }
        let scores = try model.logProbabilities(ofEach: golden.map(\.ids))
        for (score, text) in zip(scores, golden) {
            expectClose(score, text.logprobs, absolute: 1e-3, text.text)
        }
    }

    @Test("greedy continuations of chats")
    func generation() throws {
        let model = try DefaultModel.load()
        let golden = try Goldens.read("parity.json", as: Parity.self).prompts
        for prompt in golden {
            let tokens = try model.tokens(
                for: [ChatMessage(role: "user", content: prompt.prompt)],
                addingGenerationPrompt: true)
            #expect(tokens == prompt.inputIDs)
        }
        let answers = try Generator(maximumTokens: 32)
            .generate(from: golden.map(\.inputIDs), model: model)
        #expect(answers == golden.map(\.outputIDs))
    }

    @Test("losses of LoRA fine-tuning")
    func training() throws {
        let model = try DefaultModel.load()
        let golden = try Goldens.read("training.json", as: Training.self)
        let empty = try LowRankAdapters(
            .init(rank: golden.rank, alpha: golden.alpha), for: model.configuration,
            key: RandomKey(seed: 0))
        var parameters = empty.parameters
        for index in stride(from: 0, to: parameters.count, by: 2) {
            parameters[index] = byFormula(index / 2, shape: parameters[index].shape)
        }
        var optimizer = AdamW()
        var losses: [Float] = []
        for _ in golden.losses {
            let (loss, gradients) = try valueAndGradient(at: parameters) {
                try model.adapted(by: empty.replacing(parameters: $0))
                    .completionLoss(of: golden.examples)
            }
            parameters = optimizer.update(
                parameters, gradients: gradients, learningRate: golden.learningRate)
            try evaluate([loss] + parameters + optimizer.state)
            losses.append(try loss.item())
        }
        expectClose(losses, golden.losses, absolute: 1e-4)
    }

    /// The numbers that `formula` in make-parity.py gives.
    private func byFormula(_ index: Int, shape: [Int]) -> Tensor {
        var values: [Float] = []
        for row in 0..<shape[0] {
            for column in 0..<shape[1] {
                let number = (row * 7919 + column * 104_729 + index * 1_299_709) % 2001
                values.append((Float(number) / 1000 - 1) / Float(shape[1]).squareRoot())
            }
        }
        return Tensor(values, shape: shape)
    }
}
