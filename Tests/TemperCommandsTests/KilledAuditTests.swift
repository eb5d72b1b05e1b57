// SPDX-License-Identifier: Apache-2.0

import Foundation
import LanguageModels
import TemperFixtures
import Testing

@testable import Records

@Suite("A killed audit")
struct KilledAuditTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try tinyModel().write(to: directory.url.appendingPathComponent("model"))
        try writeTinySuite(to: directory)
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
