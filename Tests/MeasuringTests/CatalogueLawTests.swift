// SPDX-License-Identifier: Apache-2.0
// What holds of every measure, also of one that is added today.

import Foundation
import LanguageModels
import Records
import TemperFixtures
import Testing

@testable import Measuring
@testable import Suites

@Suite("Every measure of the catalogue")
struct CatalogueLawTests {
    /// Everything that an evaluator emits on a suite.
    private func emitted(
        on write: (TemporaryDirectory) throws -> Void
    ) throws -> [MeasuredValue] {
        let directory = try TemporaryDirectory()
        try write(directory)
        let model = try tinyModel()
        var settings = EvaluationSettings()
        settings.answerTokens = 2
        settings.measuresTax = true
        let suite = try withExtendedLifetime(directory) {
            try Suites.Suite(at: directory.url)
        }
        let evaluator = Evaluator(
            suite: suite, reference: model, settings: settings, prices: Prices())
        let subject = Subject(model)
        return try evaluator.full(subject, isUntampered: true).measurements
            + evaluator.brief(subject).measurements
            + evaluator.trial(subject, isLast: true).measurements
            + evaluator.knowledge(subject, split: .validation).measurements
    }

    private func emitted() throws -> [MeasuredValue] {
        try emitted(on: {
            try writeTinySuite(to: $0)
            try writeTinyTax(to: $0)
        })
            + emitted(on: { try writeTinyKnowledgeSuite(to: $0) })
    }

    @Test("a measure that is emitted is in the catalogue, with its unit")
    func known() throws {
        let units = Dictionary(
            MeasureCatalogue.entries.map { ($0.name, $0.unit) },
            uniquingKeysWith: { first, _ in first })
        for value in try emitted() {
            #expect(units[value.measure] == value.unit, "\(value.measure)")
        }
    }

    @Test(
        "a measure of the catalogue is emitted; the training loss is an attack's, and unanswered a thinker's"
    )
    func emittedByEvaluator() throws {
        let found = Set(try emitted().map(\.measure))
        let missing = Set(MeasureCatalogue.entries.map(\.name)).subtracting(found)
        #expect(missing == [MeasureName.trainingLoss, MeasureName.unanswered])
    }

    @Test("no two measures share a name, and each is described")
    func entries() {
        let names = MeasureCatalogue.entries.map(\.name)
        #expect(Set(names).count == names.count)
        for measure in MeasureCatalogue.entries {
            #expect(!measure.summary.isEmpty && !measure.interval.isEmpty)
            #expect(measure.wording.title.first?.isUppercase == true)
            #expect(measure.wording.explanation?.isEmpty == false)
        }
    }

    @Test("no two measures share a column of a table")
    func columns() {
        let columns = MeasureCatalogue.entries.compactMap(\.place.column)
        #expect(Set(columns).count == columns.count)
    }

    @Test("what older records mean by a measure is in the catalogue, with its unit")
    func olderRecords() {
        for entry in MeasureEntry.ofOlderRecords {
            let now = MeasureCatalogue.entries.first { $0.name == entry.name }
            #expect(now?.unit == entry.unit, "\(entry.name)")
        }
    }

    @Test("an evaluation states its numbers in the catalogue's order")
    func order() throws {
        let names = MeasureCatalogue.entries.map(\.name)
        let directory = try TemporaryDirectory()
        try writeTinyKnowledgeSuite(to: directory)
        try writeTinyTax(to: directory)
        let model = try tinyModel()
        var settings = EvaluationSettings()
        settings.answerTokens = 2
        let evaluator = Evaluator(
            suite: try Suites.Suite(at: directory.url), reference: model, settings: settings,
            prices: Prices())
        for evaluation in [
            try evaluator.full(Subject(model), isUntampered: true),
            try evaluator.brief(Subject(model)),
            try evaluator.trial(Subject(model), isLast: true),
            try evaluator.knowledge(Subject(model), split: .test),
        ] {
            let found = evaluation.measurements.map(\.measure)
            #expect(found == names.filter { found.contains($0) })
        }
        #expect(
            try evaluator.brief(Subject(model)).measurements.map(\.measure) == [
                "refusal", "compliance", "incoherence", "refusal-logit", "restricted-accuracy",
                "restricted-choice", "restricted-knowledge",
            ])
        #expect(
            try evaluator.knowledge(Subject(model), split: .test).measurements.map(\.measure) == [
                "restricted-accuracy", "restricted-choice", "restricted-knowledge",
                "retained-accuracy", "confident-errors", "retained-choice", "hallucination",
            ])
    }
}
