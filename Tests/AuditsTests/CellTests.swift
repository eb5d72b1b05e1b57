// SPDX-License-Identifier: Apache-2.0
// Cells as jobs: what fails or does not apply, and several workers on one directory.

import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Records
import Synchronization
import TemperFixtures
import Testing
import Training

@testable import Adversaries
@testable import Audits
@testable import Measuring
@testable import Suites

/// An attack that fails after its first point.
private struct Stumbling: Attack {
    struct Fall: Error, CustomStringConvertible { let description = "it fell" }

    static let entry = AttackEntry(name: "stumbling", summary: "Fails.", source: "a test")
    static let dependsOnSeed = false

    func validate() {}
    func steps(within budget: AuditBudget) -> Int { 4 }

    func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        if observer.decision(at: 1) == nil {
            _ = try observer.observe(TamperedModel(target.model), step: 1, cost: meter.cost)
        }
        throw Fall()
    }
}

/// A store whose disk is full as soon as the untampered model is measured.
private struct FullStore: CellStore {
    let store: SQLiteCellStore

    func cell(_ key: String) throws -> StoredCell { try store.cell(key) }

    func append(_ point: TracePoint, to job: CellJob) throws {
        guard job.role == .control else {
            throw InputError("cells", "the disk is full", remedy: "free space")
        }
        try store.append(point, to: job)
    }

    func finish(_ job: CellJob, as state: CellRecord.State, on machine: Machine) throws {
        try store.finish(job, as: state, on: machine)
    }

    func forget(_ job: CellJob) throws { try store.forget(job) }

    func claim(_ job: CellJob) throws -> Bool { store.claim(job) }

    func release(_ job: CellJob) { store.release(job) }
}

/// A judge that answers some times, and then not.
private final class MoodyJudge: Judge {
    struct Silence: Error {}

    static let entry = JudgeEntry(name: "moody", form: "", summary: "", source: "", limits: "")
    let answers = Mutex(0)
    let name = "moody"
    let identity = "moody"
    let note = ""

    func judgement(of answers: [JudgedAnswer]) throws -> Judgement {
        let isSilent = self.answers.withLock { left in
            left -= left == .max ? 0 : 1
            return left < 0
        }
        if isSilent { throw Silence() }
        return Judgement(
            verdicts: answers.map { _ in .undecided },
            usage: Judging.Usage(judge: name, calls: answers.count))
    }
}

@Suite("Cells as jobs")
struct CellTests {
    private let directory: TemporaryDirectory
    private let request: Audit.Request

    init() throws {
        try AttackCatalogue.register(Stumbling.self)
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let battery = try Battery(
            yaml: Data(
                """
                name: mixed
                adversaries:
                  - {name: control, attack: control}
                  - {name: falls, attack: stumbling}
                  - {name: too-long, attack: few-shot-override, parameters: {examples: 4}}
                  - name: lora
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 4, batchSize: 2, rank: 2}}
                """.utf8), file: "mixed.yaml")
        var request = Audit.Request(
            model: try tinyModel(contextLength: 64),
            identity: ModelIdentity(
                name: "tiny", digest: String(repeating: "0", count: 64), format: "safetensors",
                architecture: "llama", parameterCount: 1),
            suite: try Suites.Suite(at: directory.url), battery: battery, seeds: [1, 2])
        request.settings.answerTokens = 4
        request.acceptsMissingSafeguard = true
        self.request = request
    }

    private func record(
        _ store: any CellStore, retrying: Bool = false
    ) async throws -> AuditRecord {
        var request = request
        request.retriesFailures = retrying
        for try await event in try Audit(request, store: store).run() {
            if case .record(let record) = event { return record }
        }
        throw InputError("the audit", "gave no record", remedy: "")
    }

    @Test("a battery with a failing, an inapplicable and a good adversary ends with a record")
    func states() async throws {
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("a.sqlite"))
        let record = try await record(store)
        #expect(record.contradiction == nil)
        let states = record.cells.map { "\($0.adversary) \($0.state.name)" }
        #expect(
            states == [
                "control finished", "falls failed", "too-long inapplicable",
                "too-long inapplicable", "lora finished", "lora finished",
            ])
        let failed = try #require(record.cells.first { $0.adversary == "falls" })
        #expect(failed.state.reason == "it fell")
        #expect(failed.trace.map(\.step) == [1] && failed.broken == nil)
        let long = try #require(record.cells.first { $0.adversary == "too-long" })
        #expect(long.state.reason?.contains("context of 64") == true)
        #expect(record.resistance(to: "falls") == .unclear)
        // What failed stays failed, unless it is to be tried again.
        let again = try await self.record(store)
        #expect(again.cells == record.cells)
        let retried = try await self.record(store, retrying: true)
        #expect(retried.cells.map(\.state) == record.cells.map(\.state))
    }

    @Test("a judge that cannot be asked ends the audit, fails no cell, and is asked again later")
    func judgeOutage() async throws {
        var request = request
        let judge = MoodyJudge()
        request.judges = [judge]
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("j.sqlite"))
        func run() async throws -> AuditRecord? {
            for try await event in try Audit(request, store: store).run() {
                if case .record(let record) = event { return record }
            }
            return nil
        }
        // It answers about the untampered model, and not about the first adversary.
        judge.answers.withLock { $0 = 1 }
        await #expect(throws: MoodyJudge.Silence.self) { try await run() }
        judge.answers.withLock { $0 = .max }
        let record = try #require(try await run())
        #expect(record.cells.allSatisfy { $0.state.name != "failed" || $0.adversary == "falls" })
    }

    @Test("what does not apply is said before the start")
    func estimate() throws {
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("e.sqlite"))
        let estimate = try Audit(request, store: store).estimate()
        #expect(estimate.inapplicable.count == 1)
        #expect(estimate.inapplicable.first?.hasPrefix("too-long: ") == true)
    }

    @Test("two workers on one directory, one of them stopped, give the record of one process")
    func workers() async throws {
        let alone = try await record(
            SQLiteCellStore(at: directory.url.appendingPathComponent("alone.sqlite")))
        let cells = directory.url.appendingPathComponent("cells")
        func audit() throws -> Audit { try Audit(request, store: DirectoryCellStore(at: cells)) }
        let error = #expect(throws: InputError.self) { try audit().collect() }
        #expect(error?.description.contains("not done") == true)
        // The first worker is stopped after two points.
        var points = 0
        for try await event in try audit().work() {
            if case .point = event { points += 1 }
            if points == 2 { break }
        }
        let workers = [try audit().work(), try audit().work()]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in workers { group.addTask { for try await _ in worker {} } }
            try await group.waitForAll()
        }
        let together = try audit().collect()
        #expect(together.comparable.cells == alone.comparable.cells)
        #expect(together.comparable == alone.comparable)
        let left = try FileManager.default.contentsOfDirectory(atPath: cells.path)
        #expect(left.allSatisfy { !$0.contains("partial") }, "\(left)")
    }

    @Test("a cell that does not need the model before hardening leaves it unmeasured")
    func ownCells() async throws {
        let request = try withOriginal()
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("o.sqlite"))
        let audit = try Audit(request, store: store)
        let own = try #require(audit.jobs.last)
        for try await _ in audit.work(on: [own.key]) {}
        let original = try audit.controlJob(isOriginal: true)
        #expect(try store.cell(own.key).isDone)
        #expect(try !store.cell(original.key).isDone)
        // Its own key measures it.
        for try await _ in audit.work(on: [original.key]) {}
        #expect(try store.cell(original.key).isDone)
    }

    @Test("audits that share cells measure the same original once")
    func sharedCells() async throws {
        let store = try DirectoryCellStore(at: directory.url.appendingPathComponent("shared"))
        var measured: [String] = []
        for digit in ["1", "2"] {
            var request = try withOriginal()
            request.identity.digest = String(repeating: digit, count: 64)
            for try await event in try Audit(request, store: store).run() {
                if case .measuring(let what) = event { measured.append(what) }
            }
        }
        #expect(measured.count { $0 == "the untampered model" } == 2)
        #expect(measured.count { $0 == "the model before hardening" } == 1)
    }

    private func withOriginal() throws -> Audit.Request {
        var request = request
        let place = directory.url.appendingPathComponent("original")
        if !FileManager.default.fileExists(atPath: place.path) { try tinyModel().write(to: place) }
        request.original = try LoadedModel(at: place)
        return request
    }

    @Test("a line that a kill left torn is cut, and a damaged one is an error with its number")
    func tornLines() throws {
        let cells = directory.url.appendingPathComponent("torn")
        let store = try DirectoryCellStore(at: cells)
        let audit = try Audit(request, store: store)
        let job = try #require(audit.jobs.last)
        #expect(try store.claim(job))
        #expect(try DirectoryCellStore(at: cells).claim(job) == false)
        try store.append(TracePoint(step: 1, cost: .zero, measurements: []), to: job)
        store.release(job)
        let file = cells.appendingPathComponent("\(job.key).partial.jsonl")
        let whole = try Data(contentsOf: file)
        try (whole + Data(#"{"point":{"ste"#.utf8)).write(to: file)
        #expect(try store.cell(job.key).trace.map(\.step) == [1])
        #expect(try store.claim(job))
        try store.append(TracePoint(step: 2, cost: .zero, measurements: []), to: job)
        #expect(try store.cell(job.key).trace.map(\.step) == [1, 2])
        store.release(job)
        try (Data("damaged\n".utf8) + whole).write(to: file)
        let error = #expect(throws: InputError.self) { try store.cell(job.key) }
        #expect(error?.place.hasSuffix(":1") == true)
    }

    @Test("a store that cannot be written ends the audit, and no cell counts as failed")
    func fullStore() async throws {
        let store = FullStore(
            store: try SQLiteCellStore(at: directory.url.appendingPathComponent("f.sqlite")))
        let audit = try Audit(request, store: store)
        let error = await #expect(throws: InputError.self) {
            for try await _ in audit.run() {}
        }
        #expect(error?.problem == "the disk is full")
        #expect(try audit.jobs.allSatisfy { try store.cell($0.key).state?.name != "failed" })
    }

    @Test("a model without the safeguard is said to have none, before any adversary runs")
    func missingSafeguard() async throws {
        var request = request
        request.acceptsMissingSafeguard = false
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("m.sqlite"))
        let audit = try Audit(request, store: store)
        let error = await #expect(throws: MissingSafeguard.self) {
            for try await _ in audit.run() {}
        }
        #expect(error?.description.contains("--anyway") == true)
        #expect(try audit.jobs.allSatisfy { try !store.cell($0.key).isDone })
    }

    @Test("a search without a range is an error")
    func searchWithoutRange() throws {
        var request = request
        request.trials = 3
        let store = try SQLiteCellStore(at: directory.url.appendingPathComponent("s.sqlite"))
        let error = #expect(throws: InputError.self) { try Audit(request, store: store) }
        #expect(error?.description.contains("no adversary") == true)
    }
}
