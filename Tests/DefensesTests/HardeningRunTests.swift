// SPDX-License-Identifier: Apache-2.0
// What happens to a hardening on its way: it collapses, it is red-teamed, its curve is kept.

import Adversaries
import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Records
import TemperFixtures
import Tensors
import Testing
import Training

@testable import Defenses
@testable import Suites

@Suite("A hardening on its way")
struct HardeningRunTests {
    private let directory: TemporaryDirectory
    private let base: URL
    private let suite: Suites.Suite

    init() throws {
        directory = try TemporaryDirectory()
        base = directory.url.appendingPathComponent("base")
        try tinyModel().write(to: base)
        let folder = try TemporaryDirectory()
        try writeTinySuite(to: folder)
        suite = try withExtendedLifetime(folder) { try Suites.Suite(at: folder.url) }
    }

    private func defense(steps: Int, learningRate: Float = 1e-2) -> RefusalTraining {
        var defense = RefusalTraining()
        (defense.restrictedBatch, defense.benignBatch) = (2, 2)
        defense.training.method = .full
        defense.training.steps = steps
        defense.training.learningRate = learningRate
        return defense
    }

    private func harden(
        _ output: URL, by defense: RefusalTraining, redTeamRounds: Int = 0,
        progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws -> HardenedModel {
        try HardenedModel(
            hardening: base, by: defense, suite: suite, redTeamRounds: redTeamRounds, seed: 3,
            savingBeside: output, every: 0, progress: progress)
    }

    @Test("a hardening that destroys the model stops with a reason, and leaves nothing behind")
    func collapse() throws {
        let output = directory.url.appendingPathComponent("out")
        let error = #expect(throws: InputError.self) {
            try harden(output, by: defense(steps: 40, learningRate: 30))
        }
        let text = error?.description ?? ""
        #expect(text.contains("collapsed") || text.contains("loss is"), "\(text)")
        #expect(text.contains("learningRate"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.url.path) == ["base"])
    }

    @Test("a training that repairs what noise broke is judged by its end alone")
    func repair() throws {
        var defense = UnlearnDistill()
        (defense.corruption, defense.noise) = (0.9, 100)
        (defense.restrictedBatch, defense.retainedBatch, defense.textBatch) = (2, 4, 4)
        defense.unlearning.steps = 1
        defense.training.steps = 8
        defense.training.learningRate = 1e-9
        var reached = 0
        let error = #expect(throws: InputError.self) {
            try HardenedModel(
                hardening: HardeningTarget(model: LanguageModel(at: base), suite: suite, seed: 3),
                by: defense
            ) { if $0.phase == "distillation" { reached = max(reached, $0.done) } }
        }
        #expect(error?.problem.contains("collapsed") == true)
        #expect(reached == 8)
    }

    @Test("the learning curve has the mean losses of the steps, and ends with the last of them")
    func curve() throws {
        let losses = (1...100).map { Float($0) }
        let curve = LearningCurve(stage: "s", losses: losses)
        #expect(curve.points.count <= 32)
        #expect(curve.points.map(\.step).last == 100)
        #expect(curve.points.first?.step == 4 && curve.points.first?.loss == 2.5)
        let hardened = try harden(
            directory.url.appendingPathComponent("curve"), by: defense(steps: 3))
        #expect(hardened.summary.curves?.map(\.stage) == ["refusal training"])
        #expect(hardened.summary.curves?[0].points.map(\.step) == [1, 2, 3])
    }

    @Test("a red team adds a training for each round, says what it found, and can be resumed")
    func redTeam() throws {
        struct Stop: Error {}
        let whole = try harden(
            directory.url.appendingPathComponent("whole"), by: defense(steps: 1), redTeamRounds: 1)
        let names = whole.summary.curves?.map(\.stage)
        #expect(names == ["refusal training", "red team, round 1"])
        #expect(whole.summary.curves?[1].note?.contains("wordings were answered") == true)
        #expect(whole.summary.parameters["redTeamRounds"] == 1)
        let parts = directory.url.appendingPathComponent("parts")
        #expect(throws: Stop.self) {
            try harden(parts, by: defense(steps: 1), redTeamRounds: 1) {
                if $0.phase == "red team, round 1", $0.done == 2 { throw Stop() }
            }
        }
        let resumed = try harden(parts, by: defense(steps: 1), redTeamRounds: 1)
        #expect(resumed.summary == whole.summary)
        for (name, tensor) in whole.model.weights {
            #expect(try resumed.model.weights[name]?.values() == tensor.values())
        }
    }

    @Test("wordings are new, keep the prompt, and name what was done to it")
    func mutations() {
        var generator = SplitMix64(seed: 1)
        let parents = ["Where is the bell?", "Who keeps the light?"].enumerated().map {
            MutatedPrompt(origin: $0, text: $1, mutations: [])
        }
        let children = PromptMutations.children(of: parents, count: 20, using: &generator)
        #expect(children.count == 20)
        #expect(Set(children.map(\.text)).count == 20)
        for child in children {
            #expect(child.text.contains(parents[child.origin].text))
            #expect(child.mutations.count == 1 && child.text != parents[child.origin].text)
        }
        let next = PromptMutations.children(of: children, count: 5, using: &generator)
        #expect(next.allSatisfy { $0.mutations.count == 2 })
        // A single prompt has no more wordings than there are frames.
        let few = PromptMutations.children(of: [parents[0]], count: 1_000, using: &generator)
        #expect(few.count < 100)
    }
}
