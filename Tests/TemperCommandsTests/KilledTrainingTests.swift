// SPDX-License-Identifier: Apache-2.0

import Foundation
import LanguageModels
import ModelWriting
import TemperFixtures
import Testing

@Suite("A killed training")
struct KilledTrainingTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try tinyModel().write(to: directory.url.appendingPathComponent("model"))
        try writeTinySuite(to: directory)
    }

    private func start(out: String) throws -> (process: Process, log: URL) {
        let path = { (name: String) in directory.url.appendingPathComponent(name).path }
        let log = directory.url.appendingPathComponent("\(UUID().uuidString).log")
        let process = try TemperCommandsTests.start(
            [
                "harden", path("model"), "--suite", directory.url.path, "--out", path(out),
                "--save-every", "0", "--set", "training.steps=200", "--set", "restrictedBatch=2",
                "--set", "benignBatch=2",
            ], log: log)
        return (process, log)
    }

    private func finish(_ run: (process: Process, log: URL)) throws -> String {
        run.process.waitUntilExit()
        let printed = try text(of: run.log)
        #expect(run.process.terminationStatus == 0, "\(printed)")
        return printed
    }

    private func content(_ name: String) throws -> [String: Data] {
        let folder = directory.url.appendingPathComponent(name)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        return try Dictionary(
            uniqueKeysWithValues: names.map { file in
                (file, try Data(contentsOf: folder.appendingPathComponent(file)))
            })
    }

    @Test(
        "the same command goes on where it was killed, and writes the same bytes",
        arguments: [SIGKILL, SIGTERM], [2, 7])
    func killed(signal: Int32, lines: Int) throws {
        _ = try finish(start(out: "whole"))
        let run = try start(out: "parts")
        var seen = 0
        while run.process.isRunning, seen < lines {
            seen = try text(of: run.log).split(separator: "\n").count
            Thread.sleep(forTimeInterval: 0.001)
        }
        kill(run.process.processIdentifier, signal)
        run.process.waitUntilExit()
        try #require(
            run.process.terminationReason == .uncaughtSignal, "it had ended before it was killed")
        let parts = directory.url.appendingPathComponent("parts")
        #expect(!FileManager.default.fileExists(atPath: parts.path))
        let printed = try finish(start(out: "parts"))
        #expect(printed.hasPrefix("resumes after step "), "\(printed)")
        #expect(try content("parts") == content("whole"))
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.url.path)
        #expect(!left.contains { $0.hasSuffix(".training") })
    }
}
