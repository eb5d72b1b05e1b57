// SPDX-License-Identifier: Apache-2.0

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

@Suite("Attacks that edit weights")
struct WeightAttackTests {
    private let model: LanguageModel
    private let base: LanguageModel
    private let suite: Suites.Suite
    private let directory: TemporaryDirectory
    private let prompt: [Int]

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        suite = try Suites.Suite(at: directory.url)
        model = try tinyModel()
        base = try tinyModel(seed: 8)
        prompt = try Subject(model).tokens(for: "bind 9")
    }

    /// What one attack offers; it must be one model, and the model under audit must stay as it was.
    private func run(
        _ attack: some Attack, on model: LanguageModel? = nil, base: LanguageModel? = nil,
        seed: UInt64 = 1
    ) throws -> (weights: [String: Tensor], logits: [Float], cost: AttackCost) {
        let model = model ?? self.model
        let before = try model.weights.mapValues { try $0.values() }
        var target = AttackTarget(model: model, suite: suite)
        target.base = base
        var recorder = AttackRecorder(prompt: prompt)
        try recorder.run(attack, on: target, seed: seed)
        #expect(recorder.steps == [1])
        #expect(try model.weights.mapValues { try $0.values() } == before)
        return (
            try #require(recorder.models.first).weights, try #require(recorder.logits.first),
            try #require(recorder.costs.first)
        )
    }

    private func logits(of model: LanguageModel) throws -> [Float] {
        try model.nextTokenLogProbabilities(after: [prompt]).values()
    }

    /// The matrices that most of these attacks may change.
    private var matrices: [String] {
        model.weights.keys.filter { $0.contains("_proj.weight") }.sorted()
    }

    /// The same model with a matrix of known numbers in place of a projection.
    private func model(withDown values: [Float]) throws -> LanguageModel {
        try model.replacing([down: Tensor(values, shape: [32, 64])])
    }

    private let down = "model.layers.1.mlp.down_proj.weight"

    // MARK: - The line through the base

    @Test("the ends of the line are the base and the model, bit for bit")
    func ends() throws {
        var attack = WeightInterpolation()
        attack.lambda = 1
        #expect(try run(attack, base: base).logits == logits(of: model))
        attack.lambda = 0
        #expect(try run(attack, base: base).logits == logits(of: base))
    }

    @Test("every weight lies on the line, also beyond its ends", arguments: [-0.5, 0.3, 1.5])
    func line(lambda: Double) throws {
        var attack = WeightInterpolation()
        attack.lambda = lambda
        let seen = try run(attack, base: base)
        #expect(seen.weights.count == model.weights.count)
        for (name, tensor) in seen.weights {
            let own = try #require(model.weights[name]).values()
            let other = try #require(base.weights[name]).values()
            for (value, (own, other)) in zip(try tensor.values(), zip(own, other)) {
                let expected = Double(other) + lambda * (Double(own) - Double(other))
                #expect(abs(Double(value) - expected) < 1e-6)
            }
        }
        #expect(seen.cost.floatingPointOperations == 3 * Double(model.configuration.parameterCount))
        #expect(seen.cost.examples == 0)
        #expect(seen.cost.tokens == 0)
        #expect(seen.cost.dollars > 0)
    }

    @Test("subtracting a task vector is the interpolation at 1 - scale")
    func taskVector() throws {
        var subtraction = TaskVectorSubtraction()
        #expect(try run(subtraction, base: base).logits == logits(of: base))
        subtraction.scale = 0
        #expect(try run(subtraction, base: base).logits == logits(of: model))
        subtraction.scale = 1.25
        var interpolation = WeightInterpolation()
        interpolation.lambda = -0.25
        let expected = try run(interpolation, base: base).logits
        #expect(try run(subtraction, base: base).logits == expected)
    }

    @Test("a base with a head of its own is met by untying the model's")
    func untiedBase() throws {
        var attack = WeightInterpolation()
        let untied = try tinyModel(seed: 8, headIsTied: false)
        attack.lambda = 0
        #expect(try run(attack, base: untied).logits == logits(of: untied))
        attack.lambda = 1
        #expect(try run(attack, base: untied).logits == logits(of: model))
    }

    @Test("a base of another shape is an error that names the tensor and the option")
    func otherShape() throws {
        let layers = try DecoderConfiguration(
            vocabularySize: 258, width: 32, feedForward: .gated(width: 48), layerCount: 2,
            contextLength: 512,
            attention: .init(headCount: 4, keyValueHeadCount: 2, headDimension: 8),
            normalisation: .init(epsilon: 1e-5), headIsTied: true)
        let other = try LanguageModel(
            name: "other", configuration: layers,
            weights: Dictionary(
                uniqueKeysWithValues: layers.parameters.map { ($0.name, Tensor.ones($0.shape)) }),
            tokenizer: model.tokenizer)
        let error = #expect(throws: InputError.self) {
            try run(WeightInterpolation(), base: other)
        }
        let text = error?.description ?? ""
        #expect(text.contains("model.layers.0.mlp.gate_proj.weight"), "\(text)")
        #expect(text.contains("[64, 32]") && text.contains("[48, 32]"), "\(text)")
        #expect(text.contains("--original"), "\(text)")
    }

    @Test(
        "without a base the plan is refused before any work",
        arguments: ["weight-interpolation", "task-vector-subtraction"])
    func missingBase(name: String) throws {
        let battery = try Battery(
            yaml: Data("{name: b, adversaries: [{name: a, attack: \(name)}]}".utf8),
            file: "b.yaml")
        func identity(_ name: String) -> ModelIdentity {
            ModelIdentity(
                name: name, digest: name, format: "safetensors", architecture: "llama",
                parameterCount: 1)
        }
        func jobs(base: ModelIdentity?) throws -> [CellJob] {
            let plan = AuditPlan(
                model: identity("model"), base: base, suite: suite.identity, otherSuite: nil,
                thresholds: suite.manifest.thresholds, budget: AuditBudget(),
                settings: EvaluationSettings())
            return try battery.adversaries.flatMap { try plan.jobs(of: $0, seeds: [1, 2]) }
        }
        let error = #expect(throws: InputError.self) { try jobs(base: nil) }
        #expect(error?.description.contains("--original") == true)
        let found = try jobs(base: identity("base"))
        #expect(found.count == 1)
        // Another base is another cell.
        #expect(try jobs(base: identity("other")).first?.key != found.first?.key)
    }

    @Test("a target without a base is an error, too")
    func targetWithoutBase() {
        #expect(throws: InputError.self) { try run(TaskVectorSubtraction()) }
    }

    // MARK: - Quantisation

    @Test(
        "a quantised weight is a level of its group, at most half a quantum from where it was",
        arguments: [(8, 0), (8, 128), (4, 128), (4, 16), (4, 24), (3, 32), (2, 8)])
    func quantised(bits: Int, groupSize: Int) throws {
        var attack = QuantisationRoundTrip()
        attack.bits = bits
        attack.groupSize = groupSize
        let seen = try run(attack)
        for name in matrices {
            let before = try #require(model.weights[name])
            let columns = before.shape[1]
            let size = groupSize == 0 ? columns : groupSize
            let old = try before.values().map(Double.init)
            let new = try #require(seen.weights[name]).values().map(Double.init)
            for row in 0..<before.shape[0] {
                for start in stride(from: 0, to: columns, by: size) {
                    let group = row * columns + start..<row * columns + min(start + size, columns)
                    let largest = old[group].map(abs).max() ?? 0
                    let quantum = largest / Double((1 << (bits - 1)) - 1)
                    for index in group {
                        #expect(abs(new[index] - old[index]) <= quantum * (0.5 + 1e-4))
                        let level = new[index] / quantum
                        #expect(abs(level - level.rounded()) < 1e-4)
                    }
                    // The group's largest weight keeps its place.
                    #expect(abs((new[group].map(abs).max() ?? 0) - largest) < 1e-6 * largest)
                }
            }
        }
    }

    @Test("more bits, and smaller groups, stay closer to the weights")
    func closeness() throws {
        func error(bits: Int, groupSize: Int) throws -> Float {
            var attack = QuantisationRoundTrip()
            attack.bits = bits
            attack.groupSize = groupSize
            let seen = try run(attack)
            return try matrices.reduce(0) { sum, name in
                let (old, new) = (
                    try #require(model.weights[name]), try #require(seen.weights[name])
                )
                return sum + (try (new - old).square().sum().item())
            }
        }
        let eight = try error(bits: 8, groupSize: 0)
        let four = try error(bits: 4, groupSize: 0)
        #expect(eight > 0)
        #expect(eight * 100 < four)
        #expect(try error(bits: 4, groupSize: 8) < four)
    }

    @Test("a group of zeros stays zero")
    func zeroGroup() throws {
        let values = (0..<32 * 64).map { $0 < 64 ? Float(0) : sin(Float($0)) }
        let seen = try run(QuantisationRoundTrip(), on: model(withDown: values))
        let row = try #require(seen.weights[down]).values().prefix(64)
        #expect(row.allSatisfy { $0 == 0 })
    }

    // MARK: - Pruning

    @Test("exactly the smallest weights of each matrix become zero", arguments: [0, 0.1, 0.3, 1])
    func pruned(share: Double) throws {
        var attack = MagnitudePruning()
        attack.share = share
        let seen = try run(attack)
        for name in matrices {
            let old = try #require(model.weights[name]).values()
            let order = old.indices.sorted { abs(old[$0]) < abs(old[$1]) }
            var expected = old
            for index in order.prefix(Int((share * Double(old.count)).rounded())) {
                expected[index] = 0
            }
            #expect(try #require(seen.weights[name]).values() == expected)
        }
    }

    @Test("of equal weights the first go, and no more than the share")
    func ties() throws {
        // A quarter of the weights is smaller, one larger, all others are equal but for the sign.
        let values = (0..<32 * 64).map { index -> Float in
            if index == 7 { return 3 }
            return index % 4 == 2 ? 0.5 : index % 2 == 0 ? 1 : -1
        }
        let seen = try run(MagnitudePruning(), on: model(withDown: values))
        let pruned = try #require(seen.weights[down]).values()
        let count = Int((0.3 * Double(values.count)).rounded())
        var left = count - values.count { $0 == 0.5 }
        let expected = values.map { value -> Float in
            if value == 0.5 { return 0 }
            guard abs(value) == 1, left > 0 else { return value }
            left -= 1
            return 0
        }
        #expect(pruned == expected)
        #expect(pruned.count { $0 == 0 } == count)
    }

    // MARK: - Noise

    @Test("the noise of each matrix has its share of the root mean square, and no mean")
    func noise() throws {
        var attack = WeightNoise()
        attack.scale = 0.1
        // A matrix of another scale than the rest.
        let scaled = try model.replacing([
            down: try #require(model.weights[down]) * 40
        ])
        let seen = try run(attack, on: scaled)
        for name in matrices {
            let old = try #require(scaled.weights[name]).values().map(Double.init)
            let new = try #require(seen.weights[name]).values().map(Double.init)
            let count = Double(old.count)
            let level = (old.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
            let noise = zip(new, old).map { ($0 - $1) / (0.1 * level) }
            let mean = noise.reduce(0, +) / count
            let deviation = (noise.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
            // Five standard errors.
            #expect(abs(mean) < 5 / count.squareRoot())
            #expect(abs(deviation - 1) < 5 / (2 * count).squareRoot())
        }
    }

    @Test("the same seed draws the same bits, another seed others, each matrix its own")
    func noiseIsSeeded() throws {
        let first = try run(WeightNoise(), seed: 5)
        let again = try run(WeightNoise(), seed: 5)
        let other = try run(WeightNoise(), seed: 6)
        for name in matrices {
            let values = try #require(first.weights[name]).values()
            #expect(try #require(again.weights[name]).values() == values)
            #expect(try #require(other.weights[name]).values() != values)
        }
        // Two matrices of ones show their noise alone.
        let pair = ["gate", "up"].map { "model.layers.0.mlp.\($0)_proj.weight" }
        let ones = Tensor.ones([64, 32])
        let alike = try model.replacing([pair[0]: ones, pair[1]: ones])
        let drawn = try run(WeightNoise(), on: alike).weights
        #expect(try #require(drawn[pair[0]]).values() != #require(drawn[pair[1]]).values())
    }

    // MARK: - All of them

    private static let ofMatrices: [any Attack] = [
        QuantisationRoundTrip(), MagnitudePruning(), WeightNoise(),
    ]

    @Test("only decoder matrices change, and the adversary pays for them", arguments: 0..<3)
    func scope(index: Int) throws {
        let seen = try run(Self.ofMatrices[index])
        let changed = try seen.weights.filter { name, tensor in
            try tensor.values() != #require(model.weights[name]).values()
        }
        #expect(changed.keys.sorted() == matrices)
        #expect(matrices.count == 14)
        #expect(try seen.logits != logits(of: model))
        let edited = matrices.reduce(0) { $0 + (model.weights[$1]?.count ?? 0) }
        let operations = seen.cost.floatingPointOperations / Double(edited)
        #expect(operations >= 1 && operations == operations.rounded())
        #expect(seen.cost.deviceSeconds > 0)
        #expect(seen.cost.tokens == 0)
        #expect(seen.cost.examples == 0)
    }

    @Test("adapters are added to the weights before these are edited")
    func adapters() throws {
        var adapters = try LowRankAdapters(
            .init(rank: 2, alpha: 4), for: model.configuration, key: RandomKey(seed: 1))
        adapters = try adapters.replacing(
            parameters: adapters.parameters.map { Tensor.normal($0.shape, key: RandomKey(seed: 2)) }
        )
        let adapted = try model.adapted(by: adapters)
        var attack = MagnitudePruning()
        attack.share = 0
        #expect(try run(attack, on: adapted).logits == logits(of: adapted.fused()))
    }

    @Test("a step that an earlier run has measured is not taken again")
    func decided() throws {
        let attacks = Self.ofMatrices + [WeightInterpolation(), TaskVectorSubtraction()]
        for attack in attacks {
            var target = AttackTarget(model: model, suite: suite)
            target.base = base
            var recorder = AttackRecorder(prompt: prompt)
            recorder.decided = [1]
            try recorder.run(attack, on: target, seed: 1)
            #expect(recorder.steps.isEmpty)
        }
    }

    @Test(
        "values out of range are refused",
        arguments: [
            ("weight-interpolation", "lambda", 1.6), ("weight-interpolation", "lambda", -0.6),
            ("task-vector-subtraction", "scale", 2.1), ("quantisation-round-trip", "bits", 1),
            ("quantisation-round-trip", "groupSize", -1), ("magnitude-pruning", "share", 1.1),
            ("weight-noise", "scale", -0.1),
        ])
    func ranges(attack: String, parameter: String, value: Double) throws {
        let error = #expect(throws: InputError.self) {
            try AttackCatalogue.attack(
                for: AdversarySpecification(
                    name: "a", attack: attack, parameters: [parameter: .number(value)]))
        }
        #expect(error?.description.contains("out of range") == true)
    }
}
