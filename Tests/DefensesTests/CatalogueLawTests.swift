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

    /// The first suite that a defense takes; another is refused by an error for the user.
    private func suite(for defense: any Defense) throws -> Suites.Suite {
        let model = try tinyModel()
        let fitting = try suites.first { suite -> Bool in
            do {
                _ = try defense.problem(hardening: model, suite: suite, seed: 1)
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

    @Test("no two defenses share a name, and each has a phase")
    func entries() {
        #expect(Set(Self.names).count == Self.names.count)
        #expect(DefenseCatalogue.defenses.allSatisfy { !$0.name.isEmpty && !$0.phase.isEmpty })
        for safeguard in [Safeguard.refusal, .knowledgeRestriction] {
            #expect(Self.names.contains(DefenseCatalogue.conventional(for: safeguard)))
        }
    }

    @Test("the same seed gives the same bits, and the given model stays", arguments: names)
    func sameBits(name: String) throws {
        let defense = try defense(name)
        let (model, suite) = (try tinyModel(), try suite(for: defense))
        let before = try weights(of: model)
        let models = try (0..<2).map { _ in
            try HardenedModel(hardening: model, by: defense, suite: suite, seed: 5)
        }
        let first = try weights(of: models[0].model)
        #expect(try weights(of: models[1].model) == first)
        #expect(models[1].summary.cost == models[0].summary.cost)
        #expect(first != before)
        #expect(first.values.allSatisfy { values in values.allSatisfy(\.isFinite) })
        #expect(try weights(of: model) == before)
    }

    @Test("a hardened model states its defense, its parameters and its cost", arguments: names)
    func summary(name: String) throws {
        let defense = try defense(name)
        let hardened = try HardenedModel(
            hardening: tinyModel(), by: defense, suite: suite(for: defense), seed: 5)
        var parameters = try parameterValues(of: defense)
        parameters["seed"] = 5
        #expect(hardened.summary.defense == name)
        #expect(hardened.summary.parameters == parameters)
        #expect(hardened.summary.cost.tokens > 0)
        #expect(hardened.summary.cost.floatingPointOperations > 0)
    }

    @Test("progress begins at its first step and ends with its last", arguments: names)
    func progress(name: String) throws {
        let defense = try defense(name)
        var heard: [HardeningProgress] = []
        _ = try HardenedModel(
            hardening: tinyModel(), by: defense, suite: suite(for: defense), seed: 5
        ) { heard.append($0) }
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
        let suite = try suite(for: defense)
        let base = directory.url.appendingPathComponent("base")
        try tinyModel().write(to: base)
        /// Hardens to the end, or until a step.
        func harden(_ output: String, until step: Int = .max) throws -> LanguageModel? {
            do {
                return try HardenedModel(
                    hardening: base, by: defense, suite: suite, seed: 5,
                    savingBeside: directory.url.appendingPathComponent(output), every: 0
                ) { if $0.done == step { throw Stop() } }.model
            } catch is Stop {
                return nil
            }
        }
        let whole = try #require(try harden("whole"))
        #expect(try harden("parts", until: 2) == nil)
        let resumed = try #require(try harden("parts"))
        #expect(try weights(of: resumed) == weights(of: whole))
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
