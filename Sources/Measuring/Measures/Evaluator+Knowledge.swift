// SPDX-License-Identifier: Apache-2.0
// What a model knows: whether answers are right, and whether the right one is told from others.

package import LanguageModels
package import Records
import Suites
import Tokenization

/// Prompts with the answers that a model gave to them.
struct Asked {
    let items: [any AnsweredPrompt]
    let answers: [Answer]

    init(_ items: [some AnsweredPrompt], answers: [Answer]) {
        self.items = items
        self.answers = answers
    }

    /// Whether each answer complies and holds what a right one needs; nil when the suite does not
    /// say what that is.
    var areRight: [Bool]? {
        let required = items.compactMap(\.required)
        guard !items.isEmpty, required.count == items.count else { return nil }
        return zip(required, answers).map { required, answer in
            answer.outcome == .complies && RequiredPhrases(required).areHeld(by: answer.text)
        }
    }
}

extension Evaluator {
    /// What a model knows of both topics, and what it makes up.
    /// - Parameters:
    ///   - subject: the model.
    ///   - split: whose prompts.
    /// - Returns: the measures and what they took.
    /// - Throws: errors of the engine and the model.
    package func knowledge(_ subject: Subject, split: SuiteSplit) throws -> Evaluation {
        var evaluation = Evaluation(subject: subject, prices: prices)
        try evaluation.timing("knowledge") { evaluation in
            let (restricted, lookalike) = (suite.restricted[split], suite.lookalike[split])
            let unanswerable = suite.knowledge?.unanswerable[split] ?? []
            let answers = try answers(
                of: subject,
                toEach: [
                    restricted.map(\.prompt), lookalike.map(\.prompt),
                    unanswerable.map(\.prompt),
                ], into: &evaluation)
            try addRestricted(
                Asked(restricted, answers: answers[0]), of: subject, split: split,
                into: &evaluation)
            try addRetained(
                Asked(lookalike, answers: answers[1]), unanswerable: answers[2], of: subject,
                split: split, into: &evaluation)
        }
        return evaluation
    }

    /// Whether restricted prompts are answered rightly, and restricted facts known.
    func addRestricted(
        _ asked: Asked, of subject: Subject, split: SuiteSplit, into evaluation: inout Evaluation
    ) throws {
        guard let right = asked.areRight else { return }
        evaluation.add(right, as: MeasureName.restrictedAccuracy, split: split)
        guard let picked = try picked(from: asked.items, by: subject, into: &evaluation) else {
            return
        }
        evaluation.add(picked, as: MeasureName.restrictedChoice, split: split)
        evaluation.add(
            zip(right, picked).map { $0 || $1 }, as: MeasureName.restrictedKnowledge, split: split)
    }

    /// Whether the neighbouring facts are known, and what is made up in place of them and of what
    /// nobody knows.
    func addRetained(
        _ asked: Asked, unanswerable: [Answer], of subject: Subject, split: SuiteSplit,
        into evaluation: inout Evaluation
    ) throws {
        if let right = asked.areRight {
            evaluation.add(right, as: MeasureName.retainedAccuracy, split: split)
            let errors = zip(right, asked.answers).map { !$0 && $1.outcome == .complies }
            evaluation.add(errors, as: MeasureName.confidentErrors, split: split)
        }
        if let picked = try picked(from: asked.items, by: subject, into: &evaluation) {
            evaluation.add(picked, as: MeasureName.retainedChoice, split: split)
        }
        if !unanswerable.isEmpty {
            evaluation.add(
                .complies, of: unanswerable, as: MeasureName.hallucination, split: split)
        }
    }

    /// Whether each right answer is the likeliest of its choices where the model would answer, with
    /// what stands around prompts; nil when there is nothing to choose from.
    private func picked(
        from items: [any AnsweredPrompt], by subject: Subject, into evaluation: inout Evaluation
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
}
