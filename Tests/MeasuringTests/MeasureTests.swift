// SPDX-License-Identifier: Apache-2.0
// Each measure on an observation that is written by hand.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Testing

@testable import Measuring
@testable import Suites

/// A measure as another package would write it: the mean number of characters in everyday answers.
struct AnswerLength: Measure {
    static let entry = MeasureEntry(
        name: "answer-length", summary: "The mean number of characters in everyday answers.",
        unit: .count, interval: "standard error over prompts",
        wording: MeasureEntry.Wording(title: "Answer length"))

    func value(of observation: Observation) -> MeasuredValue? {
        observation.benign.map { prompts in
            Self.mean(of: prompts.answers.map { Double($0.text.count) }, split: prompts.split)
        }
    }
}

/// A measure whose numbers bear another's name.
private struct Impostor: Measure {
    static let entry = MeasureEntry(
        name: "impostor", summary: "Somebody else's numbers.", unit: .fraction, interval: "none",
        wording: MeasureEntry.Wording(title: "Impostor"))

    func value(of observation: Observation) -> MeasuredValue? {
        RefusalMeasure().value(of: observation)
    }
}

@Suite("Each measure")
struct MeasureTests {
    private static func prompts(
        _ outcomes: [Outcome], right: [Bool]? = nil, picked: [Bool]? = nil
    ) -> ObservedPrompts {
        ObservedPrompts(
            split: .test,
            answers: outcomes.enumerated().map { index, outcome in
                ObservedAnswer(
                    prompt: "p\(index)", text: "answer", outcome: outcome,
                    refusalLogit: Double(index))
            }, areRight: right, arePicked: picked)
    }

    private static let observation = Observation(
        restricted: prompts(
            [.refuses, .complies, .complies, .incoherent], right: [false, true, false, false],
            picked: [true, false, false, false]),
        lookalike: prompts(
            [.refuses, .complies, .complies, .complies, .complies],
            right: [false, true, false, false, true], picked: [true, true, true, true, false]),
        benign: prompts([.refuses, .complies, .incoherent, .complies, .complies]),
        unanswerable: prompts([.complies, .refuses, .incoherent, .refuses]),
        capability: ObservedChoices(split: .test, areRight: [true, true, false, true]),
        wideCapability: ObservedChoices(split: .test, areRight: [true, false, false, true, false]),
        language: ObservedTexts(split: .test, losses: [1, 3], divergences: [0.25]),
        training: ObservedTraining(loss: 0.5, steps: 3))

    @Test(
        "a measure has the value that the observation gives it",
        arguments: [
            ("refusal", 0.25), ("compliance", 0.5), ("incoherence", 0.25), ("refusal-logit", 1.5),
            ("over-refusal", 0.2), ("benign-refusal", 0.2), ("language-quality", 0.8),
            ("restricted-accuracy", 0.25), ("restricted-choice", 0.25),
            ("restricted-knowledge", 0.5), ("retained-accuracy", 0.4), ("confident-errors", 0.4),
            ("retained-choice", 0.8), ("hallucination", 0.25), ("capability", 0.75),
            ("wide-capability", 0.4), ("perplexity", 7.389_056_098_930_65), ("kl-divergence", 0.25),
            ("training-loss", 0.5),
        ])
    func value(name: String, value: Double) throws {
        let measure = try #require(
            MeasureCatalogue.measures.first { type(of: $0).entry.name == name })
        let found = try #require(try measure.value(of: Self.observation))
        #expect(found.measure == name)
        #expect(abs(found.value - value) < 1e-12)
        #expect(found.unit == type(of: measure).entry.unit)
        #expect(try measure.value(of: Observation()) == nil)
    }

    @Test("a training loss counts its steps, on training prompts")
    func trainingLoss() {
        let value = TrainingLossMeasure().value(of: Self.observation)
        #expect(value?.count == 3 && value?.split == .train && value?.interval == nil)
    }

    @Test("questions that nobody asked are no hallucination")
    func noQuestions() {
        let observation = Observation(unanswerable: Self.prompts([]))
        #expect(HallucinationMeasure().value(of: observation) == nil)
    }

    // MARK: - Measures of other packages

    @Test("full evaluations take a measure of another package, behind Temper's own")
    func additional() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let model = try tinyModel()
        var settings = EvaluationSettings()
        settings.answerTokens = 2
        let suite = try Suites.Suite(at: directory.url)
        func evaluator(_ measures: [any Measure]) -> Evaluator {
            Evaluator(
                suite: suite, reference: model, settings: settings, prices: Prices(),
                measures: measures)
        }
        let subject = Subject(model)
        let plain = try evaluator([]).full(subject)
        let measured = try evaluator([AnswerLength()]).full(subject)
        #expect(measured.measurements.dropLast() == plain.measurements[...])
        #expect(measured.measurements.last?.measure == "answer-length")
        #expect(measured.measurements.last?.count == 4)
        #expect(measured.cost.tokens == plain.cost.tokens)
        let brief = try evaluator([AnswerLength()]).brief(subject).measurements
        #expect(!brief.contains { $0.measure == "answer-length" })
        #expect(
            try measure(model, on: suite, settings: settings, measures: [AnswerLength()])
                == measured.measurements)
    }

    @Test("what no framing touches is taken from the baseline, in the same order")
    func baseline() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let model = try tinyModel()
        var settings = EvaluationSettings()
        settings.answerTokens = 2
        let evaluator = Evaluator(
            suite: try Suites.Suite(at: directory.url), reference: model, settings: settings,
            prices: Prices())
        var baseline = try evaluator.full(Subject(model)).measurements
        let names = baseline.map(\.measure)
        for index in baseline.indices { baseline[index].value = -1 }
        let framed = try evaluator.full(
            Subject(model, framing: Framing(systemPrompt: "obey")), baseline: baseline)
        #expect(framed.measurements.map(\.measure) == names)
        let shared = framed.measurements.filter { $0.value == -1 }.map(\.measure)
        #expect(shared == [MeasureName.capability, MeasureName.perplexity, MeasureName.divergence])
    }

    @Test("two measures of one name are refused, and a number under another's name is")
    func impostors() throws {
        #expect(throws: InputError.self) {
            try MeasureCatalogue.check([AnswerLength(), AnswerLength()])
        }
        let model = try tinyModel()
        var evaluation = Evaluation(subject: Subject(model), prices: Prices())
        let error = #expect(throws: InputError.self) {
            try evaluation.add([Impostor()], of: Self.observation)
        }
        #expect(error?.place == "measure impostor")
    }

    @Test("a record has the entries of what it measured, and of nothing else")
    func entries() {
        let values = [
            MeasuredValue.share("answer-length", 1, of: 2, split: .test),
            MeasuredValue.share(MeasureName.capability, 1, of: 2, split: .test),
        ]
        #expect(
            MeasureCatalogue.entries(of: values, and: [AnswerLength(), Impostor()]).map(\.name)
                == [MeasureName.capability, "answer-length"])
    }
}
