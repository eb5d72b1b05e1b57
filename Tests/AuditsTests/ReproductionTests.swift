// SPDX-License-Identifier: Apache-2.0
// A record that is run again: all of it, a sample, and what does not agree.

import Foundation
import JSONText
import LanguageModels
import Measuring
import ModelWriting
import TemperFixtures
import Testing

@testable import Adversaries
@testable import Audits
@testable import Records
@testable import Suites

@Suite("Reproduction")
struct ReproductionTests {
    private let directory: TemporaryDirectory
    private let inputs: Reproduction.Inputs

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let place = directory.url.appendingPathComponent("tiny")
        try tinyModel().write(to: place)
        inputs = Reproduction.Inputs(
            model: try LoadedModel(at: place), suite: try Suites.Suite(at: directory.url))
    }

    private func store() throws -> SQLiteCellStore {
        try SQLiteCellStore(at: directory.url.appendingPathComponent("\(UUID().uuidString).sqlite"))
    }

    private func audit() async throws -> AuditRecord {
        let battery = try Battery(
            yaml: Data(
                """
                name: tiny
                adversaries:
                  - {name: control, attack: control}
                  - {name: prompt, attack: system-prompt-override}
                  - name: lora
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 3, batchSize: 2, rank: 2}}
                """.utf8), file: "tiny.yaml")
        var request = Audit.Request(
            model: inputs.model.model, identity: inputs.model.identity, suite: inputs.suite,
            battery: battery, seeds: [1, 2, 3])
        request.acceptsMissingSafeguard = true
        // A budget that the record states is kept to.
        request.budget.steps = 2
        request.commandLine = ["temper", "audit", "tiny", "--budget-steps", "2"]
        var record: AuditRecord?
        for try await event in try Audit(request, store: try store()).run() {
            if case .record(let found) = event { record = found }
        }
        return try #require(record)
    }

    @Test("a record that is run again agrees exactly, number by number")
    func whole() async throws {
        let record = try await audit()
        let reproduction = try Reproduction(of: record, from: inputs)
        #expect(reproduction.cells.count == record.cells.count)
        #expect(reproduction.notes.isEmpty)
        let agreements = try await reproduction.run(store: try store())
        #expect(agreements.allSatisfy { $0.verdict == .exact })
        let subjects = Set(agreements.map(\.subject))
        #expect(
            subjects == [
                "untampered", "control, seed 1", "prompt, seed 1", "lora, seed 1", "lora, seed 2",
                "lora, seed 3",
            ])
        #expect(agreements.contains { $0.number == "steps to break" })
    }

    @Test("a sample is of the size asked for, and the same seed draws the same cells")
    func sample() async throws {
        let record = try await audit()
        func drawn(_ seed: UInt64) throws -> [CellRecord] {
            try Reproduction(of: record, from: inputs, cells: 2, seed: seed).cells
        }
        #expect(try drawn(1).count == 2)
        #expect(try drawn(1) == drawn(1))
        let draws = try (1...20).map { try drawn($0) }
        #expect(Set(draws).count > 3)
        let agreements = try await Reproduction(of: record, from: inputs, cells: 1, seed: 3)
            .run(store: try store())
        #expect(Set(agreements.map(\.subject)).count == 2)
        #expect(agreements.allSatisfy { $0.verdict == .exact })
    }

    @Test("a number that was written into the record does not agree")
    func forged() async throws {
        var record = try await audit()
        let place = try #require(record.cells.firstIndex { $0.adversary == "lora" })
        let last = record.cells[place].trace.count - 1
        let number = try #require(
            record.cells[place].trace[last].measurements.firstIndex {
                $0.measure == MeasureName.perplexity
            })
        record.cells[place].trace[last].measurements[number].value *= 10
        record.cells[place].trace[last].measurements[number].interval?.lower *= 10
        record.cells[place].trace[last].measurements[number].interval?.upper *= 10
        let agreements = try await Reproduction(of: record, from: inputs).run(store: try store())
        let disagreeing = agreements.filter { $0.verdict == .disagrees }
        #expect(disagreeing.map(\.number) == [MeasureName.perplexity])
        #expect(disagreeing.first?.subject == "lora, seed 1")
    }

    @Test("another model, original or suite is refused, with the option that names the right one")
    func others() async throws {
        let record = try await audit()
        let place = directory.url.appendingPathComponent("other")
        try tinyModel(seed: 8).write(to: place)
        let other = try LoadedModel(at: place)
        func problem(_ inputs: Reproduction.Inputs) -> String {
            let error = #expect(throws: InputError.self) {
                try Reproduction(of: record, from: inputs)
            }
            return error?.description ?? ""
        }
        var wrong = inputs
        wrong.original = other
        #expect(problem(wrong).contains("--original"))
        let model = Reproduction.Inputs(model: other, suite: inputs.suite)
        #expect(problem(model).contains("--model"))
        try directory.write("{\"text\": \"other words\", \"id\": \"r\"}\n", to: "retain.jsonl")
        let suite = Reproduction.Inputs(
            model: inputs.model, suite: try Suites.Suite(at: directory.url))
        #expect(problem(suite).contains("--suite"))
    }
}
