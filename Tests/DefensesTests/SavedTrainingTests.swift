// SPDX-License-Identifier: Apache-2.0
// Hardening and teaching that were stopped end in the same bits.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Testing
import Training

@testable import Defenses
@testable import ModelWriting
@testable import Suites

@Suite("Trainings that were stopped")
struct SavedTrainingTests {
    private struct Stop: Error {}

    private let directory: TemporaryDirectory
    private let base: URL

    init() throws {
        directory = try TemporaryDirectory()
        base = directory.url.appendingPathComponent("base")
        try tinyModel().write(to: base)
    }

    private func url(_ name: String) -> URL { directory.url.appendingPathComponent(name) }

    private func saved(_ name: String) -> URL { url(".\(name).training/model.safetensors") }

    private func defense(
        _ method: TrainingConfiguration.Method = .lora, _ rule: TrainingConfiguration.Rule = .adamW
    ) -> RefusalTraining {
        var defense = RefusalTraining()
        defense.restrictedBatch = 2
        defense.benignBatch = 3
        defense.training.method = method
        defense.training.optimizer = rule
        defense.training.rank = 2
        defense.training.learningRate = 1e-2
        defense.training.steps = 6
        return defense
    }

    /// Hardens until a step is told, or to the end.
    /// - Returns: what was told, as `phase done`.
    @discardableResult
    private func harden(
        _ name: String, by defense: RefusalTraining, seed: UInt64 = 1, until step: Int = .max
    ) throws -> [String] {
        let suites = try TemporaryDirectory()
        try writeTinySuite(to: suites)
        var heard: [String] = []
        do {
            try HardenedModel(
                hardening: base, by: defense, suite: Suites.Suite(at: suites.url), seed: seed,
                savingBeside: url(name), every: 0
            ) {
                heard.append("\($0.phase) \($0.done)")
                if $0.done == step { throw Stop() }
            }.write(to: url(name))
        } catch is Stop {}
        return heard
    }

    private func content(_ name: String) throws -> [String: Data] {
        let names = try FileManager.default.contentsOfDirectory(atPath: url(name).path)
        return try Dictionary(
            uniqueKeysWithValues: names.map { file in
                (file, try Data(contentsOf: url(name).appendingPathComponent(file)))
            })
    }

    @Test(
        "hardening that was stopped twice goes on, and ends in the same bits",
        arguments: TrainingConfiguration.Method.allCases, TrainingConfiguration.Rule.allCases)
    func hardening(method: TrainingConfiguration.Method, rule: TrainingConfiguration.Rule) throws {
        let defense = defense(method, rule)
        #expect(try harden("whole", by: defense).count == 6)
        #expect(try harden("parts", by: defense, until: 1) == ["refusal training 1"])
        #expect(!FileManager.default.fileExists(atPath: saved("parts").path))
        #expect(try harden("parts", by: defense, until: 3).first == "refusal training 1")
        let second = try harden("parts", by: defense, until: 5)
        #expect(second.first?.contains("resumes after step 2") == true)
        #expect(
            second.dropFirst() == [
                "refusal training 3", "refusal training 4", "refusal training 5",
            ])
        let third = try harden("parts", by: defense)
        #expect(third.first?.contains("resumes after step 4") == true)
        #expect(third.dropFirst() == ["refusal training 5", "refusal training 6"])
        #expect(try content("parts") == content("whole"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
                == ["base", "parts", "whole"])
    }

    @Test("what was saved of other inputs is said to be, and not taken up")
    func otherInputs() throws {
        var faster = defense()
        faster.training.learningRate = 2e-2
        try harden("whole", by: faster, seed: 2)
        try harden("out", by: defense(), until: 3)
        let heard = try harden("out", by: faster, seed: 2)
        #expect(heard.first?.contains("other parameters and another seed") == true)
        #expect(heard.dropFirst().first == "refusal training 1")
        #expect(try content("out") == content("whole"))
        try harden("model", by: defense(), until: 3)
        try FileManager.default.removeItem(at: base)
        try tinyModel(seed: 8).write(to: base)
        #expect(try harden("model", by: defense()).first?.contains("of another model") == true)
    }

    @Test("what a kill left half-written and what is damaged is not taken up")
    func damaged() throws {
        try harden("whole", by: defense())
        try harden("out", by: defense(), until: 3)
        let file = saved("out")
        try Data(contentsOf: file).prefix(100).write(to: file)
        try Data("half".utf8).write(
            to: file.deletingLastPathComponent().appendingPathComponent(".model.1.partial"))
        let heard = try harden("out", by: defense(), until: 4)
        #expect(heard.first?.contains("cannot be read") == true)
        #expect(heard.dropFirst().first == "refusal training 1")
        // The whole one that has taken its place is taken up.
        #expect(try harden("out", by: defense()).first?.contains("after step 3") == true)
        #expect(try content("out") == content("whole"))
    }

    @Test("tensors of other shapes are an error that names the directory")
    func misfit() throws {
        try harden("out", by: defense(), until: 3)
        let file = saved("out")
        let bytes = try Data(contentsOf: file)
        let (right, wrong) = (Data("\"shape\":[2,32]".utf8), Data("\"shape\":[32,2]".utf8))
        var changed = bytes
        changed.replaceSubrange(try #require(bytes.range(of: right)), with: wrong)
        try changed.write(to: file)
        let error = #expect(throws: InputError.self) {
            try harden("out", by: defense())
        }
        #expect(error?.place.hasSuffix(".out.training") == true)
    }

    @Test("without a place nothing is saved")
    func unsaved() throws {
        let suites = try TemporaryDirectory()
        try writeTinySuite(to: suites)
        try HardenedModel(
            hardening: HardeningTarget(
                model: LanguageModel(at: base), suite: Suites.Suite(at: suites.url), seed: 1),
            by: defense()
        ).write(to: url("plain"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted()
                == ["base", "plain"])
        try harden("saved", by: defense())
        #expect(try content("plain") == content("saved"))
    }

    @Test("teaching that was stopped around a check of what is known ends in the same bits")
    func teaching() throws {
        let suites = try TemporaryDirectory()
        try writeTinyKnowledgeSuite(to: suites)
        let suite = try Suites.Suite(at: suites.url)
        var teaching = Teaching()
        teaching.factBatch = 12
        teaching.benignBatch = 1
        teaching.checkEvery = 5
        teaching.training.method = .full
        teaching.training.learningRate = 1e-2
        func teach(_ name: String, until step: Int = .max, savingEvery interval: Double = 0) throws
        {
            do {
                try TaughtModel(
                    teaching: base, suite: suite, by: teaching, seed: 1, savingBeside: url(name),
                    every: interval
                ) { if $0.done == step { throw Stop() } }.write(to: url(name))
            } catch is Stop {}
        }
        try teach("whole", savingEvery: 1e6)
        for step in [5, 6, 11] { try teach("parts", until: step) }
        #expect(FileManager.default.fileExists(atPath: saved("parts").path))
        try teach("parts")
        #expect(try content("parts") == content("whole"))

        teaching.training.steps = 2
        #expect(throws: InputError.self) { try teach("failed") }
        #expect(!FileManager.default.fileExists(atPath: url(".failed.training").path))
    }
}
