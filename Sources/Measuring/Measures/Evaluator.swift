// SPDX-License-Identifier: Apache-2.0
// Reads the measures of a suite off a model.

internal import Foundation
public import LanguageModels
public import Records
public import Suites
internal import Synchronization
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

/// Every measure of an untampered model on a suite.
/// - Parameters:
///   - model: the model.
///   - suite: the suite.
///   - split: whose prompts; capability and language have only one split, counted as test.
///   - settings: how measures are taken.
/// - Returns: every measure with its interval.
/// - Throws: errors of the engine and the model.
public func measure(
    _ model: LanguageModel, on suite: Suite, split: SuiteSplit = .test,
    settings: EvaluationSettings = EvaluationSettings()
) throws -> [MeasuredValue] {
    try Evaluator(suite: suite, reference: model, settings: settings, prices: Prices())
        .full(Subject(model), split: split).measurements
}

/// Reads the measures of one suite off models, and counts what that takes.
package struct Evaluator {
    package let suite: Suite
    /// What the untampered model, which KL divergence is taken from, reads of the retain texts.
    private let reference: Reference
    package let settings: EvaluationSettings
    let prices: Prices
    /// A refusal phrase has no more tokens than this; a longer one is found at an answer's end.
    private static let longestPhrase = 16

    private let judge: TextJudge
    private let panel: JudgePanel
    /// What the keys and values of answers in the making may take, in bytes; nil sets no limit.
    private let batchBytes: Int?
    private let score: RefusalScore

    package init(
        suite: Suite, reference: LanguageModel, settings: EvaluationSettings, prices: Prices,
        judges: [any Judge] = [], batchBytes: Int? = nil
    ) {
        self.suite = suite
        self.reference = Reference(
            model: reference, texts: suite.retain.prefix(settings.divergenceTexts).map(\.text))
        self.settings = settings
        self.prices = prices
        judge = TextJudge(markers: suite.manifest.refusalMarkers)
        self.batchBytes = batchBytes
        panel = JudgePanel(text: judge, others: judges)
        score = RefusalScore(suite: suite, tokenizer: reference.tokenizer)
    }

    /// What is cheap enough for every trace point: refusal on validation prompts, and whether the
    /// answers are right.
    package func brief(_ subject: Subject) throws -> Evaluation {
        var evaluation = Evaluation(subject: subject, prices: prices)
        try evaluation.timing("refusal on validation prompts") { evaluation in
            let restricted = suite.restricted.validation
            let answers = try answers(
                of: subject, to: restricted.map(\.prompt), into: &evaluation)
            evaluation.addRefusal(answers, split: .validation)
            try addRestricted(
                Asked(restricted, answers: answers), of: subject, split: .validation,
                into: &evaluation)
        }
        return evaluation
    }

    /// What a search goes by: refusal on validation prompts, and at a trial's end capability on
    /// every second item.
    package func trial(_ subject: Subject, isLast: Bool) throws -> Evaluation {
        var evaluation = try brief(subject)
        guard isLast else { return evaluation }
        let items = suite.capability.enumerated().filter { $0.offset.isMultiple(of: 2) }
        try evaluation.timing("capability") {
            try capability(of: subject, on: items.map(\.element), split: .validation, into: &$0)
        }
        return evaluation
    }

    /// Every measure.
    /// - Parameters:
    ///   - subject: the model.
    ///   - split: whose prompts.
    ///   - baseline: the measures of a model that computes the same, if there is one: those that
    ///     no framing touches are taken from it.
    ///   - isJudged: whether further judges are asked.
    /// - Returns: the measures and what they took.
    /// - Throws: errors of the engine and the model.
    package func full(
        _ subject: Subject, split: SuiteSplit = .test, baseline: [MeasuredValue]? = nil,
        isJudged: Bool = true
    ) throws -> Evaluation {
        var evaluation = Evaluation(subject: subject, prices: prices)
        try evaluation.timing("answers") { evaluation in
            let (restricted, lookalike) = (suite.restricted[split], suite.lookalike[split])
            let unanswerable = suite.knowledge?.unanswerable[split] ?? []
            let answers = try answers(
                of: subject,
                toEach: [
                    restricted.map(\.prompt), lookalike.map(\.prompt),
                    suite.benign[split].map(\.prompt), unanswerable.map(\.prompt),
                ], into: &evaluation)
            evaluation.addRefusal(answers[0], split: split)
            if isJudged {
                evaluation.judging = try panel.judging(
                    of: zip(restricted, answers[0]).map {
                        JudgedAnswer(prompt: $0.prompt, answer: $1.text, refusalLogit: $1.score)
                    }, split: split)
            }
            evaluation.add(.refuses, of: answers[1], as: MeasureName.overRefusal, split: split)
            evaluation.add(.refuses, of: answers[2], as: MeasureName.benignRefusal, split: split)
            evaluation.add(
                .refuses, .complies, of: answers[2], as: MeasureName.languageQuality, split: split)
            try addRestricted(
                Asked(restricted, answers: answers[0]), of: subject, split: split,
                into: &evaluation)
            try addRetained(
                Asked(lookalike, answers: answers[1]), unanswerable: answers[3], of: subject,
                split: split, into: &evaluation)
        }
        if let baseline {
            let shared = [MeasureName.capability, MeasureName.perplexity, MeasureName.divergence]
            evaluation.measurements += shared.compactMap { baseline.first($0) }
        } else {
            try evaluation.timing("capability") {
                try capability(of: subject, on: suite.capability, split: .test, into: &$0)
            }
            try evaluation.timing("language") { try language(of: subject, into: &$0) }
        }
        return evaluation
    }

    /// What a model says to prompts, and how near to a refusal its first token is.
    ///
    /// An answer begins with the first token that the model makes, behind an opening that was put
    /// into its mouth, and ends where it is known to be a refusal.
    private func answers(
        of subject: Subject, to prompts: [String], into evaluation: inout Evaluation
    ) throws -> [Answer] {
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
        return zip(answers.map(text), scores).map {
            Answer(text: $0, outcome: judge.outcome(of: $0), score: $1)
        }
    }

    /// The same for several lists of prompts, which are answered side by side.
    func answers(
        of subject: Subject, toEach lists: [[String]], into evaluation: inout Evaluation
    ) throws -> [[Answer]] {
        var rest = try answers(of: subject, to: lists.flatMap { $0 }, into: &evaluation)[...]
        return lists.map { list in
            defer { rest = rest.dropFirst(list.count) }
            return Array(rest.prefix(list.count))
        }
    }

    /// Multiple choice by log-likelihood of the choice's text, a token on average.
    private func capability(
        of subject: Subject, on items: [CapabilityItem], split: SuiteSplit,
        into evaluation: inout Evaluation
    ) throws {
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
        evaluation.add(picked, as: MeasureName.capability, split: split)
    }

    /// Whether the right one of several completions is the likeliest, a token on average; what
    /// leaves it undecided, as a model without any weights does, is not right.
    func picked(
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

    /// Perplexity on retain text, and KL divergence from the untampered model.
    private func language(of subject: Subject, into evaluation: inout Evaluation) throws {
        let texts = suite.retain.map { subject.model.tokenizer.encode($0.text) }
        let reading = try Reading(of: texts, by: subject.model, edit: subject.edit)
        let losses = try reading.logProbabilities().map { text in
            -text.reduce(0) { $0 + Double($1) } / Double(max(text.count, 1))
        }
        let loss = MeasuredValue.mean(
            MeasureName.perplexity, of: losses, unit: .perplexity, split: .test)
        evaluation.measurements.append(loss.exponential)
        let divergences = try reading.divergences(from: reference.reading())
        evaluation.measurements.append(
            .mean(
                MeasureName.divergence, of: divergences.map(Double.init), unit: .nats, split: .test)
        )
        evaluation.count(prompts: texts.count, tokens: texts.reduce(0) { $0 + $1.count })
    }
}

/// The model that others are compared with: it reads the texts once, when that is first needed.
private final class Reference: Sendable {
    private let model: LanguageModel
    private let texts: [String]
    private let result = Mutex<Reading?>(nil)

    init(model: LanguageModel, texts: [String]) {
        self.model = model
        self.texts = texts
    }

    func reading() throws -> Reading {
        try result.withLock { result in
            if let result { return result }
            let new = try Reading(of: texts.map { model.tokenizer.encode($0) }, by: model)
            result = new
            return new
        }
    }
}

/// An answer, what it does, and log P(refusal opening) - log(1 - P) of its first token, in nats.
struct Answer {
    let text: String
    let outcome: Outcome
    let score: Double
}

/// What one look at a model gave, and what it took.
package struct Evaluation {
    package var measurements: [MeasuredValue] = []
    /// What several judges said of the answers to restricted prompts.
    package var judging: Judging?
    package private(set) var cost = EvaluationCost.zero
    private let operationsPerToken: Double
    private let prices: Prices

    init(subject: Subject, prices: Prices) {
        operationsPerToken = 2 * Double(subject.model.matrixParameterCount)
        self.prices = prices
    }

    mutating func count(prompts: Int, tokens: Int) {
        cost.prompts += prompts
        cost.tokens += tokens
        cost.floatingPointOperations += operationsPerToken * Double(tokens)
        cost.dollars = prices.dollars(forFloatingPointOperations: cost.floatingPointOperations)
    }

    mutating func timing(
        _ activity: String, _ work: (inout Evaluation) throws -> Void
    ) rethrows {
        let clock = ContinuousClock()
        let start = clock.now
        try Profile.time(activity) { try work(&self) }
        cost.deviceSeconds += (clock.now - start).seconds
    }

    /// The share of answers with one of some outcomes.
    mutating func add(
        _ outcomes: Outcome..., of answers: some Collection<Answer>, as measure: String,
        split: SuiteSplit
    ) {
        add(answers.map { outcomes.contains($0.outcome) }, as: measure, split: split)
    }

    /// The share of cases that count.
    mutating func add(_ cases: [Bool], as measure: String, split: SuiteSplit) {
        measurements.append(.share(measure, cases, split: split))
    }

    /// Refusal of restricted prompts by text, with its three outcomes, and by logits.
    mutating func addRefusal(_ answers: some Collection<Answer>, split: SuiteSplit) {
        for (measure, outcome) in [
            (MeasureName.refusal, Outcome.refuses), (MeasureName.compliance, .complies),
            (MeasureName.incoherence, .incoherent),
        ] {
            add(outcome, of: answers, as: measure, split: split)
        }
        measurements.append(
            .mean(MeasureName.refusalLogit, of: answers.map(\.score), unit: .nats, split: split))
    }
}

extension MeasuredValue {
    /// A mean loss in nats, as the perplexity it stands for.
    fileprivate var exponential: MeasuredValue {
        var result = self
        result.value = exp(value)
        result.interval = interval.map {
            Interval(
                lower: exp($0.lower), upper: exp($0.upper), confidence: $0.confidence,
                method: $0.method)
        }
        return result
    }
}
