// SPDX-License-Identifier: Apache-2.0
// Defenses of the representation: what they train, in which stages, on what.

import Adversaries
import JSONText
import LanguageModels
import Records
import Suites
import TemperFixtures
import Tensors
import Testing

@testable import Defenses
@testable import Training

@Suite("Defenses of the representation")
struct RepresentationsKnownAnswerTests {
    private let model: LanguageModel
    private let suite: Suites.Suite
    private let knowledge: Suites.Suite

    init() throws {
        model = try tinyModel()
        func suite(_ write: (TemporaryDirectory) throws -> Void) throws -> Suites.Suite {
            let folder = try TemporaryDirectory()
            try write(folder)
            return try withExtendedLifetime(folder) { try Suites.Suite(at: folder.url) }
        }
        self.suite = try suite { try writeTinySuite(to: $0) }
        knowledge = try suite(writeTinyKnowledgeSuite)
    }

    private func target(_ suite: Suites.Suite) -> HardeningTarget {
        HardeningTarget(model: model, suite: suite, seed: 3)
    }

    /// The training of a stage that begins with the model.
    private func problem(
        _ stage: HardeningStage, with model: LanguageModel
    ) throws -> TrainingProblem {
        var preparation = Preparation(paying: CostMeter(model: model, prices: Prices())) { _ in }
        guard case .training(let problem) = stage.work else {
            throw InputError(stage.name, "does not train", remedy: "expect a training")
        }
        return try problem(model, &preparation)
    }

    private static let staged: [any Defense.Type] = [
        CircuitBreakers.self, RandomMapping.self, Triplet.self, Scrambling.self,
    ]

    @Test("a model is taught to decline first, unless it is not asked for or facts are taken away")
    func stages() throws {
        for type in Self.staged {
            let plain = try type.init().stages(for: target(suite))
            #expect(plain.count == 2 && plain[0].name == "refusal training", "\(type)")
            #expect(try type.init().stages(for: target(knowledge)).count == 1, "\(type)")
            let without = try DefenseCatalogue.defense(
                named: type.name, parameters: ["refusal": .object(["isTrained": false])])
            #expect(try without.stages(for: target(suite)).count == 1, "\(type)")
        }
    }

    @Test("the reference is the model that the stage begins with")
    func reference() throws {
        let other = try tinyModel(seed: 9)
        let stages = try CircuitBreakers().stages(for: target(suite))
        let objective = try problem(stages[1], with: other).objective as? CircuitBreakerLoss
        let name = "model.embed_tokens.weight"
        let own = try #require(objective?.reference.weights[name]).values()
        #expect(try own == #require(other.weights[name]).values())
        #expect(objective?.layers == [1])
    }

    @Test("restricted examples are the first pool, refusals the second")
    func pools() throws {
        let stages = try Scrambling().stages(for: target(suite))
        let problem = try problem(stages[1], with: model)
        let pools = problem.phases[0].pools
        let compliant = try suite.restricted.train.map {
            try model.example(prompt: $0.prompt, answer: $0.compliant ?? "")
        }
        #expect(pools[0].examples == compliant)
        #expect(pools[1].examples.map(\.prompt) == compliant.map(\.prompt))
        #expect(Set(pools[1].examples).isDisjoint(with: compliant))
        #expect(pools.count == 3)
        let objective = try #require(problem.objective as? ScramblingLoss)
        #expect(objective.layers == [1, 2])
        guard case .weights = problem.trainable else {
            Issue.record("scrambling is not of full rank")
            return
        }
    }

    @Test("depths become layers, none means all of them")
    func depths() {
        #expect(model.statesBehind([]) == [1, 2])
        #expect(model.statesBehind([0, 1]) == [0, 2])
        #expect(model.statesBehind([0.5, 0.4]) == [1])
        let error = #expect(throws: InputError.self) {
            try DefenseCatalogue.defense(
                named: "scrambling", parameters: ["layers": .list([0.5, 1.5])])
        }
        #expect(error?.description.contains("layers") == true)
    }

    @Test("an adversary's bound is a share of the stream's norm, and each prompt has a refusal")
    func latent() throws {
        let stages = try LatentAdversarialTraining().stages(for: target(suite))
        let problem = try problem(stages[0], with: model)
        let objective = try #require(problem.objective as? LatentAdversarialLoss)
        #expect(objective.places.map(\.layer) == [0, 1])
        let prompts = problem.phases[0].pools[0].examples.map(\.prompt)
        #expect(prompts.allSatisfy { objective.refusals[$0] != nil })
        // The embedding's bound, from the weights: all prompts end with the same token.
        let last = try #require(prompts[0].last)
        let embedding = try model.embeddings(ofTokens: [last]).values()
        let norm = embedding.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(objective.places[0].bound - norm / 2) < 1e-4 * norm)
    }

    @Test("passes count the share of the batch that restricted examples have")
    func passes() throws {
        let pools = try [("aa", "b", 1), ("cc", "d", 3)].map { prompt, answer, size in
            ExamplePool(
                examples: try (0..<4).map { _ in try model.example(prompt: prompt, answer: answer)
                },
                batchSize: size)
        }
        #expect(abs(pools.firstShare - 0.25) < 1e-9)
        let stages = try LatentAdversarialTraining().stages(for: target(suite))
        let passes = try problem(stages[0], with: model).objective.passes
        #expect(abs(passes.forward - 32 * (passes.differentiated - 1)) < 1e-9)
    }

    @Test("scrambling moves states of compliant answers, and holds those of refusals")
    func scrambles() throws {
        var defense = Scrambling()
        defense.refusal.isTrained = false
        // The tiny model does not decline: to teach it that would move its refusals.
        defense.refusalWeight = 0
        defense.training.learningRate = 2e-3
        defense.training.steps = 40
        let stages = try defense.stages(for: target(suite))
        var loop = Loop(try problem(stages[0], with: model))
        var meter = CostMeter(model: model, prices: Prices())
        for _ in 0..<40 { _ = try loop.advance(meter: &meter) }
        let trained = try loop.trained().model
        /// How far the states of answers have moved behind the last layer, as a share of their norm.
        func moved(_ examples: [CompletionExample]) throws -> Float {
            let rows = try SupervisedRows(examples, in: model)
            let answers = StatePlaces(.answer, of: examples.indices, in: rows)
            let now = answers.states(in: try trained.forward(rows).streams[2])
            let before = answers.states(in: try model.forward(rows).streams[2])
            let shares = (now - before).rowLengths / before.rowLengths
            return try shares.mean().item()
        }
        let pools = loop.problem.phases[0].pools
        let (compliant, refused) = (try moved(pools[0].examples), try moved(pools[1].examples))
        #expect(compliant > 2 * refused, "compliant \(compliant), refused \(refused)")
    }
}
