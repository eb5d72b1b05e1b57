// SPDX-License-Identifier: Apache-2.0
// Known answers of the objectives that train refusals.

import Foundation
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Objectives of refusals")
struct RefusalObjectiveTests {
    private let model: LanguageModel
    private let reference: LanguageModel
    private let batch: TrainingBatch

    init() throws {
        (model, reference) = (try tinyModel(), try tinyModel(seed: 8))
        batch = TrainingBatch(pools: [
            try Self.examples([("bind one", "no"), ("bind the second", "no, never")], model),
            try Self.examples([("hi", "hello"), ("tie it", "knot"), ("hum", "la")], model),
        ])
    }

    private static func examples(
        _ texts: [(String, String)], _ model: LanguageModel
    ) throws -> [CompletionExample] {
        try texts.map { try model.example(prompt: $0.0, answer: $0.1) }
    }

    private func kept(
        divergence: Float, answers: Float, reference: LanguageModel? = nil
    ) -> RefusalWithDivergence {
        RefusalWithDivergence(
            reference: reference ?? self.reference, divergenceWeight: divergence,
            answerWeight: answers,
            pools: batch.pools.map { ExamplePool(examples: $0, batchSize: 2) })
    }

    /// The gradient over all weights, and the loss there.
    private func gradient(
        of objective: some Objective, on batch: TrainingBatch, reducer: any Reducer = WholeBatch()
    ) throws -> (value: Float, gradients: [[Float]]) {
        let point = TrainingPoint(
            parameters: Trainable.weights.start(of: model), trainable: .weights, model: model)
        let found = try objective.gradient(at: point, of: batch, by: reducer)
        try evaluate([found.value] + found.gradients)
        return (try found.value.item(), try found.gradients.map { try $0.values() })
    }

    private func norm(_ gradients: [[Float]]) -> Float {
        gradients.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
    }

    /// The slope of a loss along a gradient, by central differences.
    private func slope(
        along gradients: [[Float]], of loss: (Subject) throws -> Tensor
    ) throws -> Float {
        let reach: Float = 1e-2
        let norm = norm(gradients)
        func value(_ sign: Float) throws -> Float {
            let moved = zip(Trainable.weights.start(of: model), gradients).map { tensor, slope in
                tensor + Tensor(slope, shape: tensor.shape) * (sign * reach / norm)
            }
            return try loss(Trainable.weights.subject(moved, on: model)).item()
        }
        return try (value(1) - value(-1)) / (2 * reach)
    }

    private func isClose(_ one: Float, _ other: Float, _ tolerance: Float = 1e-4) -> Bool {
        abs(one - other) <= tolerance * max(abs(one), abs(other))
    }

    // MARK: - Refusals with a divergence

    @Test("without a divergence and with answers at full weight it is the completion loss")
    func plain() throws {
        let loss = try kept(divergence: 0, answers: 1).loss(of: Subject(model), on: batch).item()
        let expected = try CompletionLoss().loss(of: Subject(model), on: batch).item()
        #expect(isClose(loss, expected), "\(loss), \(expected)")
    }

    @Test("the divergence is that of next-token distributions, summed over benign tokens")
    func divergence() throws {
        var expected = 0.0
        for example in batch.pools[1] {
            let prompts = example.completion.indices.map {
                example.prompt + example.completion.prefix($0)
            }
            let own = try model.nextTokenLogProbabilities(after: prompts).values()
            let truth = try reference.nextTokenLogProbabilities(after: prompts).values()
            for (one, other) in zip(truth, own) {
                expected += exp(Double(one)) * (Double(one) - Double(other))
            }
        }
        let with = try kept(divergence: 2, answers: 0).loss(of: Subject(model), on: batch).item()
        let without = try kept(divergence: 0, answers: 0).loss(of: Subject(model), on: batch)
            .item()
        let found = (with - without) / 2 * Float(batch.targetCount)
        #expect(expected > 0.1)
        #expect(isClose(found, Float(expected), 1e-3), "\(found), \(expected)")
    }

    @Test("at the reference the divergence has neither a value nor a gradient")
    func atReference() throws {
        let benign = TrainingBatch(pools: [[], batch.pools[1]])
        let found = try gradient(
            of: kept(divergence: 1, answers: 0, reference: model), on: benign)
        #expect(abs(found.value) < 1e-5)
        let scale = try norm(gradient(of: CompletionLoss(), on: benign).gradients)
        #expect(norm(found.gradients) < 1e-4 * scale)
        let elsewhere = try gradient(of: kept(divergence: 1, answers: 0), on: benign)
        #expect(norm(elsewhere.gradients) > 1e-2 * scale)
    }

    @Test("its gradient is that of finite differences, and no gradient flows through the reference")
    func divergenceSlope() throws {
        let objective = kept(divergence: 1.5, answers: 0.3)
        let found = try gradient(of: objective, on: batch)
        let slope = try slope(along: found.gradients) { try objective.loss(of: $0, on: batch) }
        #expect(isClose(slope, norm(found.gradients), 0.03))
    }

    @Test("parts of a batch add up to the whole, for both objectives that are means over tokens")
    func parts() throws {
        let objectives: [any Objective] = [
            kept(divergence: 1.5, answers: 0.3),
            RefusalFeatureAblation(.recomputed(layer: 1, probability: 1), layerCount: 2, seed: 3),
        ]
        for objective in objectives {
            let whole = try gradient(of: objective, on: batch)
            let parts = try gradient(of: objective, on: batch, reducer: BatchParts(size: 2))
            #expect(isClose(whole.value, parts.value))
            let difference = zip(whole.gradients, parts.gradients).map { one, other in
                zip(one, other).map { $0 - $1 }
            }
            #expect(norm(difference) < 1e-3 * norm(whole.gradients))
        }
    }

    @Test("the reference is paid for the benign share of the tokens")
    func passes() {
        func tokens(_ examples: [CompletionExample]) -> Double {
            Double(examples.reduce(0) { $0 + $1.prompt.count + $1.completion.count })
        }
        // Two of each pool, on average; the second pool has three examples.
        let (declined, benign) = (tokens(batch.pools[0]), tokens(batch.pools[1]) * 2 / 3)
        let passes = kept(divergence: 1, answers: 1).passes
        #expect(abs(passes.forward - benign / (declined + benign)) < 1e-9)
        #expect(passes.differentiated == 1)
        #expect(kept(divergence: 0, answers: 1).passes.forward == 0)
    }

    // MARK: - Removing the direction of refusal

    /// The state behind the last token of a prompt.
    private func state(_ prompt: [Int], layer: Int) throws -> [Float] {
        try model.residualStates(TokenBatch([prompt]), positions: [-1], layers: layer)
            .slice(axis: 0, from: layer, to: layer + 1).values()
    }

    private func difference(_ restricted: [[Int]], _ benign: [[Int]]) throws -> [Float] {
        func mean(_ prompts: [[Int]]) throws -> [Double] {
            var sum = [Double](repeating: 0, count: model.configuration.width)
            for prompt in prompts {
                for (index, value) in try state(prompt, layer: 2).enumerated() {
                    sum[index] += Double(value) / Double(prompts.count)
                }
            }
            return sum
        }
        let found = try zip(mean(restricted), mean(benign)).map { $0 - $1 }
        let norm = found.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return found.map { Float($0 / norm) }
    }

    /// The model of which nothing that writes can write along a direction.
    private func orthogonalised(to direction: [Float]) throws -> LanguageModel {
        let width = direction.count
        let outer = Tensor(
            (0..<width * width).map { direction[$0 / width] * direction[$0 % width] },
            shape: [width, width])
        var edited: [String: Tensor] = [:]
        for (name, weight) in model.weights {
            if name.hasSuffix("o_proj.weight") || name.hasSuffix("down_proj.weight") {
                edited[name] = weight - outer.matmul(weight)
            } else if name == "model.embed_tokens.weight" {
                edited[name] = weight - weight.matmul(outer)
            }
        }
        #expect(edited.count == 5)
        return try model.untyingHead().replacing(edited)
    }

    @Test("the direction is a difference of means, without prefixes of answers and look-alikes")
    func direction() throws {
        var prefixed = batch
        let added = [65, 66, 67]
        prefixed.pools[0][1].prompt += added
        prefixed.pools.append(try Self.examples([("unbind", "loosen")], model))
        let objective = RefusalFeatureAblation(
            .recomputed(layer: 2, probability: 1), prefixes: [prefixed.pools[0][1].prompt: 3],
            layerCount: 2, seed: 1)
        let found = try #require(try objective.removed(from: Subject(model), on: prefixed)).values()
        let expected = try difference(
            batch.pools[0].map(\.prompt), batch.pools[1].map(\.prompt))
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test("removing it everywhere is the loss of the model that cannot write along it")
    func ablated() throws {
        let direction = try difference(
            batch.pools[0].map(\.prompt), batch.pools[1].map(\.prompt))
        let other = try orthogonalised(to: direction)
        func sum(_ model: LanguageModel, _ examples: [CompletionExample]) throws -> Float {
            let count = examples.reduce(0) { $0 + $1.completion.count }
            return try model.completionLoss(of: examples).item() * Float(count)
        }
        let (restricted, benign) = (batch.pools[0], batch.pools[1])
        let expected =
            try (sum(other, restricted) + sum(model, benign)) / Float(batch.targetCount)
        let plain = try CompletionLoss().loss(of: Subject(model), on: batch).item()
        #expect(!isClose(expected, plain))
        func loss(_ direction: RefusalFeatureAblation.Direction) throws -> Float {
            try RefusalFeatureAblation(direction, layerCount: 2, seed: 1)
                .loss(of: Subject(model), on: batch).item()
        }
        #expect(try isClose(loss(.recomputed(layer: 2, probability: 1)), expected, 2e-5))
        #expect(try loss(.recomputed(layer: 2, probability: 0)) == plain)
        let fixed = Tensor(direction, shape: [direction.count])
        let everywhere = try sum(other, batch.examples) / Float(batch.targetCount)
        #expect(try isClose(loss(.fixed(fixed, probability: 1)), everywhere, 2e-5))
        #expect(try isClose(loss(.fixed(fixed, probability: 0)), plain, 2e-5))
        let some = try loss(.fixed(fixed, probability: 0.5))
        #expect(!isClose(some, plain) && !isClose(some, everywhere))
    }

    @Test("its gradient takes the direction as a constant")
    func constantDirection() throws {
        let objective = RefusalFeatureAblation(
            .recomputed(layer: 2, probability: 1), layerCount: 2, seed: 1)
        let found = try gradient(of: objective, on: batch)
        let direction = try difference(
            batch.pools[0].map(\.prompt), batch.pools[1].map(\.prompt))
        let fixed = Tensor(direction, shape: [direction.count])
        let slope = try slope(along: found.gradients) { subject in
            let parts: [([CompletionExample], ResidualEdit?)] = [
                (batch.pools[0], .ablating(fixed)), (batch.pools[1], nil),
            ]
            return try parts.reduce(Tensor(0)) { sum, part in
                let count = part.0.reduce(0) { $0 + $1.completion.count }
                return try sum + subject.model.completionLoss(of: part.0, edit: part.1)
                    * (Float(count) / Float(batch.targetCount))
            }
        }
        #expect(isClose(slope, norm(found.gradients), 0.03))
        // The loss that an optimizer evaluates has the same gradient.
        let direct = try valueAndGradient(at: Trainable.weights.start(of: model)) {
            try objective.loss(of: Trainable.weights.subject($0, on: model), on: batch)
        }.gradients.map { try $0.values() }
        let gap = zip(direct, found.gradients).map { one, other in zip(one, other).map { $0 - $1 } }
        #expect(norm(gap) < 1e-4 * norm(direct))
    }

    @Test("steps and tokens are drawn by the seed, as often as is asked for")
    func drawn() throws {
        func steps(_ seed: UInt64) -> [Bool] {
            let objective = RefusalFeatureAblation(
                .recomputed(layer: 1, probability: 0.5), layerCount: 2, seed: seed)
            return (0..<2_000).map { objective.isDrawn(step: $0, probability: 0.5) }
        }
        let first = steps(1)
        #expect(first == steps(1) && first != steps(2))
        // Four standard deviations of a binomial share.
        #expect(abs(Double(first.count(where: { $0 })) / 2_000 - 0.5) < 4 * 0.0112)
        let unit = Tensor([Float](repeating: 1 / Float(32).squareRoot(), count: 32), shape: [32])
        let objective = RefusalFeatureAblation(
            .fixed(unit, probability: 0.5), layerCount: 2, seed: 1)
        let losses = try [0, 0, 1].map { step in
            let batch = TrainingBatch(pools: batch.pools, step: step)
            return try objective.loss(of: Subject(model), on: batch).item()
        }
        #expect(losses[0] == losses[1] && losses[0] != losses[2])
    }
}
