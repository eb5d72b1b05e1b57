// SPDX-License-Identifier: Apache-2.0

import Foundation
import LanguageModels
import ModelWriting
import TemperFixtures
import Testing

@Suite("temper teach")
struct TeachTests {
    private let directory: TemporaryDirectory
    private let out: URL

    init() throws {
        directory = try TemporaryDirectory()
        try tinyModel().write(to: directory.url.appendingPathComponent("model"))
        try writeTinyKnowledgeSuite(to: directory)
        out = directory.url.appendingPathComponent("out")
    }

    private func teach(_ more: String...) throws -> CommandResult {
        let arguments = [
            "teach", directory.url.appendingPathComponent("model").path, "--suite",
            directory.url.path, "--out", out.path, "--set", "training.method=full", "--set",
            "training.learningRate=0.01", "--set", "factBatch=12", "--set", "checkEvery=25",
        ]
        return try temper(arguments + more)
    }

    @Test("a model is taught, hardened against the same suite, and not taught again")
    func taughtAndHardened() throws {
        let taught = try teach()
        #expect(taught.status == 0, "\(taught.error)")
        #expect(taught.output.contains("restricted-knowledge"))
        #expect(taught.output.contains("taught in"))
        let again = try teach()
        #expect(again.status == 2)
        #expect(again.error.contains("--replace"))

        let hardened = directory.url.appendingPathComponent("hardened").path
        let harden = try temper([
            "harden", out.path, "--suite", directory.url.path, "--out", hardened, "--set",
            "training.steps=2",
        ])
        #expect(harden.status == 0, "\(harden.error)")
        #expect(harden.output.contains("answer-replacement, 2 steps"))
        let back = try temper([
            "teach", hardened, "--suite", directory.url.path, "--out", out.path + "-2",
        ])
        #expect(back.status == 2)
        #expect(back.error.contains("was hardened"))
    }

    @Test("what is left out is said, and nothing else can be")
    func without() throws {
        let taught = try teach("--without", "restricted")
        #expect(taught.status == 0, "\(taught.error)")
        #expect(taught.output.contains("without the restricted facts"))
        let other = try teach("--without", "retained")
        #expect(other.status == 2)
        #expect(other.error.contains("--without"), "\(other.error)")
    }

    @Test("a model that does not learn is not written")
    func notLearnt() throws {
        let result = try teach("--set", "training.steps=1")
        #expect(result.status == 2)
        #expect(result.error.contains("training.steps"), "\(result.error)")
        #expect(!FileManager.default.fileExists(atPath: out.path))
    }

    @Test("a parameter that teaching does not have is an error that lists those it has")
    func unknownParameter() throws {
        let result = try teach("--set", "training.speed=1")
        #expect(result.status == 2)
        #expect(result.error.contains("learningRate"), "\(result.error)")
    }
}
