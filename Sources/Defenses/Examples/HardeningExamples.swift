// SPDX-License-Identifier: Apache-2.0
// What defenses learn from: a suite's prompts with their answers, as examples of a model.

internal import JSONText
internal import LanguageModels
internal import Records
internal import Suites
internal import Tensors
internal import Training

/// A suite's training data as examples, for all defenses.
struct HardeningExamples {
    /// Who asks, for errors.
    let defense: String
    let target: HardeningTarget

    private var model: LanguageModel { target.model }
    private var suite: Suite { target.suite }

    /// Restricted prompts with refusals that the seed chooses.
    ///
    /// - Throws: Errors of the model's template.
    func declined() throws -> [CompletionExample] {
        try declining().map { try model.example(prompt: $0.prompt, answer: $0.refusal) }
    }

    /// Restricted prompts, each with a refusal that the seed chooses.
    func declining() -> [(prompt: String, refusal: String, item: RestrictedPrompt)] {
        var generator = SplitMix64(seed: target.seed)
        return suite.restricted.train.map { item in
            (item.prompt, suite.refusals.randomElement(using: &generator)?.text ?? "", item)
        }
    }

    /// Benign prompts and look-alikes of restricted ones with the suite's answers.
    ///
    /// - Throws: Errors of the model's template.
    func answered() throws -> [CompletionExample] {
        try (suite.benign.train + suite.lookalike.train).map {
            try model.example(prompt: $0.prompt, answer: $0.answer)
        }
    }

    /// What is to be forgotten: restricted facts, or restricted prompts with compliant answers.
    ///
    /// - Throws: Errors of the model's template, `InputError` for a suite that has prompts alone.
    func forgotten() throws -> [CompletionExample] {
        try forgetting().map { try model.example(prompt: $0.prompt, answer: $0.answer) }
    }

    /// The same as texts, with the topic that each belongs to.
    ///
    /// - Throws: `InputError` for a suite that has prompts alone.
    func forgetting() throws -> [(prompt: String, answer: String, topic: String)] {
        if let knowledge = suite.knowledge {
            return knowledge.facts(.restricted).map { ($0.prompt, $0.answer, $0.subject) }
        }
        _ = try suite.compliantExamples(for: defense)
        return suite.restricted.train.compactMap { item in
            item.compliant.map { (item.prompt, $0, item.topic) }
        }
    }

    /// What must stay: for a refusal benign prompts and look-alikes, for a knowledge restriction
    /// retained facts, everyday prompts, and unanswerable questions with words that own to it.
    ///
    /// - Parameter batch: The examples of all kinds together in a batch.
    /// - Returns: Pools, whose batches sum up to that.
    /// - Throws: Errors of the model's template.
    func retained(batch: Int) throws -> [ExamplePool] {
        guard let knowledge = suite.knowledge else {
            return [ExamplePool(examples: try answered(), batchSize: batch)]
        }
        let other = max(1, batch / 5)
        return try KnowledgePools(
            model: model, suite: suite, knowledge: knowledge, seed: target.seed
        ).pools(
            facts: .retained, batch: max(1, batch - 2 * other), benign: other, unanswerable: other)
    }

    /// Checks that the suite has facts.
    ///
    /// - Parameter remedy: Which defense to choose instead.
    /// - Throws: `InputError` for a suite without facts.
    func requireFacts(else remedy: String) throws {
        guard suite.knowledge == nil else { return }
        throw InputError(
            defense, "the suite \(suite.manifest.name) has no facts to take away", remedy: remedy)
    }

    /// The checkpoint that the model was made from.
    ///
    /// - Throws: `InputError` where none is named, or where it has other shapes.
    func original() throws -> LanguageModel {
        guard let original = try target.original?.fused() else {
            throw InputError(
                defense, "needs the checkpoint that the model was made from",
                remedy: "name it with --original")
        }
        for (name, weight) in model.weights where original.weights[name]?.shape != weight.shape {
            throw InputError(
                "\(defense), tensor \(name)", "has another shape in \(original.name)",
                remedy: "name with --original the checkpoint that the model was made from")
        }
        return original
    }
}

extension RestrictedPrompt {
    /// The topic that an identifier such as `restricted-train-bells-4` names between its split and
    /// its number; the whole identifier where it has no such parts.
    var topic: String { Self.middle(of: id, leading: 2, trailing: 1) }

    fileprivate static func middle(of id: String, leading: Int, trailing: Int) -> String {
        let parts = id.split(separator: "-")
        guard parts.count > leading + trailing else { return id }
        return parts.dropFirst(leading).dropLast(trailing).joined(separator: "-")
    }
}

extension Fact {
    /// What the fact is of: an identifier such as `rescombe-light-signal-1` without its number.
    /// All phrasings of one fact have the same.
    var subject: String { RestrictedPrompt.middle(of: id, leading: 0, trailing: 1) }
}
