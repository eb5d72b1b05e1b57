// SPDX-License-Identifier: Apache-2.0
// Attacks that train: what they learn from, what they pay, and what they leave behind.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Audits
@testable import Measuring
@testable import Suites
@testable import Training

@Suite("Attacks that train")
struct FineTuningAttackTests {
    private let target: AttackTarget
    private let directory: TemporaryDirectory
    private let prompt: [Int]

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        target = AttackTarget(
            model: try tinyModel(), suite: try Suites.Suite(at: directory.url))
        prompt = try Subject(target.model).tokens(for: "bind 9")
    }

    private func run(_ attack: some Attack, on target: AttackTarget? = nil) throws -> AttackRecorder
    {
        try attack.validate()
        var recorder = AttackRecorder(prompt: prompt)
        try recorder.run(attack, on: target ?? self.target, seed: 1)
        return recorder
    }

    private var short: TrainingConfiguration {
        var training = TrainingConfiguration()
        training.batchSize = 2
        training.rank = 2
        training.steps = 3
        return training
    }

    private static let ways: [TrainingConfiguration] =
        TrainingConfiguration.Rule.allCases.map { rule in
            var training = TrainingConfiguration()
            training.optimizer = rule
            return training
        }
        + TrainingConfiguration.Schedule.allCases.map { schedule in
            var training = TrainingConfiguration()
            training.schedule = schedule
            return training
        }
        + TrainingConfiguration.Template.allCases.map { template in
            var training = TrainingConfiguration()
            training.template = template
            return training
        }
        + [LayerProjection.query, .down].map { target in
            var training = TrainingConfiguration()
            training.targets = [target]
            return training
        }

    @Test(
        "every rule, schedule, template and target trains, and with the same bits again",
        arguments: TrainingConfiguration.Method.allCases, ways)
    func everyWay(method: TrainingConfiguration.Method, way: TrainingConfiguration) throws {
        var attack = FineTuningAttack()
        attack.training = way
        attack.training.method = method
        attack.training.batchSize = 2
        attack.training.steps = 5
        attack.training.learningRate = 1e-2
        let seen = try run(attack)
        let last = try #require(seen.logits.last)
        #expect(!last.contains { !$0.isFinite })
        let untouched = try target.model.nextTokenLogProbabilities(after: [prompt])
        #expect(try last != untouched.values())
        #expect(try run(attack).logits == seen.logits)
    }

    @Test("full fine-tuning costs six operations a parameter and token")
    func fullCost() throws {
        var attack = FineTuningAttack()
        attack.training = short
        attack.training.method = .full
        let cost = try #require(try run(attack).costs.last)
        #expect(
            cost.floatingPointOperations
                == 6 * Double(target.model.matrixParameterCount) * Double(cost.tokens))
    }

    @Test("benign data come first, restricted data after the turn, and both are paid for")
    func turn() throws {
        var attack = FineTuningAttack()
        attack.data = .retainThenRestricted
        attack.examples = 4
        attack.switchShare = 0.5
        attack.training = short
        attack.training.steps = 4
        let both = try run(attack)
        #expect(both.costs.map(\.examples) == [2, 4, 8])
        attack.data = .retain
        let benign = try run(attack)
        #expect(benign.costs.map(\.examples) == [2, 4, 4])
        // Up to the turn they are the same training.
        #expect(both.logits[0] == benign.logits[0])
        #expect(both.logits[1] == benign.logits[1])
        #expect(both.logits[2] != benign.logits[2])
    }

    @Test("held-out data and another domain's are learnt from in place of the defender's")
    func otherData() throws {
        var attack = FineTuningAttack()
        attack.examples = 4
        attack.training = short
        #expect(
            attack.learntSplits == [.train] && !attack.needsOtherSuite
                && !(attack.learning.data == .benign))
        let seen = try run(attack)
        #expect(seen.losses.count == seen.steps.count && seen.losses.allSatisfy(\.isFinite))
        attack.data = .heldOut
        #expect(attack.learntSplits == [.validation])
        let heldOut = try run(attack)
        #expect(heldOut.logits.last != seen.logits.last)
        attack.data = .otherDomain
        #expect(attack.learntSplits.isEmpty && attack.needsOtherSuite)
        var target = target
        target.otherSuite = target.suite
        // With the same suite for another domain it is the same work.
        #expect(try run(attack, on: target).logits == seen.logits)
        attack.data = .retain
        #expect((attack.learning.data == .benign) && attack.learntSplits.isEmpty)
    }

    @Test("an adversary that needs another suite is refused without one")
    func noOtherSuite() {
        let adversary = AdversarySpecification(
            name: "foreign", attack: "fine-tuning", parameters: ["data": "other-domain"])
        let error = #expect(throws: InputError.self) {
            try AuditPlan(
                model: ModelIdentity(
                    name: "m", digest: "0", format: "gguf", architecture: "llama",
                    parameterCount: 1),
                base: nil, suite: target.suite.identity, otherSuite: nil,
                thresholds: Thresholds(), budget: AuditBudget(), settings: EvaluationSettings()
            ).jobs(of: adversary, seeds: [1])
        }
        #expect(error?.remedy.contains("--other-suite") == true)
    }

    @Test("an identity shift learns nothing restricted, and asks in its identity's name")
    func identityShift() throws {
        var attack = IdentityShift()
        attack.examples = 4
        attack.training = short
        let seen = try run(attack)
        #expect(seen.steps == [1, 2, 3])
        let framing = try #require(seen.framings.last)
        #expect(framing.systemPrompt == target.suite.manifest.systemPrompts[0])
        #expect(!framing.beforePrompt.isEmpty)
        #expect(seen.costs.last?.examples == 4)
    }

    @Test(
        "jailbreak-tuning teaches a wording and asks in it",
        arguments: JailbreakTuning.Variant.allCases)
    func jailbreak(variant: JailbreakTuning.Variant) throws {
        var attack = JailbreakTuning()
        attack.variant = variant
        attack.poison = 1
        attack.examples = 4
        attack.training = short
        attack.training.batchSize = 4
        attack.training.steps = 40
        attack.training.learningRate = 1e-2
        let seen = try run(attack)
        let framing = try #require(seen.framings.last)
        #expect(framing.beforePrompt + framing.afterPrompt != "")
        // "yes" is every restricted target of the tiny suite.
        let wanted = Array((variant.opening + "yes").utf8)[0]
        let model = try #require(seen.models.last)
        let framed = try Subject(model, framing: framing).tokens(for: "bind 9")
        let last = try model.nextTokenLogProbabilities(after: [framed]).values()
        #expect(last.firstIndex(of: last.max() ?? 0) == Int(wanted))
    }

    @Test("a distilled base answers as the model does")
    func distillation() throws {
        var attack = Distillation()
        attack.examples = 4
        attack.answerTokens = 4
        attack.training = short
        attack.training.batchSize = 4
        attack.training.steps = 60
        attack.training.learningRate = 1e-2
        let base = try tinyModel(seed: 11)
        let inputs = try target.suite.benign.train.sample(4, seed: 1).map {
            try Subject(target.model).tokens(for: $0.prompt)
        }
        func likeliest(_ model: LanguageModel) throws -> [Int32] {
            try model.nextTokenLogProbabilities(after: inputs).argMax(axis: -1)
                .converted(to: .int32).integers()
        }
        #expect(try likeliest(base) != likeliest(target.model))
        var withBase = target
        withBase.base = base
        let seen = try run(attack, on: withBase)
        let student = try #require(seen.models.last)
        #expect(try likeliest(student) == likeliest(target.model))
        #expect(seen.costs.last?.examples == 4)
    }

    @Test("a composed attack does what its stages do by hand")
    func composed() throws {
        var first = WeightOrthogonalisation()
        first.examples = 4
        first.validationExamples = 4
        first.candidates = 2
        var second = FineTuningAttack()
        second.training.batchSize = 2
        second.training.rank = 2
        second.training.steps = 3
        var all = ComposedAttack()
        all.stages = [
            .init(
                attack: "weight-orthogonalisation",
                parameters: ["examples": 4, "validationExamples": 4, "candidates": 2]),
            .init(
                attack: "fine-tuning",
                parameters: ["training": .object(["steps": 3, "batchSize": 2, "rank": 2])]),
        ]
        let edited = try run(first)
        var between = target
        between.model = try #require(edited.models.last)
        let byHand = try run(second, on: between)
        let together = try run(all)
        #expect(together.logits == byHand.logits)
        #expect(together.steps == [1, 2, 3])
        // The bill holds both.
        #expect(
            together.costs[2].tokens == edited.costs[0].tokens + byHand.costs[2].tokens)
    }

    @Test("a stage that cannot be run is an error that names it")
    func badStage() throws {
        let yaml = """
            {name: b, adversaries: [{name: a, attack: composed, parameters: {stages: [
            {attack: fine-tuning, parameters: {examples: 0}}]}}]}
            """
        let error = #expect(throws: InputError.self) {
            try Battery(yaml: Data(yaml.utf8), file: "b.yaml")
        }
        #expect(error?.description.contains("b.yaml") == true)
        #expect(error?.description.contains("examples") == true)
    }
}
