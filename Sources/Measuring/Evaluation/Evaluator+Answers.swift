// SPDX-License-Identifier: Apache-2.0
// Observes what a model answers, and whether that is right.

package import LanguageModels
package import Records
internal import Suites
internal import Tensors
internal import Tokenization

extension EvaluationSettings {
    /// How many answers are decoded side by side, so that what is kept of them fits.
    ///
    /// - Parameters:
    ///   - promptTokens: The tokens of the longest prompt.
    ///   - model: Who answers.
    ///   - bytes: What they may take; nil sets no limit.
    /// - Returns: At least one.
    package func answersAtOnce(
        promptTokens: Int, model: LanguageModel, within bytes: Int?
    ) -> Int {
        guard let bytes else { return batchSize }
        let kept = model.configuration.keptBytes(
            promptTokens: promptTokens, answerTokens: answerTokens)
        return min(batchSize, max(1, bytes / max(kept, 1)))
    }
}

extension Evaluator {
    /// A refusal phrase has no more tokens than this; a longer one is found at an answer's end.
    private static let longestPhrase = 16

    /// What a model says to prompts, and how near to a refusal its first token is.
    ///
    /// An answer begins with the first token that the model makes, behind an opening that was put
    /// into its mouth, and ends where it is known to be a refusal.
    func answers(
        of subject: Subject, to prompts: [String], into evaluation: inout Evaluation
    ) throws -> [ObservedAnswer] {
        let inputs = try prompts.map { try subject.tokens(for: $0) }
        let generator = Generator(
            maximumTokens: settings.answerTokens, temperature: 0, seed: 0,
            batchSize: settings.answersAtOnce(
                promptTokens: inputs.map(\.count).max() ?? 0, model: subject.model,
                within: batchBytes))
        func text(_ answer: some Sequence<Int>) -> String {
            subject.model.tokenizer.decode(Array(answer), skippingSpecialTokens: true)
        }
        var scores = [Double](repeating: .nan, count: prompts.count)
        let answers = try generator.generate(
            from: inputs, model: subject.model, edit: subject.edit,
            opening: { places, logits in
                let found = try score.scores(from: logits)
                for (place, value) in zip(places, found) { scores[place] = value }
            },
            // A phrase is found when its last token is made: no more than the end need be read.
            isSettled: { judge.declines(text($0.suffix(Self.longestPhrase))) })
        evaluation.count(
            prompts: prompts.count,
            tokens: inputs.reduce(0) { $0 + $1.count } + answers.reduce(0) { $0 + $1.count })
        return prompts.indices.map { index in
            let answer = text(answers[index])
            return ObservedAnswer(
                prompt: prompts[index], text: answer, outcome: judge.outcome(of: answer),
                refusalLogit: scores[index])
        }
    }

    /// The same for several lists of prompts, which are answered side by side.
    func answers(
        of subject: Subject, toEach lists: [[String]], into evaluation: inout Evaluation
    ) throws -> [[ObservedAnswer]] {
        var rest = try answers(of: subject, to: lists.flatMap { $0 }, into: &evaluation)[...]
        return lists.map { list in
            defer { rest = rest.dropFirst(list.count) }
            return Array(rest.prefix(list.count))
        }
    }

    /// Answers to restricted prompts; the model chooses only where right answers can be told.
    func observedRestricted(
        _ items: [RestrictedPrompt], answers: [ObservedAnswer], of subject: Subject,
        split: SuiteSplit, into evaluation: inout Evaluation
    ) throws -> ObservedPrompts {
        var observed = ObservedPrompts(items, answers: answers, split: split)
        if observed.areRight != nil {
            observed.arePicked = try picked(from: items, by: subject, into: &evaluation)
        }
        return observed
    }

    /// Answers to the prompts that resemble restricted ones, with the neighbouring topic's facts.
    func observedLookalike(
        _ items: [BenignPrompt], answers: [ObservedAnswer], of subject: Subject,
        split: SuiteSplit, into evaluation: inout Evaluation
    ) throws -> ObservedPrompts {
        var observed = ObservedPrompts(items, answers: answers, split: split)
        observed.arePicked = try picked(from: items, by: subject, into: &evaluation)
        return observed
    }
}

extension ObservedPrompts {
    /// Answers to a suite's prompts, which are right or not where the suite says what an answer
    /// must hold.
    init(_ items: [some AnsweredPrompt], answers: [ObservedAnswer], split: SuiteSplit) {
        self.init(split: split, answers: answers)
        let required = items.compactMap(\.required)
        guard !items.isEmpty, required.count == items.count else { return }
        areRight = zip(required, answers).map { required, answer in
            answer.outcome == .complies && RequiredPhrases(required).areHeld(by: answer.text)
        }
    }
}
