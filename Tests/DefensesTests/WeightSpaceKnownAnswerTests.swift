// SPDX-License-Identifier: Apache-2.0
// What the defenses do that act on the difference from the original, where the answer is known.

import Foundation
import JSONText
import LanguageModels
import Records
import Suites
import TemperFixtures
import Tensors
import Testing

@testable import Defenses
@testable import Training

@Suite("Defenses in weight space")
struct WeightSpaceKnownAnswerTests {
    private let suite: Suites.Suite
    private let base: LanguageModel

    init() throws {
        let folder = try TemporaryDirectory()
        try writeTinySuite(to: folder)
        suite = try withExtendedLifetime(folder) { try Suites.Suite(at: folder.url) }
        base = try tinyModel()
    }

    /// Two orthogonal directions, each as a matrix of rank 1 with norm 1.
    private func directions(_ shape: [Int], seed: UInt64) -> [Tensor] {
        var key = RandomKey(seed: seed)
        let left = Tensor.normal([shape[0], 2], key: key.next()).qrDecomposition().q
        let right = Tensor.normal([shape[1], 2], key: key.next()).qrDecomposition().q
        return (0..<2).map {
            left.slice(axis: 1, from: $0, to: $0 + 1)
                .matmul(right.slice(axis: 1, from: $0, to: $0 + 1).transposed())
        }
    }

    private func distance(_ first: Tensor, _ second: Tensor) throws -> Float {
        try (first - second).square().sum().sqrt().item()
    }

    @Test(
        "the strongest part is exact at the true rank and above, and its beginning below",
        arguments: [[40, 24], [24, 40], [64, 64]])
    func strongestPart(shape: [Int]) throws {
        let parts = directions(shape, seed: 2)
        let matrix = parts[0] * 3 + parts[1]
        for rank in [2, 3, 5] {
            let found = matrix.strongestPart(rank: rank, key: RandomKey(seed: 1))
            #expect(try distance(found, matrix) < 1e-4)
        }
        let found = matrix.strongestPart(rank: 1, key: RandomKey(seed: 1))
        #expect(try distance(found, parts[0] * 3) < 1e-4)
        let all = matrix.strongestPart(rank: 24, key: RandomKey(seed: 1))
        #expect(try distance(all, matrix) < 1e-4)
    }

    @Test("of a matrix without gaps the part loses no more than the full decomposition would")
    func withoutGaps() throws {
        let matrix = Tensor.normal([48, 32], key: RandomKey(seed: 4))
        let values = try matrix.singularValueDecomposition().values.values()
        let best = values.dropFirst(4).reduce(0) { $0 + $1 * $1 }.squareRoot()
        let found = matrix.strongestPart(rank: 4, key: RandomKey(seed: 1))
        #expect(try distance(found, matrix) < 1.02 * best)
        let rest = try found.singularValueDecomposition().values.values().dropFirst(4)
        #expect(rest.allSatisfy { $0 < 1e-3 * values[0] })
    }

    @Test("LoX adds its share of the strongest directions to matrices, and to nothing else")
    func extrapolation() throws {
        var changed: [String: Tensor] = [:]
        var strongest: [String: Tensor] = [:]
        for (index, parameter) in base.configuration.parameters.enumerated() {
            let weight = try #require(base.weights[parameter.name])
            guard parameter.shape.count == 2 else {
                changed[parameter.name] = weight * 1.5
                continue
            }
            let parts = directions(parameter.shape, seed: UInt64(index) + 50)
            changed[parameter.name] = weight + parts[0] * 4 + parts[1]
            strongest[parameter.name] = parts[0] * 4
        }
        let model = try base.replacing(changed)
        var defense = LowRankExtrapolation()
        (defense.coefficient, defense.rank) = (0.25, 1)
        let target = HardeningTarget(model: model, suite: suite, original: base, seed: 1)
        let hardened = try HardenedModel(hardening: target, by: defense).model
        defense.rank = 0
        let whole = try HardenedModel(hardening: target, by: defense).model
        for parameter in base.configuration.parameters {
            let name = parameter.name
            let before = try #require(model.weights[name])
            let after = try #require(hardened.weights[name])
            guard name.hasPrefix("model.layers"), let part = strongest[name] else {
                #expect(try distance(after, before) == 0, "\(name)")
                continue
            }
            #expect(try distance(after, before + part * 0.25) < 1e-3, "\(name)")
            let original = try #require(base.weights[name])
            let all = before + (before - original) * 0.25
            #expect(try distance(#require(whole.weights[name]), all) < 1e-4, "\(name)")
        }
    }

    @Test(
        "what needs the original is refused without it",
        arguments: ["lox", "full-rank-distillation"])
    func original(name: String) throws {
        let defense = try DefenseCatalogue.defense(named: name)
        let error = #expect(throws: InputError.self) {
            try defense.stages(for: HardeningTarget(model: base, suite: suite, seed: 1))
        }
        #expect(error?.remedy.contains("--original") == true)
    }

    @Test("full-rank distillation goes from the original to the model, by a change of full rank")
    func fullRank() throws {
        // A model that differs from its original by adapters of rank 2.
        var adapters = try LowRankAdapters(
            LowRankAdapters.Configuration(rank: 2, alpha: 2, targets: LayerProjection.allCases),
            for: base.configuration, key: RandomKey(seed: 3))
        var key = RandomKey(seed: 4)
        adapters = try adapters.replacing(
            parameters: adapters.parameters.map { Tensor.normal($0.shape, key: key.next()) * 0.3 })
        let model = try base.adapted(by: adapters).fused()
        var defense = FullRankDistillation()
        defense.training.steps = 40
        defense.training.learningRate = 1e-2
        let target = HardeningTarget(model: model, suite: suite, original: base, seed: 1)
        let problem = try defense.problem(for: target)
        for (name, weight) in base.weights {
            #expect(try problem.model.weights[name]?.values() == weight.values())
        }
        let hardened = try HardenedModel(hardening: target, by: defense)
        let points = try #require(hardened.summary.curves?.first?.points)
        let (first, last) = (try #require(points.first), try #require(points.last))
        #expect(last.loss < 0.5 * first.loss, "\(points)")
        let name = LayerProjection.query.weightName(inLayer: 0)
        func rank(of model: LanguageModel) throws -> Int {
            let (own, other) = (
                try #require(model.weights[name]), try #require(base.weights[name])
            )
            let values = try (own - other).singularValueDecomposition().values.values()
            return values.count { $0 > 1e-4 * values[0] }
        }
        #expect(try rank(of: model) == 2)
        #expect(try rank(of: hardened.model) > 24)
    }

    @Test("adapters are refused where the change must have full rank")
    func adapters() {
        let error = #expect(throws: InputError.self) {
            try DefenseCatalogue.defense(
                named: "full-rank-distillation",
                parameters: ["training": .object(["method": "lora"])])
        }
        #expect(error?.description.contains("method") == true)
    }
}
