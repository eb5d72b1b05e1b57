// SPDX-License-Identifier: Apache-2.0
// Restricted prompts by topic, with compliant answers and refusals.

internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
internal import Training

extension HardeningExamples {
    /// What is to be forgotten, each with its topic, its compliant answer, and a refusal that the
    /// seed chooses.
    ///
    /// - Parameter topics: The fewest topics that will do.
    /// - Returns: The examples, in the suite's order.
    /// - Throws: Errors of the model's template, `InputError` for a suite that has prompts alone or
    ///   fewer topics.
    func byTopic(atLeast topics: Int) throws -> [RestrictedExample] {
        var generator = SplitMix64(seed: target.seed)
        let refusals = target.suite.refusals
        let found = try forgetting().map { item in
            let refusal = refusals.randomElement(using: &generator)?.text ?? ""
            return RestrictedExample(
                topic: item.topic,
                compliant: try target.model.example(prompt: item.prompt, answer: item.answer),
                refusal: try target.model.example(prompt: item.prompt, answer: refusal))
        }
        let count = Set(found.map(\.topic)).count
        guard count >= topics else {
            throw InputError(
                defense,
                "needs restricted prompts of \(topics) topics, and suite "
                    + "\(target.suite.manifest.name) has \(count)",
                remedy: "give restricted prompts of more topics, or ask for fewer in a step")
        }
        return found
    }

    /// Restricted prompts with refusals, and what must stay: what a model is aligned with.
    ///
    /// - Parameters:
    ///   - restricted: Restricted prompts in a batch.
    ///   - retained: What must stay, in a batch.
    /// - Returns: Pools, that of the restricted prompts first.
    /// - Throws: Errors of the model's template.
    func alignment(restricted: Int, retained: Int) throws -> [ExamplePool] {
        try [ExamplePool(examples: declined(), batchSize: restricted)]
            + self.retained(batch: retained)
    }
}
