// SPDX-License-Identifier: Apache-2.0
// Orthogonalisation by strengths over the layers, and by several directions.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Measuring
@testable import Suites
@testable import Training

@Suite("Tuned orthogonalisation")
struct TunedOrthogonalisationTests {
    private let model: LanguageModel
    private let target: AttackTarget
    private let directory: TemporaryDirectory
    private let prompt: [Int]

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        model = try tinyModel()
        target = AttackTarget(model: model, suite: try Suites.Suite(at: directory.url))
        prompt = try Subject(model).tokens(for: "bind 9")
    }

    private func run(_ attack: some Attack, seed: UInt64 = 1) throws -> AttackRecorder {
        var recorder = AttackRecorder(prompt: prompt)
        try recorder.run(attack, on: target, seed: seed)
        return recorder
    }

    private func unit(seed: UInt64) -> Tensor {
        let raw = Tensor.normal([32], key: RandomKey(seed: seed))
        return raw / raw.square().sum().sqrt()
    }

    @Test("a tent is highest at its centre, falls in a straight line, and ends")
    func tent() {
        let tent = LayerStrengths.Tent(most: 1.2, least: 0.2, centre: 6, reach: 4)
        let heights = [1, 2, 4, 6, 7, 10, 11].map(tent.height)
        for (height, expected) in zip(heights, [0, 0.2, 0.7, 1.2, 0.95, 0.2, 0]) {
            #expect(abs(height - expected) < 1e-12)
        }
        #expect(LayerStrengths.Tent(most: 1, least: 0, centre: 2, reach: 0).height(at: 2) == 1)
    }

    @Test("every place of the unit cube is a setting", arguments: [1, 2, 30])
    func places(layers: Int) throws {
        let directions = Tensor.normal([layers + 1, 32], key: RandomKey(seed: 1))
        for place in [0.0, 0.5, 1.0.nextDown] {
            let strengths = LayerStrengths(
                at: Array(repeating: place, count: LayerStrengths.choices.count), layers: layers)
            for tent in [strengths.output, strengths.down] {
                #expect((0.8...1.5).contains(tent.most))
                #expect((0...tent.most).contains(tent.least))
            }
            for layer in 0..<layers {
                let direction = strengths.direction(ofLayer: layer, among: directions)
                #expect(try direction.values().allSatisfy(\.isFinite))
            }
        }
    }

    @Test("at full strength nothing is written along the direction, or the rows keep their norms")
    func edit() throws {
        let direction = unit(seed: 3)
        func edited(keepingRowNorms: Bool) throws -> LanguageModel {
            try model.orthogonalised(
                keepingRowNorms: keepingRowNorms, strength: { _, layer in layer == 1 ? 1 : 0 },
                direction: { _ in direction })
        }
        let (plain, kept) = try (
            edited(keepingRowNorms: false), edited(keepingRowNorms: true)
        )
        for projection in [LayerProjection.output, .down] {
            let names = (0..<2).map { projection.weightName(inLayer: $0) }
            let before = try #require(model.weights[names[1]])
            let row = direction.reshaped([1, 32])
            #expect(try row.matmul(before).abs().max().item() > 0.01)
            let after = try #require(plain.weights[names[1]])
            #expect(try row.matmul(after).abs().max().item() < 1e-6)
            let scaled = try #require(kept.weights[names[1]])
            let norms = try [before, scaled].map { try $0.square().sum(axis: -1).values() }
            for (one, other) in zip(norms[0], norms[1]) {
                #expect(abs(one - other) < 1e-5 * max(one, 1))
            }
            // The layer whose strength is 0 is as it was.
            #expect(
                try plain.weights[names[0]]?.values() == model.weights[names[0]]?.values())
        }
    }

    @Test("directions are unit vectors that hold nothing of the benign mean")
    func directions() throws {
        let attack = TunedOrthogonalisation()
        var meter = CostMeter(model: model, prices: Prices())
        func tokens(_ items: [String]) throws -> [[Int]] {
            try items.map { try Subject(model).tokens(for: $0) }
        }
        let benign = try tokens(target.suite.benign.train.map(\.prompt))
        let found = try attack.directions(
            of: model, restricted: tokens(target.suite.restricted.train.map(\.prompt)),
            benign: benign, meter: &meter)
        #expect(found.shape == [3, 32])
        let mean = try model.residualStates(TokenBatch(benign), positions: [-1])
            .squeezed(at: 2).mean(axis: 1)
        // In front of the first layer all prompts end alike: there is no difference.
        let rows = (1...2).map { Tensor([Int32($0)], shape: [1]) }
        for row in rows {
            let direction = found.take(row, axis: 0)
            #expect(abs(try direction.square().sum().item() - 1) < 1e-5)
            let base = mean.take(row, axis: 0)
            let cosine = (direction * base).sum() / base.square().sum().sqrt()
            #expect(abs(try cosine.item()) < 1e-4)
        }
        #expect(meter.cost.floatingPointOperations > 0)
    }

    @Test("more trials find no worse a setting, and the same seed the same bits")
    func search() throws {
        func loss(trials: Int) throws -> (Double, AttackRecorder) {
            var attack = TunedOrthogonalisation()
            attack.trials = trials
            let seen = try run(attack)
            let edited = try #require(seen.models.first)
            let score = RefusalScore(suite: target.suite, tokenizer: model.tokenizer)
            let suite = target.suite
            let inputs = try suite.restricted.validation.map {
                try Subject(model).tokens(for: $0.prompt)
            }
            let scores = try score.scores(of: inputs, model: edited)
            let refusal = scores.reduce(0) { $0 + 1 / (1 + exp(-$1)) } / Double(scores.count)
            let benign = try suite.benign.validation.map {
                try Subject(model).tokens(for: $0.prompt)
            }
            let reference = try model.nextTokenLogProbabilities(after: benign)
            let moved = try edited.nextTokenLogProbabilities(after: benign)
            let divergence = try (reference.exp() * (reference - moved)).sum(axis: -1).mean().item()
            return (refusal + Double(divergence), seen)
        }
        let (one, few) = try loss(trials: 1)
        let (least, many) = try loss(trials: 25)
        #expect(least < one)
        #expect(many.steps == [1])
        #expect(many.costs[0].floatingPointOperations > few.costs[0].floatingPointOperations)
        #expect(try loss(trials: 25).1.logits == many.logits)
    }

    @Test("each direction is found in the model that the last one left")
    func severalDirections() throws {
        var attack = WeightOrthogonalisation()
        attack.deepestLayer = 1
        attack.directions = 2
        let seen = try run(attack)
        #expect(seen.steps == [1, 2])
        #expect(seen.logits[0] != seen.logits[1])
        attack.directions = 1
        #expect(try run(attack).logits == Array(seen.logits.prefix(1)))
        let names = (0..<2).map { LayerProjection.down.weightName(inLayer: $0) }
        let ranks = try seen.models.map { edited in
            // The weights lie in a space with one dimension less for each direction.
            let weight = try #require(edited.weights[names[1]])
            let values = try weight.singularValueDecomposition().values.values()
            return values.count { $0 > 1e-4 * (values.first ?? 0) }
        }
        #expect(ranks[1] == ranks[0] - 1)
    }

    @Test("a parameter of a composed adversary's stage can be searched")
    func stages() throws {
        let yaml = """
            name: b
            adversaries:
              - name: both
                attack: composed
                parameters:
                  stages:
                    - {attack: weight-orthogonalisation}
                    - {attack: fine-tuning, parameters: {examples: 4}}
                search:
                  stages.1.parameters.training.learningRate: {from: 1.0e-5, to: 1.0e-3, scale: log}
                  stages.0.parameters.candidates: {from: 1, to: 9, whole: true}
            """
        let battery = try Battery(yaml: Data(yaml.utf8), file: "b.yaml")
        let search = try AdversarySearch(battery.adversaries[0], trials: 4, seed: 1)
        let found = search.specification(at: [0, 0.5])
        let stages = found.parameters["stages"]?.list ?? []
        #expect(stages[0].object?["parameters"]?.object?["candidates"] == .number(1))
        let rate = stages[1].object?["parameters"]?.object?["training"]?.object?["learningRate"]
        #expect(abs((rate?.number ?? 0) - 1e-4) < 1e-9)
        let wrong = yaml.replacingOccurrences(
            of: "stages.1.parameters", with: "stages.2.parameters")
        #expect(throws: InputError.self) {
            try Battery(yaml: Data(wrong.utf8), file: "b.yaml")
        }
    }
}
