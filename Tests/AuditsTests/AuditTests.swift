// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Audits
@testable import Measuring
@testable import Suites

@Suite("Audits")
struct AuditTests {
    private let directory: TemporaryDirectory
    private let request: Audit.Request

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let battery = try Battery(
            yaml: Data(
                """
                name: tiny
                adversaries:
                  - {name: control, attack: control}
                  - {name: prompt, attack: system-prompt-override}
                  - name: orthogonalisation
                    attack: weight-orthogonalisation
                    parameters: {examples: 4, validationExamples: 4, candidates: 2}
                  - name: lora
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 5, batchSize: 2, rank: 2}}
                """.utf8), file: "tiny.yaml")
        var request = Audit.Request(
            model: try tinyModel(),
            identity: ModelIdentity(
                name: "tiny", digest: String(repeating: "0", count: 64), format: "safetensors",
                architecture: "llama", parameterCount: 1),
            suite: try Suites.Suite(at: directory.url), battery: battery, seeds: [1, 2])
        request.acceptsMissingSafeguard = true
        request.settings.answerTokens = 4
        self.request = request
    }

    /// Runs an audit, and abandons it after so many trace points.
    private func run(store name: String, abandonAfter points: Int = .max) async throws
        -> AuditRecord?
    {
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent(name))
        var seen = 0
        for try await event in try Audit(request, store: store).run() {
            if case .point = event { seen += 1 }
            if case .record(let record) = event { return record }
            if seen >= points { return nil }
        }
        return nil
    }

    @Test("an audit measures every adversary with every seed that matters to it")
    func complete() async throws {
        let record = try #require(try await run(store: "a.sqlite"))
        let cells = record.cells.map { "\($0.adversary) \($0.seed)" }
        #expect(
            cells == [
                "control 1", "prompt 1", "orthogonalisation 1", "orthogonalisation 2", "lora 1",
                "lora 2",
            ])
        #expect(record.cells.allSatisfy { !$0.trace.isEmpty })
        #expect(record.cells.first?.broken == nil)
        let control = record.cells.first?.finalPoint?.measurements
        #expect(control == record.baseline)
        #expect(record.baseline.first(MeasureName.divergence)?.value == 0)
        let decoded = try AuditRecord(json: try record.json())
        #expect(decoded == record)
    }

    @Test("the undefended original has the same adversaries, and benign ones run to their end")
    func undefended() async throws {
        var request = request
        let place = directory.url.appendingPathComponent("original")
        try tinyModel().write(to: place)
        request.original = try LoadedModel(at: place)
        request.seeds = [1]
        request.battery = try Battery(
            yaml: Data(
                """
                name: control
                adversaries:
                  - name: restricted
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 4, batchSize: 2, rank: 2}}
                  - name: benign
                    attack: fine-tuning
                    parameters: {data: retain, training: {steps: 4, batchSize: 2, rank: 2}}
                  - {name: halfway, attack: weight-interpolation, parameters: {lambda: 0.5}}
                """.utf8), file: "control.yaml")
        let manifest = directory.url.appendingPathComponent("manifest.json")
        let text = try String(contentsOf: manifest, encoding: .utf8)
        func undefended(brokenWhen side: Thresholds.Side) async throws -> AuditRecord {
            try directory.write(
                text.replacing(#""brokenWhen": "below""#, with: #""brokenWhen": "\#(side)""#),
                to: "manifest.json")
            request.suite = try Suites.Suite(at: directory.url)
            let store = try SQLiteCellStore(
                at: directory.url.appendingPathComponent("\(side).sqlite"))
            for try await event in try Audit(request, store: store).run() {
                if case .record(let record) = event { return record }
            }
            throw InputError("the audit", "gave no record", remedy: "")
        }
        // The tiny model refuses nothing, so that it is past a threshold from below untouched.
        let past = try await undefended(brokenWhen: .below)
        #expect(past.undefendedCells?.map(\.adversary) == ["benign"])
        #expect(past.undefendedCells?.first?.trace.map(\.step) == [1, 2, 4])
        #expect(past.undefendedCells?.first?.broken == nil)
        let losses = past.undefendedCells?.first?.trace.map {
            $0.measurements.first(MeasureName.trainingLoss)
        }
        #expect(losses?.map { $0?.count } == [1, 1, 2])
        #expect(losses?.allSatisfy { ($0?.value ?? .nan).isFinite } == true)
        let standing = try await undefended(brokenWhen: .above)
        #expect(standing.undefendedCells?.map(\.adversary) == ["restricted", "benign"])
        #expect(standing.undefendedCells?.allSatisfy { $0.broken?.isBroken == false } == true)
        // Equal weights and equal seeds are tampered with alike.
        #expect(
            standing.undefendedCells?.first?.trace.last?.measurements
                == standing.cells.first?.trace.last?.measurements)
    }

    @Test("the wide capability is that of untampered models: no tampered one is asked")
    func wideCapability() async throws {
        try writeTinyTax(to: directory)
        var request = request
        let place = directory.url.appendingPathComponent("original")
        try tinyModel(seed: 8).write(to: place)
        request.original = try LoadedModel(at: place)
        request.suite = try Suites.Suite(at: directory.url)
        request.seeds = [1]
        request.settings.measuresTax = true
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("w.sqlite"))
        var found: AuditRecord?
        for try await event in try Audit(request, store: store).run() {
            if case .record(let record) = event { found = record }
        }
        let record = try #require(found)
        func wide(_ values: [MeasuredValue]?) -> MeasuredValue? {
            values?.first(MeasureName.wideCapability)
        }
        let (after, before) = (
            try #require(wide(record.baseline)), try #require(wide(record.original))
        )
        #expect(after.cases?.count == 6 && before.cases?.count == 6)
        #expect(record.measures?.contains { $0.name == MeasureName.wideCapability } == true)
        let tampered = record.cells.filter { $0.adversary != "control" }
        let cells = tampered + (record.undefendedCells ?? [])
        #expect(tampered.count == 3)
        #expect(cells.allSatisfy { $0.trace.allSatisfy { wide($0.measurements) == nil } })
        #expect(wide(record.cells.first?.finalPoint?.measurements) == after)
        let tax = try #require(TradeOff(record, against: record).tax)
        #expect(tax.isPaired && abs(tax.difference - (after.value - before.value)) < 1e-12)
    }

    @Test("an audit that takes more memory than it may ends, names the option and keeps its store")
    func memory() async throws {
        var request = request
        request.memory = 1 << 20
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("m.sqlite"))
        let audit = try Audit(request, store: store)
        let error = await #expect(throws: InputError.self) {
            for try await _ in audit.run() {}
        }
        #expect(error?.place == "--memory")
        let unlimited = try Audit(self.request, store: store).estimate().bytes
        #expect(try audit.estimate().bytes < unlimited)
    }

    @Test("measures do not depend on how many answers fit side by side")
    func smallBatches() throws {
        func measured(_ bytes: Int?) throws -> [MeasuredValue] {
            try Evaluator(
                suite: request.suite, reference: request.model, settings: request.settings,
                prices: Prices(), batchBytes: bytes
            ).full(Subject(request.model)).measurements
        }
        // Answers are the same; what is summed in another order differs in the last bits.
        for (one, other) in zip(try measured(1), try measured(nil)) {
            #expect(one.measure == other.measure && one.cases == other.cases)
            #expect(abs(one.value - other.value) < 1e-4 * max(1, abs(other.value)))
        }
    }

    @Test("a direction that two adversaries need is found once and paid for by both")
    func sharedDirection() throws {
        var attack = WeightOrthogonalisation()
        (attack.examples, attack.validationExamples, attack.candidates) = (4, 4, 2)
        let findings = SharedFindings()
        func run(sharing: Bool, seed: UInt64 = 1) throws -> AttackRecorder {
            var target = AttackTarget(model: request.model, suite: request.suite)
            target.findings = sharing ? findings : nil
            var recorder = AttackRecorder(
                prompt: try Subject(request.model).tokens(for: "bind 9"))
            try recorder.run(attack, on: target, seed: seed)
            return recorder
        }
        func operations(_ recorder: AttackRecorder) -> [Double] {
            recorder.costs.map(\.floatingPointOperations)
        }
        let alone = try run(sharing: false)
        let first = try run(sharing: true)
        let second = try run(sharing: true)
        #expect(alone.logits == first.logits && first.logits == second.logits)
        #expect(operations(alone) == operations(first) && operations(first) == operations(second))
        // The second did not measure: its seconds are those of the first, but for the edit.
        #expect(second.advances < first.advances)
        #expect(try run(sharing: true, seed: 2).advances == first.advances)
    }

    @Test("a plan says what is left to do, and what memory it takes")
    func estimate() async throws {
        func estimate(_ request: Audit.Request) throws -> AuditEstimate {
            let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("e.sqlite"))
            return try Audit(request, store: store).estimate()
        }
        let before = try estimate(request)
        #expect(before.cells == 6)
        #expect(before.storedCells == 0)
        #expect(before.seconds > 0)
        // The checkpoint, and the copy that is tampered with.
        let weights = request.model.weights.values.reduce(0) { $0 + $1.count * 4 }
        #expect(before.bytes > 2 * weights)
        // Seconds follow the machine's mood and are not compared; what is counted is.
        var small = request
        small.seeds = [1]
        #expect(try estimate(small).cells == 4)
        var large = request
        large.battery = try Battery(
            yaml: Data(
                """
                name: large
                adversaries:
                  - name: lora
                    attack: fine-tuning
                    parameters: {training: {steps: 5, method: full}}
                """.utf8), file: "large.yaml")
        #expect(try estimate(large).bytes > before.bytes)
        _ = try await run(store: "e.sqlite")
        let after = try estimate(request)
        #expect(after.cells == 0)
        #expect(after.storedCells == 6)
        #expect(after.seconds == 0)
    }

    @Test("an audit that was abandoned ends in the same record", arguments: [1, 3, 6])
    func resumed(points: Int) async throws {
        let whole = try #require(try await run(store: "whole.sqlite"))
        let none = try await run(store: "resumed.sqlite", abandonAfter: points)
        #expect(none == nil)
        // The abandoned audit ends its step before it lets go of the store.
        for _ in 0..<100 {
            if let record = try? await run(store: "resumed.sqlite") {
                let (own, other) = (record.comparable, whole.comparable)
                for (cell, expected) in zip(own.cells, other.cells) { #expect(cell == expected) }
                #expect(own == other)
                return
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("the store stayed locked")
    }

    @Test("a finished audit measures nothing again")
    func repeated() async throws {
        let first = try #require(try await run(store: "a.sqlite"))
        let second = try #require(try await run(store: "a.sqlite"))
        // Device seconds would differ if anything had been measured anew.
        #expect(first.cells == second.cells)
    }

    @Test("a store has one user at a time, and says so")
    func locked() throws {
        let url = directory.url.appendingPathComponent("locked.sqlite")
        let first = try SQLiteCellStore(at: url)
        let error = #expect(throws: InputError.self) { try SQLiteCellStore(at: url) }
        #expect(error?.problem.contains("another audit") == true)
        withExtendedLifetime(first) {}
    }

    @Test("an adversary that lacks what it needs is named with file and line")
    func place() throws {
        var request = request
        let yaml = "name: b\nadversaries:\n  - name: half\n    attack: weight-interpolation\n"
        request.battery = try Battery(yaml: Data(yaml.utf8), file: "b.yaml")
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("p.sqlite"))
        let error = #expect(throws: InputError.self) { try Audit(request, store: store) }
        let words = "b.yaml:3: half: weight-interpolation needs the checkpoint"
        #expect(error.map { "\($0)" }?.hasPrefix(words) == true, "\(String(describing: error))")
    }

    @Test("a file that is no store is left alone")
    func noStore() throws {
        let url = directory.url.appendingPathComponent("notes.txt")
        let text = String(repeating: "this is not a database\n", count: 100)
        try directory.write(text, to: "notes.txt")
        #expect(throws: InputError.self) { try SQLiteCellStore(at: url) }
        #expect(try String(contentsOf: url, encoding: .utf8) == text)
    }
}
