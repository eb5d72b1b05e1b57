// SPDX-License-Identifier: Apache-2.0
// What the unlearning defenses train on and from, where the right answer is known.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Defenses
@testable import Suites
@testable import Training

@Suite("Unlearning")
struct UnlearningKnownAnswerTests {
    private let model: LanguageModel
    private let refusal: HardeningTarget
    private let knowledge: HardeningTarget

    init() throws {
        func suite(_ write: (TemporaryDirectory) throws -> Void) throws -> Suites.Suite {
            let folder = try TemporaryDirectory()
            try write(folder)
            return try withExtendedLifetime(folder) { try Suites.Suite(at: folder.url) }
        }
        model = try tinyModel()
        refusal = HardeningTarget(
            model: model, suite: try suite { try writeTinySuite(to: $0) }, seed: 5)
        knowledge = HardeningTarget(
            model: model, suite: try suite(writeTinyKnowledgeSuite), seed: 5)
    }

    /// The training of a stage that begins with a model.
    private func problem(
        of stage: HardeningStage, beginningWith model: LanguageModel
    ) throws -> TrainingProblem {
        var preparation = Preparation(
            paying: CostMeter(model: model, prices: Prices()), tell: { _ in })
        guard case .training(let make) = stage.work else {
            throw InputError(stage.name, "does not train", remedy: "")
        }
        return try make(model, &preparation)
    }

    private func examples(
        _ pairs: [(prompt: String, answer: String)]
    ) throws -> Set<CompletionExample> {
        Set(try pairs.map { try model.example(prompt: $0.prompt, answer: $0.answer) })
    }

    @Test("what is forgotten is the first pool, and each weight reaches its loss")
    func terms() throws {
        var npo = NegativePreferenceUnlearning()
        (npo.forgetWeight, npo.retainWeight, npo.smoothness, npo.beta) = (3, 5, 0.25, 0.5)
        let forgotten = try examples(
            refusal.suite.restricted.train.map { ($0.prompt, $0.compliant ?? "") })
        let problem = try npo.problem(for: refusal)
        #expect(Set(problem.phases[0].pools[0].examples) == forgotten)
        let objective = try #require(problem.objective as? UnlearningObjective)
        #expect(objective.forgetWeight == 3 && objective.retainWeight == 5)
        #expect(objective.smoothness == 0.25)
        #expect((objective.forget as? NegativePreference)?.beta == 0.5)
        let facts = try GradientDifference().problem(for: knowledge).phases[0].pools
        let restricted = try examples(
            (knowledge.suite.knowledge?.facts(.restricted) ?? []).map { ($0.prompt, $0.answer) })
        let retained = try examples(
            (knowledge.suite.knowledge?.facts(.retained) ?? []).map { ($0.prompt, $0.answer) })
        #expect(Set(facts[0].examples) == restricted && Set(facts[1].examples) == retained)
        #expect(facts.dropFirst().allSatisfy { restricted.isDisjoint(with: $0.examples) })
    }

    @Test("a random vector has norm 1, in the orthant or anywhere")
    func vector() throws {
        var defense = RepresentationMisdirection()
        for direction in RepresentationMisdirection.Direction.allCases {
            defense.direction = direction
            let values = try defense.unitVector(width: 64, seed: 3).values()
            let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(norm - 1) < 1e-5)
            #expect((values.min() ?? 0) < 0 ? direction == .sphere : direction == .orthant)
            #expect(try defense.unitVector(width: 64, seed: 4).values() != values)
        }
    }

    @Test("RMU steers to a multiple of the mean norm, and trains what writes up to its layer")
    func misdirection() throws {
        var defense = RepresentationMisdirection()
        (defense.layer, defense.steering, defense.retainWeight) = (0.5, 3, 7)
        let stages = try defense.stages(for: refusal)
        let problem = try problem(of: stages[0], beginningWith: model)
        let objective = try #require(problem.objective as? UnlearningObjective)
        let steered = try #require(objective.forget as? SteeredStates)
        let held = try #require(objective.retain as? HeldStates)
        #expect(steered.layer == 1 && held.layer == 1)
        #expect(objective.forgetWeight == 1 && objective.retainWeight == 7)
        let forgotten = problem.phases[0].pools[0].examples
        var norms: [Float] = []
        for example in forgotten {
            let tokens = example.prompt + example.completion.dropLast()
            norms += try model.residualStates(
                TokenBatch([tokens]), positions: example.completion.indices.map { -1 - $0 }
            ).slice(axis: 0, from: 1, to: 2).norm(axis: -1).values()
        }
        let expected = 3 * norms.reduce(0, +) / Float(norms.count)
        #expect(abs(try steered.target.norm().item() - expected) < 1e-3 * expected)
        guard case .named(let names) = problem.trainable else {
            Issue.record("other numbers are trained")
            return
        }
        #expect(names == [LayerProjection.down.weightName(inLayer: 0)])
        defense.layer = 1
        #expect(defense.depth(of: model) == 2)
        defense.layer = 0
        #expect(defense.depth(of: model) == 1)
    }

    @Test(
        "each stage unlearns its folds and retains the later ones",
        arguments: LayeredUnlearning.Primitive.allCases)
    func layers(primitive: LayeredUnlearning.Primitive) throws {
        var defense = LayeredUnlearning()
        defense.folds = 3
        defense.primitive = primitive
        let items = refusal.suite.restricted.train
        let folds = try defense.divided(
            HardeningExamples(defense: LayeredUnlearning.name, target: refusal))
        #expect(folds.flatMap(\.topics).sorted() == items.map(\.topic).sorted())
        #expect(folds.map(\.topics.count).sorted() == [1, 1, 2])
        let stages = try defense.stages(for: refusal)
        #expect(stages.count == 3 && Set(stages.map(\.name)).count == 3)
        let refusals = Set(refusal.suite.refusals.map(\.text))
        for (index, stage) in stages.enumerated() {
            // The reference is the model that the stage begins with.
            let begin = try tinyModel(seed: UInt64(index) + 20)
            let problem = try problem(of: stage, beginningWith: begin)
            let pools = problem.phases[0].pools
            let early = items.filter { item in
                folds[...index].contains { $0.topics.contains(item.topic) }
            }
            let late = items.filter { item in !early.contains(item) }
            let truths = try examples(early.map { ($0.prompt, $0.compliant ?? "") })
            let unlearnt = Set(pools[0].examples)
            #expect(unlearnt.count == early.count)
            #expect(Set(unlearnt.map(\.prompt)) == Set(truths.map(\.prompt)))
            if primitive != .answerReplacement {
                #expect(unlearnt == truths)
                let objective = try #require(problem.objective as? UnlearningObjective)
                let found =
                    (objective.forget as? NegativePreference)?.reference
                    ?? (objective.retain as? HeldStates)?.reference
                let reference = try #require(found)
                let (own, expected) = (reference.parameters, begin.parameters)
                #expect(try own.map { try $0.values() } == expected.map { try $0.values() })
            } else {
                let declined = try examples(
                    early.flatMap { item in refusals.map { (item.prompt, $0) } })
                #expect(unlearnt.isSubset(of: declined) && problem.objective is CompletionLoss)
            }
            // Compliant answers to what is declined are in no pool.
            #expect(pools.count == 2)
            let kept = try examples(late.map { ($0.prompt, $0.compliant ?? "") })
            #expect(kept.isDisjoint(with: pools.flatMap(\.examples)))
            let facts = defense.later(than: index, of: folds, areFacts: true)
            #expect(Set(facts) == kept)
        }
    }

    @Test("a hardened model is not layered: its first stages would give back what hardening took")
    func hardenedIsRefused() throws {
        let directory = try TemporaryDirectory()
        let url = directory.url.appendingPathComponent("hardened")
        var quick = RefusalTraining()
        (quick.restrictedBatch, quick.benignBatch, quick.training.steps) = (2, 2, 1)
        try HardenedModel(hardening: refusal, by: quick).write(to: url)
        let error = #expect(throws: InputError.self) {
            try HardenedModel(
                hardening: url, by: LayeredUnlearning(), suite: refusal.suite, seed: 1,
                savingBeside: directory.url.appendingPathComponent("out"))
        }
        #expect(error?.problem.contains("was hardened") == true)
    }

    @Test("fewer topics than folds are refused before any work")
    func tooFewTopics() throws {
        var defense = LayeredUnlearning()
        defense.folds = 5
        let error = #expect(throws: InputError.self) { try defense.stages(for: refusal) }
        #expect(error?.description.contains("folds") == true)
        #expect(error?.description.contains("4 topics") == true)
    }

    @Test("noise takes its share of matrices at its scale, and vectors only shrink")
    func noise() throws {
        var defense = UnlearnDistill()
        (defense.corruption, defense.noise) = (0.4, 5)
        let noised = try defense.noised(model, seed: 9)
        for (name, weight) in model.weights {
            let (before, after) = (
                try weight.values(), try #require(noised.weights[name]).values()
            )
            let rest = zip(before, after).map { Double($1) - 0.6 * Double($0) }
            guard weight.shape.count == 2 else {
                #expect(rest.allSatisfy { abs($0) < 1e-6 }, "\(name)")
                continue
            }
            let count = Double(rest.count)
            let mean = rest.reduce(0, +) / count
            let deviation = (rest.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
            let expected = 0.4 * 5 * (2 / Double(weight.shape[0] + weight.shape[1])).squareRoot()
            // Five standard errors of a normal sample.
            #expect(abs(mean) < 5 * expected / count.squareRoot(), "\(name)")
            #expect(abs(deviation / expected - 1) < 5 / (2 * count).squareRoot(), "\(name)")
        }
        let again = try defense.noised(model, seed: 10)
        let embedding = "model.embed_tokens.weight"
        #expect(try again.weights[embedding]?.values() != noised.weights[embedding]?.values())
    }

    @Test("distillation begins at the noised model, with the unlearnt one as its teacher")
    func distillation() throws {
        let defense = UnlearnDistill()
        let stages = try defense.stages(for: refusal)
        #expect(stages.map(\.name) == ["unlearning", "distillation"])
        let unlearnt = try tinyModel(seed: 33)
        let problem = try problem(of: stages[1], beginningWith: unlearnt)
        let teacher = try #require(problem.objective as? TeacherDivergence).teacher
        let student = try defense.noised(unlearnt, seed: refusal.seed)
        for (name, weight) in unlearnt.weights {
            #expect(try teacher.weights[name]?.values() == weight.values())
            #expect(try problem.model.weights[name]?.values() == student.weights[name]?.values())
        }
        // No restricted prompt is distilled with its compliant answer.
        let compliant = try examples(
            refusal.suite.restricted.train.map { ($0.prompt, $0.compliant ?? "") })
        #expect(
            problem.phases[0].pools.allSatisfy { compliant.isDisjoint(with: $0.examples) })
    }
}
