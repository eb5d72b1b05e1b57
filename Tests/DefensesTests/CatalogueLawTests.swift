// SPDX-License-Identifier: Apache-2.0
// What holds of every defense, also of one that is added today.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Defenses
@testable import ModelWriting
@testable import Suites
@testable import Training

@Suite("Every defense of the catalogue")
struct CatalogueLawTests {
    private struct Stop: Error {}

    private let suites: [Suites.Suite]
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        suites = try [{ try writeTinySuite(to: $0) }, writeTinyKnowledgeSuite].map { write in
            let folder = try TemporaryDirectory()
            try write(folder)
            return try withExtendedLifetime(folder) { try Suites.Suite(at: folder.url) }
        }
    }

    private static let names = DefenseCatalogue.defenses.map { $0.name }

    /// What makes a defense small, by the names that its parameters have.
    private static let small: [String: ParameterValue] = [
        "steps": 3, "examples": 4, "batchSize": 2, "rank": 2, "restrictedBatch": 2,
        "benignBatch": 2, "retainedBatch": 2, "unanswerableBatch": 1, "learningRate": 1e-2,
    ]

    private func defenseType(_ name: String) throws -> any Defense.Type {
        try #require(DefenseCatalogue.defenses.first { $0.name == name })
    }

    /// The defense of a name, small enough for a tiny model.
    private func defense(_ name: String) throws -> any Defense {
        let defaults = try parameterValues(of: DefenseCatalogue.defense(named: name))
        return try DefenseCatalogue.defense(
            named: name, parameters: replacing(defaults, by: Self.small))
    }

    /// A tiny model with the first suite that a defense takes; another is refused by an error for
    /// the user.
    private func target(for defense: any Defense) throws -> HardeningTarget {
        let (model, original) = (try tinyModel(), try tinyModel(seed: 8))
        let fitting = try suites.lazy.map {
            HardeningTarget(model: model, suite: $0, original: original, seed: 5)
        }.first { target -> Bool in
            do {
                _ = try defense.stages(for: target)
                return true
            } catch is InputError {
                return false
            }
        }
        return try #require(fitting)
    }

    private func weights(of model: LanguageModel) throws -> [String: [Float]] {
        try model.weights.mapValues { try $0.values() }
    }

    @Test("no two defenses share a name, and each states its source")
    func entries() {
        #expect(Set(Self.names).count == Self.names.count)
        #expect(
            DefenseCatalogue.defenses.allSatisfy {
                !$0.name.isEmpty && !$0.entry.summary.isEmpty && !$0.entry.source.isEmpty
            })
        for safeguard in [Safeguard.refusal, .knowledgeRestriction] {
            #expect(Self.names.contains(DefenseCatalogue.conventional(for: safeguard)))
        }
    }

    @Test("the same seed gives the same bits, and the given model stays", arguments: names)
    func sameBits(name: String) throws {
        let defense = try defense(name)
        let target = try target(for: defense)
        let before = try weights(of: target.model)
        let models = try (0..<2).map { _ in try HardenedModel(hardening: target, by: defense) }
        let first = try weights(of: models[0].model)
        #expect(try weights(of: models[1].model) == first)
        #expect(models[1].summary.cost == models[0].summary.cost)
        #expect(first != before)
        #expect(first.values.allSatisfy { values in values.allSatisfy(\.isFinite) })
        #expect(try weights(of: target.model) == before)
    }

    @Test("a hardened model states its defense, its parameters and its cost", arguments: names)
    func summary(name: String) throws {
        let defense = try defense(name)
        let hardened = try HardenedModel(hardening: target(for: defense), by: defense)
        var parameters = try parameterValues(of: defense)
        parameters["seed"] = 5
        #expect(hardened.summary.defense == name)
        #expect(hardened.summary.parameters == parameters)
        #expect(hardened.summary.cost.tokens > 0 || hardened.summary.curves?.isEmpty == true)
        #expect(hardened.summary.cost.floatingPointOperations > 0)
    }

    @Test("progress begins at its first step and ends with its last", arguments: names)
    func progress(name: String) throws {
        let defense = try defense(name)
        var heard: [HardeningProgress] = []
        _ = try HardenedModel(hardening: target(for: defense), by: defense) { heard.append($0) }
        let last = try #require(heard.last)
        #expect(last.done == last.total)
        for phase in Set(heard.map(\.phase)) {
            let part = heard.filter { $0.phase == phase && $0.total > 0 }
            #expect(part.map(\.done) == part.indices.map { $0 + 1 }, "\(phase)")
        }
    }

    @Test("hardening that was stopped ends in the same bits", arguments: names)
    func resumed(name: String) throws {
        let defense = try defense(name)
        let target = try target(for: defense)
        let base = directory.url.appendingPathComponent("base")
        try target.model.write(to: base)
        let original = directory.url.appendingPathComponent("original")
        try target.original?.write(to: original)
        /// Hardens to the end, or until a step.
        func harden(_ output: String, until step: Int = .max) throws -> LanguageModel? {
            var heard = 0
            do {
                return try HardenedModel(
                    hardening: base, by: defense, suite: target.suite, original: original, seed: 5,
                    savingBeside: directory.url.appendingPathComponent(output), every: 0
                ) { progress in
                    heard += progress.total > 0 ? 1 : 0
                    if heard == step { throw Stop() }
                }.model
            } catch is Stop {
                return nil
            }
        }
        let whole = try weights(of: #require(try harden("whole")))
        // In the first training, and in the second or third where there are more; every stop saves.
        var resumed: LanguageModel?
        for step in [2, 4, 3] where resumed == nil { resumed = try harden("parts", until: step) }
        let end = try #require(try resumed ?? harden("parts"))
        #expect(try weights(of: end) == whole)
    }

    @Test("the defaults are valid", arguments: names)
    func defaults(name: String) throws {
        try defenseType(name).init().validate()
    }

    @Test("each parameter is read back, or refused by its name", arguments: names)
    func parameters(name: String) throws {
        let problems = try parameterProblems(of: defenseType(name), kind: name)
        #expect(problems.isEmpty, "\(problems)")
    }

    @Test("an unknown parameter is refused, and the known ones are named", arguments: names)
    func unknownParameter(name: String) throws {
        let error = #expect(throws: InputError.self) {
            try DefenseCatalogue.defense(named: name, parameters: ["nothingHasThisName": 1])
        }
        let text = error?.description ?? ""
        #expect(text.contains("nothingHasThisName"))
        let known = try parameterValues(of: defenseType(name).init())
        #expect(known.keys.allSatisfy { text.contains($0) }, "\(text)")
    }
}
