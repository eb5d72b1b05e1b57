// SPDX-License-Identifier: Apache-2.0
// What is trained beside the facts that a suite teaches or takes away.

import LanguageModels
import Records
import Suites
import Training

/// Makes the pools of examples that teaching and restricting share.
struct KnowledgePools {
    let model: LanguageModel
    let suite: Suite
    let knowledge: Suite.Knowledge
    let seed: UInt64

    /// Facts, everyday prompts, and questions without an answer with words that own to it.
    /// - Parameters:
    ///   - topic: whose facts; nil for those of both topics.
    ///   - batch: facts a step.
    ///   - benign: everyday prompts a step.
    ///   - unanswerable: questions without an answer a step.
    /// - Returns: a pool of each kind.
    /// - Throws: errors of the model's template.
    func pools(
        facts topic: Fact.Topic?, batch: Int, benign: Int, unanswerable: Int
    ) throws -> [ExamplePool] {
        var generator = SplitMix64(seed: seed)
        let known = try knowledge.facts.filter { topic == nil || $0.topic == topic }.map {
            try model.example(prompt: $0.prompt, answer: $0.answer)
        }
        let everyday = try suite.benign.train.map {
            try model.example(prompt: $0.prompt, answer: $0.answer)
        }
        let unknown = try knowledge.unanswerable.train.map {
            let text = suite.refusals.randomElement(using: &generator)?.text ?? ""
            return try model.example(prompt: $0.prompt, answer: text)
        }
        return [
            ExamplePool(examples: known, batchSize: batch),
            ExamplePool(examples: everyday, batchSize: benign),
            ExamplePool(examples: unknown, batchSize: unanswerable),
        ]
    }
}
