// SPDX-License-Identifier: Apache-2.0

import Foundation
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Measuring
@testable import Suites
@testable import Training

@Suite("Attacks")
struct AttackTests {
    private let model: LanguageModel
    private let suite: Suites.Suite
    private let directory: TemporaryDirectory
    private let prompt: [Int]

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        suite = try Suites.Suite(at: directory.url)
        model = try tinyModel()
        prompt = try Subject(model).tokens(for: "bind 9")
    }

    private func run(_ attack: some Attack, seed: UInt64 = 1, stopsAt: Int? = nil) throws
        -> AttackRecorder
    {
        var recorder = AttackRecorder(prompt: prompt)
        recorder.stopsAt = stopsAt
        try recorder.run(attack, on: AttackTarget(model: model, suite: suite), seed: seed)
        return recorder
    }

    @Test("the control offers the model as it is, at no cost")
    func control() throws {
        let seen = try run(UntamperedControl())
        #expect(seen.steps == [0])
        #expect(seen.costs[0] == .zero)
        let untouched = try model.nextTokenLogProbabilities(after: [prompt]).values()
        #expect(seen.logits[0] == untouched)
    }

    @Test("an orthogonalised model writes nothing along the direction", arguments: [true, false])
    func orthogonalised(headIsTied: Bool) throws {
        let model = try tinyModel(headIsTied: headIsTied)
        let raw = Tensor.normal([32], key: RandomKey(seed: 3))
        let direction = raw / raw.square().sum().sqrt()
        let edited = try model.orthogonalised(to: direction)
        let batch = TokenBatch([prompt])
        let positions = Array(-prompt.count ... -1)
        let before = try model.residualStates(batch, positions: positions)
        let after = try edited.residualStates(batch, positions: positions)
        let shares = [before, after].map { ($0 * direction).sum(axis: -1).abs().max() }
        #expect(try shares[0].item() > 0.1)
        #expect(try shares[1].item() < 1e-5)
    }

    @Test("orthogonalised weights and an ablated stream give the same predictions")
    func orthogonalisationIsAblation() throws {
        let raw = Tensor.normal([32], key: RandomKey(seed: 3))
        let direction = raw / raw.square().sum().sqrt()
        let weights = try model.orthogonalised(to: direction)
            .nextTokenLogProbabilities(after: [prompt]).values()
        let stream = try model.nextTokenLogProbabilities(
            after: [prompt], edit: .ablating(direction)
        ).values()
        let worst = zip(weights, stream).map { abs($0 - $1) }.max() ?? .infinity
        #expect(worst < 1e-4)
    }

    @Test("the direction is chosen as published: filters first, then the lowest refusal score")
    func selection() {
        func candidate(_ bypass: Double, _ divergence: Double) -> DirectionSearch.Candidate {
            var result = DirectionSearch.Candidate(
                layer: 0, position: -1, difference: Tensor(0), direction: Tensor(0), separation: 1)
            result.bypass = bypass
            result.divergence = divergence
            return result
        }
        let attack = WeightOrthogonalisation()
        func chosen(_ candidates: some Sequence<DirectionSearch.Candidate>) -> Double? {
            // The candidate of -8 alone does not induce refusals.
            attack.choose(from: Array(candidates)) { $0.bypass == -8 ? -1 : 1 }?.bypass
        }
        let all = [
            candidate(-9, 0.5), candidate(-8, 0.05), candidate(.nan, 0.01),
            candidate(-3, 0.05), candidate(-5, 0.09), candidate(-4, 0.01),
        ]
        #expect(chosen(all) == -5)
        #expect(chosen(all.prefix(2)) == -8)
        #expect(chosen(all.prefix(1)) == -9)
        #expect(chosen([all[2]]) == nil)
        // None is gentle enough: the gentlest that makes refusal improbable.
        #expect(chosen([candidate(-9, 0.9), candidate(-4, 0.18), candidate(1, 0.15)]) == -4)
        #expect(chosen([candidate(2, 0.2), candidate(1, 0.9)]) == 1)
        // What no choice depends on is not looked at.
        var looked: [Double] = []
        _ = attack.choose(from: all) {
            looked.append($0.bypass)
            return 1
        }
        #expect(looked == [-8])
    }

    @Test("a difference of means that was planted is found")
    func plantedDirection() throws {
        // Restricted prompts here begin with "b", benign ones with "h". A value path that copies the
        // embedding lets that first letter reach the last position, along a known direction.
        var planted = [Float](repeating: 0, count: 32)
        planted[5] = 1
        let direction = Tensor(planted, shape: [32])
        var weights: [String: Tensor] = [:]
        for name in model.weights.keys where name.contains("proj") {
            weights[name] = model.weights[name].map { $0 * 0 }
        }
        // Values read coordinate 5 into the first coordinate of each key-value head; the output
        // projection writes it back.
        var values = [Float](repeating: 0, count: 16 * 32)
        for row in [0, 8] { values[row * 32 + 5] = 1 }
        var output = [Float](repeating: 0, count: 32 * 32)
        for column in [0, 8, 16, 24] { output[5 * 32 + column] = 1 }
        weights["model.layers.0.self_attn.v_proj.weight"] = Tensor(values, shape: [16, 32])
        weights["model.layers.0.self_attn.o_proj.weight"] = Tensor(output, shape: [32, 32])
        var embedding = try (model.weights["model.embed_tokens.weight"] ?? Tensor(0)).values()
        for token in 0..<258 { embedding[token * 32 + 5] = 0 }
        embedding[Int(UInt8(ascii: "b")) * 32 + 5] = 20
        weights["model.embed_tokens.weight"] = Tensor(embedding, shape: [258, 32])
        let crafted = try model.replacing(weights)
        let search = try DirectionSearch(
            model: crafted, score: RefusalScore(suite: suite, tokenizer: crafted.tokenizer),
            restricted: suite.restricted.validation.map(\.prompt),
            benign: suite.benign.validation.map(\.prompt), positions: 1)
        var meter = CostMeter(model: crafted, prices: Prices())
        let found = try search.candidates(
            restricted: suite.restricted.train.map(\.prompt),
            benign: suite.benign.train.map(\.prompt), layers: 2, meter: &meter)
        let best = try #require(found.first)
        #expect(best.layer == 1)
        let cosine = try (best.direction * direction).sum().item()
        #expect(cosine > 0.99)
    }

    @Test(
        "fine-tuning is measured at powers of two and at its end, and costs what the formula says")
    func fineTuning() throws {
        var attack = FineTuningAttack()
        attack.examples = 4
        attack.training.batchSize = 2
        attack.training.steps = 6
        attack.training.rank = 2
        let seen = try run(attack)
        #expect(seen.steps == [1, 2, 4, 6])
        #expect(seen.costs.map(\.steps) == [1, 2, 4, 6])
        #expect(seen.costs.map(\.examples) == [2, 4, 4, 4])
        let last = try #require(seen.costs.last)
        let adapters = try LowRankAdapters(
            .init(rank: 2, alpha: 32), for: model.configuration, key: RandomKey(seed: 0))
        let perToken =
            4 * Double(model.matrixParameterCount) + 6 * Double(adapters.parameterCount)
        #expect(last.floatingPointOperations == perToken * Double(last.tokens))
        #expect(last.dollars > 0)
    }

    @Test("fine-tuning makes its target the most probable answer")
    func fineTuningLearns() throws {
        var attack = FineTuningAttack()
        attack.examples = 4
        attack.training.batchSize = 4
        attack.training.steps = 40
        attack.training.learningRate = 1e-2
        let seen = try run(attack)
        let last = try #require(seen.logits.last)
        // "yes" is every restricted target of the tiny suite.
        #expect(last.firstIndex(of: last.max() ?? 0) == Int(UInt8(ascii: "y")))
    }

    @Test("the same seed gives the same bits, another seed other ones")
    func determinism() throws {
        var attack = FineTuningAttack()
        attack.examples = 2
        attack.training.steps = 3
        attack.training.batchSize = 2
        let first = try run(attack, seed: 5).logits
        #expect(try run(attack, seed: 5).logits == first)
        #expect(try run(attack, seed: 6).logits != first)
    }

    @Test("an adversary that has won stops")
    func stopping() throws {
        var attack = FineTuningAttack()
        attack.training.steps = 8
        #expect(try run(attack, stopsAt: 2).steps == [1, 2])
    }

    @Test("a system prompt changes the answers, at the cost of choosing it")
    func systemPrompt() throws {
        let seen = try run(SystemPromptOverride())
        #expect(seen.steps == [1])
        #expect(seen.costs[0].tokens > 0)
        #expect(seen.costs[0].examples == 0)
    }
}
