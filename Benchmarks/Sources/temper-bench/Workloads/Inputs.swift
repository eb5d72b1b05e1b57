// SPDX-License-Identifier: Apache-2.0
// The tokens and texts that the work is done on, all from a suite.

import Foundation
import LanguageModels
import Suites
import Tokenization

/// A suite as a model's tokenizer and chat template see it.
struct Inputs {
    /// Training prompts and answers, in the suite's order.
    let training: [CompletionExample]
    /// Prompts to be answered.
    let prompts: [CompletionExample]
    /// Capability questions, each with each of its choices.
    let choices: [CompletionExample]
    /// Every text of the suite.
    let texts: [String]
    private let stream: [Int]

    init(suite: Suite, model: LanguageModel) throws {
        let tokenizer = model.tokenizer
        func prompt(_ text: String) throws -> [Int] {
            try model.tokens(
                for: [ChatMessage(role: "user", content: text)], addingGenerationPrompt: true)
        }
        let end = tokenizer.eosToken.map { [$0.identifier] } ?? []
        training = try suite.restricted.train.map {
            CompletionExample(
                prompt: try prompt($0.prompt),
                completion: tokenizer.encode($0.compliant ?? "", addingSpecialTokens: false) + end)
        }
        prompts = try suite.restricted.test.map {
            CompletionExample(prompt: try prompt($0.prompt), completion: [])
        }
        choices = suite.capability.flatMap { item in
            let question = tokenizer.encode("Question: \(item.question)\nAnswer:")
            return item.choices.map {
                CompletionExample(
                    prompt: question,
                    completion: tokenizer.encode(" " + $0, addingSpecialTokens: false))
            }
        }
        let everyday = suite.benign.train + suite.lookalike.train
        texts =
            suite.retain.map(\.text) + everyday.flatMap { [$0.prompt, $0.answer] }
            + suite.restricted.train.flatMap { [$0.prompt, $0.compliant ?? ""] }
        stream = texts.flatMap { tokenizer.encode($0) }
    }

    /// Rows of running text, in each of which `length` tokens are predicted after a first one.
    func rows(_ count: Int, length: Int) -> [CompletionExample] {
        (0..<count).map { row in
            let tokens = (0...length).map { stream[(row * (length + 1) + $0) % stream.count] }
            return CompletionExample(
                prompt: [tokens[0]], completion: Array(tokens.dropFirst()))
        }
    }
}
