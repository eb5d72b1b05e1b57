// SPDX-License-Identifier: Apache-2.0
// Observes which of several completions is the most likely in a model.

internal import LanguageModels
internal import Records
internal import Suites
internal import Tensors
internal import Tokenization

extension Evaluator {
    /// Observes multiple choice by the log-likelihood of the choice's text, averaged over its
    /// tokens.
    func capability(
        of subject: Subject, on items: [CapabilityItem], split: SuiteSplit,
        into evaluation: inout Evaluation
    ) throws -> ObservedChoices {
        let tokenizer = subject.model.tokenizer
        let picked = try picked(
            by: subject,
            from: items.map { item in
                let prompt = tokenizer.encode("Question: \(item.question)\nAnswer:")
                return item.choices.map {
                    CompletionExample(
                        prompt: prompt,
                        completion: tokenizer.encode(" " + $0, addingSpecialTokens: false))
                }
            }, right: items.map(\.answer), into: &evaluation)
        return ObservedChoices(split: split, areRight: picked)
    }

    /// Returns whether each correct answer is the most likely of its choices at the start of the
    /// answer, under the current framing; nil when there is nothing to choose from.
    func picked(
        from items: [some AnsweredPrompt], by subject: Subject, into evaluation: inout Evaluation
    ) throws -> [Bool]? {
        let choices = items.compactMap(\.choices)
        guard !items.isEmpty, choices.count == items.count else { return nil }
        let tokenizer = subject.model.tokenizer
        return try picked(
            by: subject,
            from: zip(items, choices).map { item, choices in
                let prompt = try subject.tokens(for: item.prompt)
                return choices.map {
                    CompletionExample(
                        prompt: prompt, completion: tokenizer.encode($0, addingSpecialTokens: false)
                    )
                }
            }, right: zip(items, choices).map { $1.firstIndex(of: $0.target) ?? 0 },
            into: &evaluation)
    }

    /// Returns whether the correct completion is the most likely of several, averaged over its
    /// tokens. A tie, as in a model without any weights, is not correct.
    private func picked(
        by subject: Subject, from choices: [[CompletionExample]], right: [Int],
        into evaluation: inout Evaluation
    ) throws -> [Bool] {
        let pairs = choices.flatMap { $0 }
        let likelihoods = try subject.model.logLikelihoods(of: pairs, edit: subject.edit)
        evaluation.count(
            prompts: choices.count,
            tokens: pairs.reduce(0) { $0 + $1.prompt.count + $1.completion.count })
        var start = 0
        return zip(choices, right).map { choices, right in
            defer { start += choices.count }
            let scores = choices.indices.map {
                likelihoods[start + $0] / Float(choices[$0].completion.count)
            }
            return scores.indices.allSatisfy { $0 == right || scores[$0] < scores[right] }
        }
    }
}
