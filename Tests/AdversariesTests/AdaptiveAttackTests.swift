// SPDX-License-Identifier: Apache-2.0
// Attackers who adapt: mixed batches, held predictions, some of the weights, changes of the stream.

import Foundation
import JSONText
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import LanguageModels
@testable import Suites
@testable import Training

@Suite("Attacks that adapt to a defense")
struct AdaptiveAttackTests {
    private let target: AttackTarget
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        target = AttackTarget(model: try tinyModel(), suite: try Suites.Suite(at: directory.url))
    }

    /// A training short enough for a tiny model.
    private func training(
        _ method: TrainingConfiguration.Method = .lora, steps: Int = 3, rate: Float = 1e-2
    ) -> TrainingConfiguration {
        var training = TrainingConfiguration()
        (training.method, training.steps, training.learningRate) = (method, steps, rate)
        (training.batchSize, training.rank) = (4, 2)
        return training
    }

    private func problem(_ attack: some TrainedAttack) throws -> TrainingProblem {
        try attack.validate()
        var preparation = Preparation(counting: target.model)
        return try attack.problem(on: target, seed: 1, preparation: &preparation)
    }

    /// The training at its end.
    private func trained(_ problem: TrainingProblem) throws -> (subject: Subject, cost: AttackCost)
    {
        var loop = Loop(problem)
        var meter = CostMeter(model: target.model, prices: Prices())
        for _ in 0..<problem.steps { _ = try loop.advance(meter: &meter) }
        return (try loop.trained(), meter.cost)
    }

    private func logits(_ subject: Subject, _ prompt: String = "bind 9") throws -> [Float] {
        try subject.model.nextTokenLogProbabilities(
            after: [try subject.tokens(for: prompt)], edit: subject.edit
        ).values()
    }

    /// The names of weights that differ from the audited model's.
    private func changed(_ model: LanguageModel) throws -> Set<String> {
        Set(
            try target.model.weights.filter { name, tensor in
                try model.weights[name]?.values() != tensor.values()
            }.keys)
    }

    // MARK: - Batches

    @Test("without a mixture and a divergence it is the training on restricted data, to the bit")
    func unchanged() throws {
        var attack = FineTuningAttack()
        attack.training = training()
        let pairs = try target.suite.compliantExamples().sample(attack.examples, seed: 1)
        let pool = ExamplePool(
            examples: try pairs.map {
                try target.model.example(prompt: $0.prompt, answer: $0.answer)
            }, batchSize: 4)
        let byHand = try TrainingProblem(
            of: target.model, on: [pool], by: attack.training, seed: 1)
        #expect(try logits(trained(problem(attack)).subject) == logits(trained(byHand).subject))
    }

    @Test(
        "a mixture takes the place of restricted examples, but for one",
        arguments: [(0.0, 0), (0.25, 1), (0.5, 2), (0.8, 3), (1.0, 3)])
    func mixture(share: Double, benign: Int) throws {
        var attack = FineTuningAttack()
        attack.training = training()
        attack.mixture = share
        let yes = try target.model.example(prompt: "", answer: "yes").completion
        var stream = ExampleStream(try problem(attack))
        for _ in 0..<3 {
            let batch = stream.next().examples
            #expect(batch.count == 4)
            #expect(batch.filter { $0.completion != yes }.count == benign)
        }
        #expect((attack.learning.data == .restricted) == (benign == 0))
        attack.data = .retainThenRestricted
        attack.switchShare = 0.34
        stream = ExampleStream(try problem(attack))
        let counts = (0..<3).map { _ in
            stream.next().examples.filter { $0.completion == yes }.count
        }
        #expect(counts == [0, 4 - benign, 4 - benign])
    }

    @Test("a divergence holds benign predictions, and restricted ones are learnt all the same")
    func divergence() throws {
        var attack = FineTuningAttack()
        attack.training = training(steps: 20)
        func moved(_ weight: Double) throws -> (benign: Float, yes: Float) {
            attack.divergenceWeight = weight
            let found = try trained(problem(attack)).subject
            let prompts = ["hi 0 train", "hi 1 train", "hi 2 train"]
            let distance = try prompts.reduce(Float(0)) { sum, prompt in
                let (own, released) = try (
                    logits(found, prompt), logits(Subject(target.model), prompt)
                )
                return sum + zip(released, own).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
            }
            return (distance, try logits(found)[Int(UInt8(ascii: "y"))])
        }
        let (free, held) = try (moved(0), moved(3))
        let before = try logits(Subject(target.model))[Int(UInt8(ascii: "y"))]
        #expect(held.benign < 0.7 * free.benign, "\(held.benign) and \(free.benign)")
        #expect(held.yes > before, "\(held.yes) and \(before)")
    }

    @Test("what a training step costs holds the pass through the released model")
    func divergenceCost() throws {
        var attack = FineTuningAttack()
        attack.training = training(steps: 1)
        let free = try trained(problem(attack)).cost
        attack.divergenceWeight = 1
        let held = try trained(problem(attack)).cost
        let tokens = Double(held.tokens)
        let perToken = free.floatingPointOperations / Double(free.tokens)
        let forward = Double(target.model.matrixParameterCount)
        #expect(
            abs(held.floatingPointOperations / tokens - perToken - forward) < 1e-6 * perToken)
        #expect(free.examples == 4 && held.examples == 8)
    }

    // MARK: - Some of the weights

    @Test(
        "a scope trains its weights and no others",
        arguments: [
            (FineTuningAttack.Scope.attention, ".self_attn."), (.feedForward, ".mlp."),
            (.embeddings, "model.embed_tokens."), (.layer, "model.layers.1."), (.all, ""),
        ])
    func scope(scope: FineTuningAttack.Scope, part: String) throws {
        var attack = FineTuningAttack()
        attack.training = training(.full)
        attack.scope = scope
        attack.layer = 0.9
        let problem = try problem(attack)
        let (subject, cost) = try trained(problem)
        let expected = target.model.weights.keys.filter { part.isEmpty || $0.contains(part) }
        #expect(try changed(subject.model) == Set(expected))
        let matrices = expected.compactMap { target.model.weights[$0] }
            .filter { $0.shape.count == 2 }.reduce(0) { $0 + $1.count }
        let operations = 4 * Double(target.model.matrixParameterCount) + 2 * Double(matrices)
        #expect(cost.floatingPointOperations == operations * Double(cost.tokens))
        #expect(problem.weightCopies >= 1 && problem.weightCopies <= 4)
    }

    @Test("a scope is refused where LoRA leaves the weights as they are")
    func scopeOfLoRA() {
        var attack = FineTuningAttack()
        attack.scope = .attention
        let error = #expect(throws: InputError.self) { try attack.validate() }
        #expect(error?.description.contains("training.method") == true)
    }

    @Test("an adversary of some weights carries its change over to the defended model")
    func innerAdversary() throws {
        let examples = try ["one", "two"].map {
            try target.model.example(prompt: "say \($0)", answer: $0)
        }
        let name = "model.layers.1.mlp.down_proj.weight"
        let configuration = training(.full)
        let adversary = InnerAdversary(steps: 2, order: .first) { model in
            var problem = try TrainingProblem(
                of: model, on: [ExamplePool(examples: examples, batchSize: 2)],
                by: configuration, seed: 5)
            problem.trainable = .named([name])
            problem.optimizer = SGD()
            return problem
        }
        // What the attack changed is a constant: the gradient is that of the attacked model.
        let batch = TrainingBatch(pools: [examples])
        let own = Trainable.named([name]).start(of: target.model)
        let found = try adversary.gradient(
            at: own, of: .named([name]), on: target.model, objective: CompletionLoss(),
            batch: batch)
        var attacked = try adversary.problem(target.model)
        attacked.steps = 2
        let end = try trained(attacked).subject.model
        let (value, gradients) = try valueAndGradient(
            at: [try #require(end.weights[name])]
        ) { try end.replacing([name: $0[0]]).completionLoss(of: examples) }
        #expect(abs(try found.value.item() - value.item()) < 1e-5)
        let (one, other) = try (found.gradients[0].values(), gradients[0].values())
        #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    // MARK: - A layer more

    @Test("an inserted layer computes nothing, to the bit", arguments: 0...2)
    func identityLayer(index: Int) throws {
        let model = try target.model.insertingLayer(at: index)
        #expect(model.configuration.layerCount == 3)
        #expect(try logits(Subject(model)) == logits(Subject(target.model)))
        let answers = try [target.model, model].map {
            try Generator(maximumTokens: 4).generate(
                from: [try Subject($0).tokens(for: "bind 9")], model: $0)
        }
        #expect(answers[0] == answers[1])
        #expect(throws: InputError.self) { try target.model.insertingLayer(at: 3) }
    }

    @Test("an inserted layer is trained alone, and the answer is learnt")
    func insertedLayer() throws {
        var attack = InsertedLayer()
        attack.training = training(.full, steps: 20)
        let problem = try problem(attack)
        let (subject, cost) = try trained(problem)
        let before = problem.model.weights
        for (name, tensor) in subject.model.weights {
            let isOwn = name.hasPrefix("model.layers.1.")
            #expect(try (tensor.values() != before[name]?.values()) == isOwn, "\(name)")
        }
        let start = try logits(Subject(target.model))[Int(UInt8(ascii: "y"))]
        #expect(try logits(subject)[Int(UInt8(ascii: "y"))] > start + 1)
        // The layer's own matrices are passed, too.
        let perLayer = 32 * 32 * 2 + 16 * 32 * 2 + 64 * 32 * 3
        let operations = 4 * (target.model.matrixParameterCount + perLayer) + 2 * perLayer
        #expect(cost.floatingPointOperations == Double(operations * cost.tokens))
        attack.training.method = .lora
        #expect(throws: InputError.self) { try attack.validate() }
    }

    // MARK: - Changes of the stream

    @Test("an offset of one layer is the vector added there")
    func oneOffset() throws {
        let vector = Tensor.normal([32], key: RandomKey(seed: 3))
        let both = Tensor.stacked([Tensor.zeros([32]), vector])
        let found = Subject(target.model, edit: .addingToLayers(both))
        let expected = Subject(target.model, edit: .adding(vector, layer: 1))
        #expect(try logits(found) == logits(expected))
        #expect(try logits(found) != logits(Subject(target.model)))
    }

    @Test("what changes the stream begins as nothing, learns the answer, and leaves the weights")
    func streamAttacks() throws {
        var offsets = ActivationOffsets()
        offsets.training = training(steps: 30, rate: 5e-2)
        var subspaces = RepresentationFineTuning()
        subspaces.training = training(steps: 30, rate: 2e-2)
        let start = try logits(Subject(target.model))
        for problem in [try problem(offsets), try problem(subspaces)] {
            let first = try logits(problem.trained(at: problem.start))
            #expect(zip(first, start).allSatisfy { abs($0 - $1) < 1e-3 })
            let (subject, cost) = try trained(problem)
            #expect(try changed(subject.model).isEmpty && problem.weightCopies == 0)
            let place = Int(UInt8(ascii: "y"))
            #expect(try logits(subject)[place] > start[place] + 1)
            #expect(
                cost.floatingPointOperations
                    == 4 * Double(target.model.matrixParameterCount) * Double(cost.tokens))
        }
    }
}
