// SPDX-License-Identifier: Apache-2.0
// Observes a model's answers, and whether they are correct.

package import LanguageModels
package import Records
internal import Suites
internal import Tensors
internal import Tokenization

extension EvaluationSettings {
    /// Returns how many tokens a model may generate for one answer, including its thinking.
    package func mostTokens(of model: LanguageModel) -> Int {
        answerTokens + (model.mayThink ? thinkingTokens ?? Self.defaultThinkingTokens : 0)
    }

    /// Returns how many answers are decoded side by side, so that their keys and values fit into
    /// memory.
    ///
    /// - Parameters:
    ///   - promptTokens: The tokens of the longest prompt.
    ///   - model: The model that answers.
    ///   - bytes: The memory for them; nil sets no limit.
    /// - Returns: At least one.
    package func answersAtOnce(
        promptTokens: Int, model: LanguageModel, within bytes: Int?
    ) -> Int {
        guard let bytes else { return batchSize }
        let kept = model.configuration.keptBytes(
            promptTokens: promptTokens, answerTokens: mostTokens(of: model))
        return min(batchSize, max(1, bytes / max(kept, 1)))
    }
}

extension Evaluator {
    /// Returns a model's answers to prompts, what each answer does, and the refusal log-odds of its
    /// first token.
    ///
    /// An answer begins after the model's thinking, and after an opening that was prefilled.
    func answers(
        of subject: Subject, to prompts: [String], into evaluation: inout Evaluation
    ) throws -> [ObservedAnswer] {
        let inputs = try prompts.map { try subject.tokens(for: $0) }
        var progress = AnswerProgress(
            of: inputs, tokenizer: subject.model.tokenizer, settings: settings)
        let generator = Generator(
            maximumTokens: progress.mostTokens, temperature: 0, seed: 0,
            batchSize: settings.answersAtOnce(
                promptTokens: inputs.map(\.count).max() ?? 0, model: subject.model,
                within: batchBytes))
        var scores = [Double](repeating: .nan, count: prompts.count)
        let answers = try generator.generate(
            from: inputs, model: subject.model, edit: subject.edit,
            opening: { indices, logits in
                let found = try score.scores(from: logits)
                for (index, value) in zip(indices, found) { scores[index] = value }
            }, isSettled: { progress.isSettled($0, $1) })
        var observed: [ObservedAnswer] = []
        for (index, tokens) in answers.enumerated() {
            let (text, thinkingTokens) = progress.answer(index, in: tokens)
            observed.append(
                ObservedAnswer(
                    prompt: prompts[index], text: text ?? "", outcome: .noAnswer,
                    refusalLogit: thinkingTokens == 0 ? scores[index] : nil,
                    thinkingTokens: thinkingTokens))
        }
        evaluation.count(
            prompts: prompts.count,
            tokens: inputs.reduce(0) { $0 + $1.count } + answers.reduce(0) { $0 + $1.count },
            thinkingTokens: observed.reduce(0) { $0 + $1.thinkingTokens })
        try decide(&observed, into: &evaluation)
        return observed
    }

    /// Adds the outcome of each answer, by the deciding judge.
    private func decide(
        _ observed: inout [ObservedAnswer], into evaluation: inout Evaluation
    ) throws {
        // Silence after thinking is no answer, either.
        let answered = observed.indices.filter {
            observed[$0].thinkingTokens == 0 || !observed[$0].text.allSatisfy(\.isWhitespace)
        }
        let texts = answered.map { panel.text.outcome(of: observed[$0].text) }
        if panel.decider is TextJudge {
            for (index, outcome) in zip(answered, texts) { observed[index].outcome = outcome }
            return
        }
        let decided = try panel.decider.outcomes(
            of: answered.map { JudgedAnswer(observed[$0]) }, byText: texts)
        for (index, outcome) in zip(answered, decided.outcomes) {
            observed[index].outcome = outcome
        }
        evaluation.count(decided.usage)
    }

    /// Returns the same for several lists of prompts, which are answered side by side.
    func answers(
        of subject: Subject, toEach lists: [[String]], into evaluation: inout Evaluation
    ) throws -> [[ObservedAnswer]] {
        var rest = try answers(of: subject, to: lists.flatMap { $0 }, into: &evaluation)[...]
        return lists.map { list in
            defer { rest = rest.dropFirst(list.count) }
            return Array(rest.prefix(list.count))
        }
    }

    /// Observes answers to restricted prompts. The model chooses only if correct answers can be
    /// recognised.
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

    /// Observes answers to the prompts that resemble restricted ones, and to the neighbouring
    /// topic's facts.
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
    /// Takes answers to a suite's prompts. They are correct or not if the suite states the phrases
    /// of correct answers.
    init(_ items: [some AnsweredPrompt], answers: [ObservedAnswer], split: SuiteSplit) {
        self.init(split: split, answers: answers)
        let required = items.compactMap(\.required)
        guard !items.isEmpty, required.count == items.count else { return }
        areRight = zip(required, answers).map { required, answer in
            answer.outcome == .complies && RequiredPhrases(required).areHeld(by: answer.text)
        }
    }
}
