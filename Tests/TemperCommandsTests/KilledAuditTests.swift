// SPDX-License-Identifier: Apache-2.0

import Foundation
import LanguageModels
import ModelWriting
import TemperFixtures
import Testing

@testable import Records

@Suite("A killed audit")
struct KilledAuditTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try tinyModel().write(to: directory.url.appendingPathComponent("model"))
        try writeTinySuite(to: directory, brokenWhen: "above")
        try directory.write(
            """
            name: tiny
            adversaries:
              - {name: control, attack: control}
              - name: orthogonalisation
                attack: weight-orthogonalisation
                parameters: {examples: 4, validationExamples: 4, candidates: 2}
              - name: lora
                attack: fine-tuning
                parameters: {examples: 4, training: {steps: 33, batchSize: 2, rank: 2}}
            """, to: "battery.yaml")
    }

    private func arguments(out: String) -> [String] {
        let path = { (name: String) in directory.url.appendingPathComponent(name).path }
        return [
            "audit", path("model"), "--suite", directory.url.path, "--battery",
            path("battery.yaml"), "--seeds", "2", "--out", path(out),
        ]
    }

    private func record(out: String) throws -> AuditRecord {
        let log = directory.url.appendingPathComponent("\(out).log")
        let process = try start(arguments(out: out), log: log)
        process.waitUntilExit()
        let printed = try text(of: log)
        #expect(process.terminationStatus == 0, "\(printed)")
        var record = try AuditRecord(
            contentsOf: directory.url.appendingPathComponent("\(out)/record.json")
        ).comparable
        // The output directory is part of the command line, and differs on purpose.
        record.commandLine = []
        return record
    }

    @Test("a killed audit, started again, ends in the same record", arguments: [1, 4, 9])
    func killed(points: Int) throws {
        let whole = try record(out: "whole")
        let log = directory.url.appendingPathComponent("killed.log")
        let process = try start(arguments(out: "killed"), log: log)
        var seen = 0
        while process.isRunning, seen < points {
            seen = try text(of: log).split(separator: "\n").count { $0.contains(": step ") }
            Thread.sleep(forTimeInterval: 0.002)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try #require(
            process.terminationReason == .uncaughtSignal, "it had ended before it was killed")
        let unfinished = directory.url.appendingPathComponent("killed/record.json")
        #expect(!FileManager.default.fileExists(atPath: unfinished.path))
        #expect(try record(out: "killed") == whole)
    }

    @Test("three processes on one directory, one of them killed, give the record of one process")
    func processes() throws {
        let whole = try record(out: "whole")
        var plan = arguments(out: "shared")
        plan[0] = "plan"
        let planned = try temper(plan)
        #expect(planned.status == 0, "\(planned.error)")
        // A control, and a line for each adversary with each seed.
        #expect(planned.output.split(separator: "\n").count == 6)
        let shared = directory.url.appendingPathComponent("shared")
        #expect(try temper("collect", shared.path).status == 2)
        func worker(_ name: String) throws -> (process: Process, log: URL) {
            let log = directory.url.appendingPathComponent("\(name).log")
            return (try start(["cell", shared.path], log: log), log)
        }
        let workers = try ["one", "two", "three"].map(worker)
        let doomed = workers[1]
        for _ in 0..<5_000 where doomed.process.isRunning {
            if try text(of: doomed.log).contains(": step ") { break }
            Thread.sleep(forTimeInterval: 0.002)
        }
        kill(doomed.process.processIdentifier, SIGKILL)
        doomed.process.waitUntilExit()
        let again = try worker("again")
        for worker in [workers[0], workers[2], again] {
            worker.process.waitUntilExit()
            let printed = try text(of: worker.log)
            #expect(worker.process.terminationStatus == 0, "\(printed)")
        }
        let collected = try temper("collect", shared.path)
        #expect(collected.status == 0, "\(collected.error)")
        var record = try AuditRecord(
            contentsOf: shared.appendingPathComponent("record.json")
        ).comparable
        record.commandLine = []
        #expect(record == whole)
    }

    @Test("an audit in two processes gives the record of one")
    func twoProcesses() throws {
        let whole = try record(out: "whole")
        let result = try temper(arguments(out: "two") + ["--processes", "2"])
        #expect(result.status == 0, "\(result.error)")
        var record = try AuditRecord(
            contentsOf: directory.url.appendingPathComponent("two/record.json")
        ).comparable
        record.commandLine = []
        #expect(record == whole)
    }

    @Test("a directory that holds the record of another model is refused")
    func otherModel() throws {
        _ = try record(out: "whole")
        try tinyModel(seed: 9).write(to: directory.url.appendingPathComponent("other"))
        var arguments = arguments(out: "whole")
        arguments[1] = directory.url.appendingPathComponent("other").path
        let result = try temper(arguments)
        #expect(result.status == 2)
        #expect(result.error.contains("another model"), "\(result.error)")
    }

    @Test("a model without the safeguard is an answer: exit code 1, and no record")
    func noSafeguard() throws {
        try writeTinySuite(to: directory)
        let result = try temper(arguments(out: "none"))
        #expect(result.status == 1)
        #expect(result.error.contains("nothing to break"), "\(result.error)")
        let record = directory.url.appendingPathComponent("none/record.json")
        #expect(!FileManager.default.fileExists(atPath: record.path))
        let anyway = try temper(arguments(out: "anyway") + ["--anyway"])
        #expect(anyway.status == 1, "\(anyway.error)")
        let written = try AuditRecord(
            contentsOf: directory.url.appendingPathComponent("anyway/record.json"))
        #expect(written.safeguard == .absent)
    }

    @Test("an audit writes no weights")
    func noWeights() throws {
        _ = try record(out: "whole")
        let out = directory.url.appendingPathComponent("whole")
        let names = try FileManager.default.contentsOfDirectory(atPath: out.path).sorted()
        #expect(
            names.filter { !$0.hasPrefix("audit.sqlite-") } == [
                "audit.sqlite", "measurements.csv", "record.json", "report.html",
            ])
    }
}
