// SPDX-License-Identifier: Apache-2.0
// An audit takes measures of other packages, and its record says what they are.

import Foundation
import JSONText
import LanguageModels
import Measuring
import ModelWriting
import Records
import TemperFixtures
import Testing

@testable import Adversaries
@testable import Audits
@testable import Suites

/// The mean number of characters in everyday answers.
private struct AnswerLength: Measure {
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

@Suite("Measures of other packages")
struct AdditionalMeasureTests {
    private let directory: TemporaryDirectory
    private let inputs: Reproduction.Inputs
    private let request: Audit.Request

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let place = directory.url.appendingPathComponent("tiny")
        try tinyModel().write(to: place)
        inputs = Reproduction.Inputs(
            model: try LoadedModel(at: place), suite: try Suites.Suite(at: directory.url))
        let battery = try Battery(
            yaml: Data(
                """
                name: tiny
                adversaries:
                  - {name: control, attack: control}
                  - {name: prompt, attack: system-prompt-override}
                  - name: lora
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 2, batchSize: 2, rank: 2}}
                """.utf8), file: "tiny.yaml")
        var request = Audit.Request(
            model: inputs.model.model, identity: inputs.model.identity, suite: inputs.suite,
            battery: battery, seeds: [1])
        request.acceptsMissingSafeguard = true
        request.settings.answerTokens = 4
        self.request = request
    }

    private func store() throws -> SQLiteCellStore {
        try SQLiteCellStore(at: directory.url.appendingPathComponent("\(UUID().uuidString).sqlite"))
    }

    private func record(_ request: Audit.Request) async throws -> AuditRecord {
        var record: AuditRecord?
        for try await event in try Audit(request, store: try store()).run() {
            if case .record(let found) = event { record = found }
        }
        return try #require(record)
    }

    @Test("every full evaluation takes the measure, and the other numbers stay")
    func audit() async throws {
        var request = request
        let plain = try await record(request)
        request.measures = [AnswerLength()]
        let measured = try await record(request)
        #expect(measured.baseline.contains { $0.measure == "answer-length" })
        for cell in measured.cells {
            #expect(
                cell.finalPoint?.measurements.contains { $0.measure == "answer-length" } == true)
        }
        func others(_ values: [MeasuredValue]) -> [MeasuredValue] {
            values.filter { $0.measure != "answer-length" }
        }
        #expect(others(measured.baseline) == plain.baseline)
        for (one, other) in zip(measured.cells, plain.cells) {
            #expect(
                others(one.trace.flatMap(\.measurements)) == other.trace.flatMap(\.measurements))
        }
    }

    @Test("a record states the measures that it has numbers of, and no others")
    func entries() async throws {
        var request = request
        let plain = try #require(try await record(request).measures)
        #expect(plain.contains { $0.name == MeasureName.refusal })
        #expect(plain.contains { $0.name == MeasureName.trainingLoss })
        #expect(!plain.contains { $0.name == MeasureName.hallucination })
        request.measures = [AnswerLength()]
        let record = try await record(request)
        #expect(record.measures == plain + [AnswerLength.entry])
        #expect(record.evaluation?.measures == ["answer-length"])
        #expect(record.contradiction == nil)
    }

    @Test("a cell's key has the measure's identity, and stays as it is without one")
    func keys() throws {
        var request = request
        let plain = try Audit(request, store: try store()).jobs
        #expect(plain.allSatisfy { $0.content.settings.measures == nil })
        request.measures = [AnswerLength()]
        let measured = try Audit(request, store: try store()).jobs
        #expect(Set(plain.map(\.key)).isDisjoint(with: measured.map(\.key)))
        request.measures.append(AnswerLength())
        #expect(throws: (any Error).self) { try Audit(request, store: try store()) }
    }

    @Test("a record is run again with its measures, or without them and with a note")
    func reproduction() async throws {
        var request = request
        request.measures = [AnswerLength()]
        let record = try await record(request)
        let without = try Reproduction(of: record, from: inputs)
        #expect(without.notes == ["measures of other packages are not taken again: answer-length"])
        let some = try await without.run(store: try store())
        #expect(!some.contains { $0.number == "answer-length" })
        #expect(some.allSatisfy { $0.verdict == .exact })
        var inputs = inputs
        inputs.measures = [AnswerLength()]
        let all = try await Reproduction(of: record, from: inputs).run(store: try store())
        #expect(all.contains { $0.number == "answer-length" })
        #expect(all.allSatisfy { $0.verdict == .exact })
        let plain = try await self.record(self.request)
        #expect(throws: InputError.self) { try Reproduction(of: plain, from: inputs) }
    }
}
