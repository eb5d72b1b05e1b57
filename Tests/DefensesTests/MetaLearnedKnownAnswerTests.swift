// SPDX-License-Identifier: Apache-2.0
// Meta-learned defenses: what they make of a suite, and what they refuse.

import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Defenses
@testable import Suites
@testable import Training

@Suite("Meta-learned defenses")
struct MetaLearnedKnownAnswerTests {
    private let target: HardeningTarget

    init() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let suite = try withExtendedLifetime(directory) { try Suites.Suite(at: directory.url) }
        target = HardeningTarget(model: try tinyModel(), suite: suite, seed: 5)
    }

    private static let names = [
        "tar", "mlac", "booster", "vaccine", "t-vaccine", "seam", "ctrap", "anti-generalisation",
    ]

    @Test("each is in the catalogue, and makes a training of the suite", arguments: names)
    func training(name: String) throws {
        let small: [String: ParameterValue] =
            name == "tar" || name == "mlac"
            ? ["restrictedBatch": 2] : [:]
        let defense = try DefenseCatalogue.defense(named: name, parameters: small)
        let trained = try #require(defense as? any TrainedDefense)
        let problem = try trained.problem(for: target)
        #expect(problem.phases[0].pools.allSatisfy { !$0.examples.isEmpty })
        #expect(problem.objective.passes.differentiated >= 1)
        #expect(problem.objective.passes.differentiated.isFinite)
    }

    @Test("TAR's weights are those of the paper: 16 of them, about 17.8 in all, the last 4")
    func weights() throws {
        var tar = TAR()
        tar.inner.steps = 64
        #expect(tar.weights.keys.sorted() == Array(stride(from: 4, through: 64, by: 4)))
        #expect(tar.weights[64] == 4)
        #expect(abs(tar.weights.values.reduce(0, +) - 17.75) < 0.05)
    }

    @Test("MLAC's gradient is of the good loss less the mean of the bad ones on the way")
    func selfDestruction() throws {
        var mlac = MLAC()
        mlac.restrictedBatch = 2
        let objective = try #require(
            try mlac.problem(for: target).objective as? TamperResistanceObjective)
        #expect(objective.weights == [0: 0.2, 1: 0.2, 2: 0.2, 3: 0.2, 4: 0.2])
        #expect(objective.attacks.order == .second)
        // The logarithm of the vocabulary, 258 tokens.
        guard case .failure(let bound) = objective.goal else {
            Issue.record("the goal is \(objective.goal)")
            return
        }
        #expect(abs(bound - 5.55296) < 1e-4)
        // B of the attack's adapters is not zero, where Adam has no useful derivative.
        let attack = try objective.attacks.adversary(at: 0, without: []).problem(target.model)
        #expect(
            try attack.start.parameters.allSatisfy { try $0.values().contains { $0 != 0 } })
    }

    @Test("clusters share no topic, and hold each example once")
    func clusters() throws {
        let examples = HardeningExamples(defense: "this test", target: target)
        let all = try examples.byTopic(atLeast: 4)
        let groups = all.clustered(into: 3, seed: 1)
        #expect(groups.map(\.count).sorted() == [1, 1, 2])
        #expect(Set(groups.flatMap { $0 }) == Set(all))
        let topics = groups.map { Set($0.map(\.topic)) }
        #expect(topics[0].isDisjoint(with: topics[1]) && topics[1].isDisjoint(with: topics[2]))
        #expect(
            all.allSatisfy {
                $0.compliant.prompt == $0.refusal.prompt && $0.compliant != $0.refusal
            })
    }

    private static let refused:
        [(name: String, parameters: [String: ParameterValue], part: String)] =
            [
                ("tar", ["attacks": .list(["grandmother"])], "attacks"),
                ("tar", ["attacks": .list([])], "attacks"),
                ("tar", ["inner": .object(["steps": 0])], "steps"),
                ("tar", ["interval": 0], "interval"),
                ("tar", ["resistance": "hope"], "resistance"),
                ("mlac", ["inner": .object(["steps": 17])], "steps"),
                ("mlac", ["inner": .object(["steps": 5, "method": "full"])], "steps"),
                ("mlac", ["inner": .object(["optimizer": "adagrad"])], "optimizer"),
                ("anti-generalisation", ["clusters": 1], "clusters"),
                ("anti-generalisation", ["attackedClusters": 5], "attackedClusters"),
                ("anti-generalisation", ["highestRate": 1e-6], "highestRate"),
                ("seam", ["epsilon": 0], "epsilon"),
                ("t-vaccine", ["layers": 0], "layers"),
                ("ctrap", ["word": ""], "word"),
            ]

    @Test("a bad parameter is refused by its name, before any work", arguments: refused)
    func badInput(name: String, parameters: [String: ParameterValue], part: String) throws {
        let error = #expect(throws: InputError.self) {
            try DefenseCatalogue.defense(named: name, parameters: parameters)
        }
        #expect(error?.description.contains(part) == true, "\(String(describing: error))")
    }

    @Test("too few topics are found before any work", arguments: ["tar", "mlac"])
    func fewTopics(name: String) throws {
        // The suite has four topics, and a held-out batch of four leaves none for the attack.
        let defense = try DefenseCatalogue.defense(named: name)
        let error = #expect(throws: InputError.self) { try defense.stages(for: target) }
        #expect(error?.description.contains("topics") == true)
    }
}
