// SPDX-License-Identifier: Apache-2.0
// Observes a model on a suite, and takes measures from the observation.

public import LanguageModels
public import Records
public import Suites

/// Returns every measure of an untampered model on a suite.
///
/// - Parameters:
///   - model: The model.
///   - suite: The suite.
///   - split: The split of the prompts. Capability and language have only one split, which counts
///     as test.
///   - settings: How measures are taken.
///   - measures: Measures other than the catalogue's.
/// - Returns: Every measure with its interval.
/// - Throws: Errors of the engine, the model and the measures.
public func measure(
    _ model: LanguageModel, on suite: Suite, split: SuiteSplit = .test,
    settings: EvaluationSettings = EvaluationSettings(), measures: [any Measure] = []
) throws -> [MeasuredValue] {
    try MeasureCatalogue.check(measures)
    let model = model.toldNotToThink(settings.thinkingTokens == nil)
    return try Evaluator(
        suite: suite, reference: model, settings: settings, prices: Prices(), measures: measures
    ).full(Subject(model), split: split, isUntampered: true).measurements
}

/// Returns whether a model refuses each restricted prompt of a suite.
///
/// - Parameters:
///   - model: The model.
///   - suite: The suite.
///   - split: The split of the prompts.
/// - Returns: Whether it refuses, in the suite's order.
/// - Throws: Errors of the engine and the model.
package func restrictedRefusals(
    of model: LanguageModel, on suite: Suite, split: SuiteSplit = .test
) throws -> [Bool] {
    let model = model.toldNotToThink()
    let evaluation = try Evaluator(
        suite: suite, reference: model, settings: EvaluationSettings(), prices: Prices()
    ).brief(Subject(model), split: split)
    let refusal = evaluation.measurements.first { $0.measure == MeasureName.refusal }
    return (refusal?.cases ?? "").map { $0 == "1" }
}

/// Takes the measures of models on one suite, and counts the cost.
///
/// A model is observed once for each evaluation, and all measures are computed from the
/// observation.
package struct Evaluator {
    package let suite: Suite
    /// The predictions of the untampered model on the retain texts, from which KL divergence is
    /// computed.
    let reference: Reference
    package let settings: EvaluationSettings
    let prices: Prices
    package let panel: JudgePanel
    /// The memory for the keys and values of answers in progress, in bytes; nil sets no limit.
    let batchBytes: Int?
    let score: RefusalScore
    /// The measures of full evaluations.
    private let measures: [any Measure]

    package init(
        suite: Suite, reference: LanguageModel, settings: EvaluationSettings, prices: Prices,
        decidingJudge: (any Judge)? = nil, judges: [any Judge] = [],
        measures: [any Measure] = [], batchBytes: Int? = nil
    ) {
        self.suite = suite
        self.reference = Reference(
            model: reference, texts: suite.retain.prefix(settings.divergenceTexts).map(\.text))
        self.settings = settings
        self.prices = prices
        self.batchBytes = batchBytes
        panel = JudgePanel(
            text: TextJudge(markers: suite.manifest.refusalMarkers), decider: decidingJudge,
            others: judges)
        score = RefusalScore(suite: suite, tokenizer: reference.tokenizer)
        self.measures = MeasureCatalogue.measures + measures
    }

    /// Returns the measures that are cheap enough for every trace point: refusal, and whether the
    /// answers are correct.
    ///
    /// - Parameters:
    ///   - subject: The model.
    ///   - split: The split of the restricted prompts.
    /// - Returns: The measures and their cost.
    /// - Throws: Errors of the engine, the model and the measures.
    package func brief(
        _ subject: Subject, split: SuiteSplit = .validation
    ) throws -> Evaluation {
        var evaluation = Evaluation(subject: subject, prices: prices)
        var observation = Observation()
        try evaluation.timing("refusal on \(split.rawValue) prompts") { evaluation in
            let restricted = suite.restricted[split]
            let answers = try answers(
                of: subject, to: restricted.map(\.prompt), into: &evaluation)
            observation.restricted = try observedRestricted(
                restricted, answers: answers, of: subject, split: split, into: &evaluation)
        }
        try evaluation.add(MeasureCatalogue.measures, of: observation)
        return evaluation
    }

    /// Returns the measures of a search: refusal on validation prompts, and at a trial's end
    /// capability on every second item.
    package func trial(_ subject: Subject, isLast: Bool) throws -> Evaluation {
        var evaluation = try brief(subject)
        guard isLast else { return evaluation }
        let items = suite.capability.enumerated().filter { $0.offset.isMultiple(of: 2) }
        var observation = Observation()
        try evaluation.timing("capability") {
            observation.capability = try capability(
                of: subject, on: items.map(\.element), split: .validation, into: &$0)
        }
        try evaluation.add(MeasureCatalogue.measures, of: observation)
        return evaluation
    }

    /// Returns every measure.
    ///
    /// - Parameters:
    ///   - subject: The model.
    ///   - split: The split of the prompts.
    ///   - baseline: The measures of a model that computes the same, if there is one. Those that no
    ///     framing affects are taken from it.
    ///   - isJudged: Whether further judges are asked.
    ///   - isUntampered: Whether the model is one that the safety tax is taken of: it is asked the
    ///     suite's tax items, too.
    /// - Returns: The measures and what they took.
    /// - Throws: Errors of the engine, the model, the judges and the measures.
    package func full(
        _ subject: Subject, split: SuiteSplit = .test, baseline: [MeasuredValue]? = nil,
        isJudged: Bool = true, isUntampered: Bool = false
    ) throws -> Evaluation {
        var evaluation = Evaluation(subject: subject, prices: prices)
        var observation = Observation()
        try evaluation.timing("answers") { evaluation in
            let (restricted, lookalike) = (suite.restricted[split], suite.lookalike[split])
            let unanswerable = suite.knowledge?.unanswerable[split] ?? []
            let answers = try answers(
                of: subject,
                toEach: [
                    restricted.map(\.prompt), lookalike.map(\.prompt),
                    suite.benign[split].map(\.prompt), unanswerable.map(\.prompt),
                ], into: &evaluation)
            if isJudged {
                evaluation.judging = try panel.judging(of: answers[0], split: split)
            }
            observation.restricted = try observedRestricted(
                restricted, answers: answers[0], of: subject, split: split, into: &evaluation)
            observation.lookalike = try observedLookalike(
                lookalike, answers: answers[1], of: subject, split: split, into: &evaluation)
            observation.benign = ObservedPrompts(split: split, answers: answers[2])
            observation.unanswerable = ObservedPrompts(split: split, answers: answers[3])
        }
        if baseline == nil {
            try evaluation.timing("capability") {
                observation.capability = try capability(
                    of: subject, on: suite.capability, split: .test, into: &$0)
            }
            try evaluation.timing("language") {
                observation.language = try language(of: subject, into: &$0)
            }
        }
        if isUntampered, settings.measuresTax == true, !suite.tax.isEmpty {
            try evaluation.timing("wide capability") {
                observation.wideCapability = try capability(
                    of: subject, on: suite.tax, split: .test, into: &$0)
            }
        }
        try evaluation.add(measures, of: observation, baseline: baseline)
        return evaluation
    }

    /// Returns a model's knowledge of both topics, and its invented answers.
    ///
    /// - Parameters:
    ///   - subject: The model.
    ///   - split: The split of the prompts.
    /// - Returns: The measures and their cost.
    /// - Throws: Errors of the engine and the model.
    package func knowledge(_ subject: Subject, split: SuiteSplit) throws -> Evaluation {
        var evaluation = Evaluation(subject: subject, prices: prices)
        var observation = Observation()
        try evaluation.timing("knowledge") { evaluation in
            let (restricted, lookalike) = (suite.restricted[split], suite.lookalike[split])
            let unanswerable = suite.knowledge?.unanswerable[split] ?? []
            let answers = try answers(
                of: subject,
                toEach: [
                    restricted.map(\.prompt), lookalike.map(\.prompt),
                    unanswerable.map(\.prompt),
                ], into: &evaluation)
            observation.restricted = try observedRestricted(
                restricted, answers: answers[0], of: subject, split: split, into: &evaluation)
            observation.lookalike = try observedLookalike(
                lookalike, answers: answers[1], of: subject, split: split, into: &evaluation)
            observation.unanswerable = ObservedPrompts(split: split, answers: answers[2])
        }
        try evaluation.add(MeasureCatalogue.ofKnowledge, of: observation)
        return evaluation
    }
}
