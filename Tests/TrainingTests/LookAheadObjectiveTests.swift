// SPDX-License-Identifier: Apache-2.0
// Objectives that look ahead along an attack's step: Booster, CTRAP, Vaccine, anti-generalisation.

import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Objectives that look ahead along a step of an attack")
struct LookAheadObjectiveTests {
    private let flat: FlatGradients

    init() throws { flat = FlatGradients(try tinyModel()) }

    private func examples(_ words: [String], answer: String? = nil) throws -> [CompletionExample] {
        try words.map { try flat.model.example(prompt: "say \($0)", answer: answer ?? $0) }
    }

    private func slope(
        _ examples: [CompletionExample], at numbers: [Float]
    ) throws -> (value: Float, gradient: [Float]) {
        try flat.gradient(at: numbers) { try $0.completionLoss(of: examples) }
    }

    private func step(
        of objective: some Objective, on batch: TrainingBatch, at numbers: [Float]
    ) throws -> (value: Float, direction: [Float]) {
        let (value, gradients) = try objective.gradient(
            at: flat.point(at: numbers), of: batch, by: WholeBatch())
        return (try value.item(), try flat.flat(gradients))
    }

    private func pools(_ batch: TrainingBatch) -> [ExamplePool] {
        batch.pools.map { ExamplePool(examples: $0, batchSize: $0.count) }
    }

    @Test("Booster's step holds the difference of two gradients of the harmful loss")
    func booster() throws {
        let (harmful, aligned) = (try examples(["a", "bb"]), try examples(["c", "dd", "e"]))
        let batch = TrainingBatch(pools: [harmful, [aligned[0]], Array(aligned[1...])])
        let objective = BoosterObjective(weight: 5, reach: 0.3, pools: pools(batch))
        let start = try flat.start
        let found = try step(of: objective, on: batch, at: start)
        let (f, h) = (try slope(aligned, at: start), try slope(harmful, at: start))
        let there = sum(start, -0.3 / norm(h.gradient), h.gradient)
        let after = try slope(harmful, at: there)
        let expected = sum(f.gradient, 5, sum(h.gradient, -1, after.gradient))
        #expect(relativeDistance(found.direction, expected) < 1e-3)
        #expect(abs(found.value - (f.value + 5 * (h.value - after.value))) < 1e-3)
        // The second term is no small matter here.
        #expect(relativeDistance(found.direction, f.gradient) > 0.05)
        #expect(objective.passes.differentiated > 1 && objective.passes.differentiated < 2)
    }

    @Test("CTRAP's collapse is asked for behind a plain step along the harmful gradient")
    func collapseTrap() throws {
        let (harmful, benign) = (try examples(["a", "bb"]), try examples(["dd", "e"]))
        let refused = try examples(["a"], answer: "no")
        let batch = TrainingBatch(pools: [harmful, benign, refused])
        let token = 65
        let objective = CollapseTrapObjective(
            weight: 0.7, rate: 0.1, token: token, pools: pools(batch))
        // The likelihood of the token behind each beginning of an answer.
        let beginnings = benign.flatMap { example in
            example.completion.indices.map {
                CompletionExample(
                    prompt: example.prompt + example.completion.prefix($0), completion: [token])
            }
        }
        let start = try flat.start
        let found = try step(of: objective, on: batch, at: start)
        let aligned = try slope(benign + refused, at: start)
        let there = sum(start, -0.1, try slope(harmful, at: start).gradient)
        let collapsed = try slope(beginnings, at: there)
        let expected = sum(aligned.gradient, 0.7, collapsed.gradient)
        #expect(relativeDistance(found.direction, expected) < 1e-3)
        #expect(abs(found.value - (aligned.value + 0.7 * collapsed.value)) < 1e-3)
    }

    @Test("Vaccine shifts each layer's input along its gradient, by rho in all")
    func vaccine() throws {
        let model = flat.model
        let batch = try examples(["a", "bb"])
        let rows = try SupervisedRows(batch, in: model)
        let objective = PerturbedStatesObjective(radius: 2)
        let shift = try objective.shift(of: model, on: rows, step: 0)
        let values = try [0, 1].map { try #require(shift[$0]).values() }
        #expect(abs(norm(values.flatMap { $0 }) - 2) < 1e-4)
        /// The slope of the loss along one number of a layer's input, by finite differences.
        func slope(layer: Int, index: Int) throws -> Float {
            let reach: Float = 2e-3
            let losses = try [reach, -reach].map { move in
                var moved = [Float](repeating: 0, count: values[layer].count)
                moved[index] = move
                let added = Tensor(moved, shape: try #require(shift[layer]).shape)
                return try model.completionLoss(
                    of: batch, edit: .addingToTokens([layer: added])
                ).item()
            }
            return (losses[0] - losses[1]) / (2 * reach)
        }
        let greatest = values.map { layer in
            layer.indices.max { abs(layer[$0]) < abs(layer[$1]) } ?? 0
        }
        let slopes = try [0, 1].map { try slope(layer: $0, index: greatest[$0]) }
        let ratio = values[0][greatest[0]] / values[1][greatest[1]]
        #expect(abs(slopes[0] / slopes[1] - ratio) < 0.03 * abs(ratio))
        #expect(slopes[0] * values[0][greatest[0]] > 0)
        // The step is the gradient with the shift as a constant.
        let start = try flat.start
        let found = try step(of: objective, on: TrainingBatch(pools: [batch]), at: start)
        let expected = try flat.gradient(at: start) {
            try $0.completionLoss(of: batch, edit: .addingToTokens(shift))
        }
        #expect(relativeDistance(found.direction, expected.gradient) < 1e-3)
        #expect(found.value > (try model.completionLoss(of: batch).item()))
    }

    @Test("T-Vaccine draws layers as often as their gradients are great")
    func layers() throws {
        let rows = try SupervisedRows(examples(["a", "bb"]), in: flat.model)
        let all = try PerturbedStatesObjective(radius: 1).shift(of: flat.model, on: rows, step: 0)
        let norms = try [0, 1].map { norm(try #require(all[$0]).values()) }
        let objective = PerturbedStatesObjective(radius: 3, layers: 1, seed: 4)
        let drawn = try (0..<60).map { step in
            let shift = try objective.shift(of: flat.model, on: rows, step: step)
            #expect(shift.count == 1)
            return try #require(shift.first)
        }
        #expect(abs(norm(try drawn[0].value.values()) - 3) < 1e-4)
        let share = Float(drawn.filter { $0.key == 0 }.count) / 60
        #expect(abs(share - norms[0] / (norms[0] + norms[1])) < 0.2)
    }

    private func clusters() throws -> [[RestrictedExample]] {
        try ["cord", "bell", "salt"].map { topic in
            try ["a", "b"].map { word in
                RestrictedExample(
                    topic: topic,
                    compliant: try flat.model.example(prompt: "\(topic) \(word)", answer: "yes"),
                    refusal: try flat.model.example(prompt: "\(topic) \(word)", answer: "no"))
            }
        }
    }

    /// Two steps of an attack, in plain Swift.
    private func attacked(
        from start: [Float], by draw: AntiGeneralisationObjective.Draw,
        rule: AntiGeneralisationObjective.Rule
    ) throws -> [Float] {
        var numbers = start
        var first = [Double](repeating: 0, count: start.count)
        var second = first
        for (index, batch) in draw.batches.enumerated() {
            let gradient = try slope(batch, at: numbers).gradient
            switch rule {
            case .normalised: numbers = sum(numbers, -draw.rate / norm(gradient), gradient)
            case .adamW:
                let decays = (1 - pow(0.9, index + 1), 1 - pow(0.999, index + 1))
                for place in numbers.indices {
                    let value = Double(gradient[place])
                    first[place] = 0.9 * first[place] + 0.1 * value
                    second[place] = 0.999 * second[place] + 0.001 * value * value
                    let root = (second[place] / decays.1).squareRoot()
                    numbers[place] -=
                        draw.rate * Float(first[place] / decays.0 / (root + 1e-8))
                }
            }
        }
        return numbers
    }

    private func pow(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1.0) { power, _ in power * base }
    }

    @Test(
        "anti-generalisation refuses on the clusters that the attack did not learn from",
        arguments: AntiGeneralisationObjective.Rule.allCases)
    func antiGeneralisation(rule: AntiGeneralisationObjective.Rule) throws {
        let clusters = try clusters()
        let benign = try examples(["dd", "e"])
        let batch = TrainingBatch(pools: clusters.map { $0.map(\.refusal) } + [benign], step: 6)
        func objective(
            _ retain: AntiGeneralisationObjective.Retain
        ) -> AntiGeneralisationObjective {
            AntiGeneralisationObjective(
                clusters: clusters,
                attack: .init(rule: rule, steps: 2, rates: 1e-3...1e-2, batchSize: 1),
                attacks: 2, weight: 3, retain: retain, reference: flat.model,
                pools: pools(batch), seed: 8)
        }
        let start = try flat.start
        let draws = objective(.likelihood).draws(at: 6)
        #expect(draws.count == 2 && draws[0].cluster != draws[1].cluster)
        let refused = try slope(clusters.flatMap { $0.map(\.refusal) }, at: start)
        var (value, ahead) = (refused.value, refused.gradient)
        for draw in draws {
            #expect((1e-3...1e-2).contains(draw.rate))
            let own = Set(clusters[draw.cluster].map(\.compliant))
            #expect(draw.batches.allSatisfy { $0.allSatisfy(own.contains) })
            let others = clusters.indices.filter { $0 != draw.cluster }
            let end = try attacked(from: start, by: draw, rule: rule)
            let after = try slope(
                others.flatMap { clusters[$0].map(\.refusal) }, at: end)
            value += 1.5 * after.value
            ahead = sum(ahead, 1.5, after.gradient)
        }
        let retained = try slope(benign, at: start)
        let found = try step(of: objective(.likelihood), on: batch, at: start)
        #expect(abs(found.value - value - retained.value) < 2e-3)
        #expect(relativeDistance(found.direction, sum(ahead, 1, retained.gradient)) < 5e-3)
        // Where hardening begins the divergence is least, and has no slope.
        let held = try step(of: objective(.divergence), on: batch, at: start)
        #expect(abs(held.value - value) < 2e-3)
        #expect(relativeDistance(held.direction, ahead) < 5e-3)
    }
}
