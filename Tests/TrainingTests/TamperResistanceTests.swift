// SPDX-License-Identifier: Apache-2.0
// TAR and MLAC: gradients on the way of an attack, and goals of attacked models.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Tamper resistance")
struct TamperResistanceTests {
    private let flat: FlatGradients
    private let restricted: [RestrictedExample]
    private let benign: [CompletionExample]

    init() throws {
        let model = try tinyModel()
        flat = FlatGradients(model)
        restricted = try ["cord", "bell", "salt", "knot"].map { topic in
            RestrictedExample(
                topic: topic,
                compliant: try model.example(prompt: "tell \(topic)", answer: "yes \(topic)"),
                refusal: try model.example(prompt: "tell \(topic)", answer: "no"))
        }
        benign = try ["red", "blue"].map { try model.example(prompt: "say \($0)", answer: $0) }
    }

    private func attacks(
        _ method: TrainingConfiguration.Method = .lora, steps: Int = 3,
        by optimizer: TrainingConfiguration.Rule = .adamW, rate: Float = 1e-2
    ) -> InnerFineTuning {
        var inner = TrainingConfiguration()
        (inner.method, inner.optimizer, inner.rank) = (method, optimizer, 2)
        (inner.learningRate, inner.batchSize, inner.steps) = (rate, 2, steps)
        return InnerFineTuning(
            restricted: restricted, benign: benign, configuration: inner, seed: 3)
    }

    /// Two prompts are held out, the benign ones are retained.
    private var batch: TrainingBatch {
        TrainingBatch(pools: [restricted.prefix(2).map(\.compliant), benign], step: 5)
    }

    private func objective(
        _ attacks: InnerFineTuning, goal: HeldOutGoal, weights: [Int: Float], hidden: Float = 0
    ) -> TamperResistanceObjective {
        TamperResistanceObjective(
            attacks: attacks, goal: goal, weights: weights, hiddenWeight: hidden,
            reference: flat.model,
            pools: batch.pools.map { ExamplePool(examples: $0, batchSize: 2) })
    }

    private func step(
        of objective: TamperResistanceObjective, at numbers: [Float]
    ) throws -> (value: Float, direction: [Float]) {
        let (value, gradients) = try objective.gradient(
            at: flat.point(at: numbers), of: batch, by: WholeBatch())
        return (try value.item(), try flat.flat(gradients))
    }

    @Test(
        "the step is the weighted sum of the gradients at points of one attack",
        arguments: TrainingConfiguration.Method.allCases)
    func weightedSum(method: TrainingConfiguration.Method) throws {
        let attacks = attacks(method)
        let start = try flat.start
        let topics = Set(restricted.prefix(2).map(\.topic))
        let problem = try attacks.adversary(at: 5, without: topics).problem(flat.model)
        let learnt = problem.phases.flatMap(\.pools).flatMap(\.examples)
        #expect(Set(learnt) == Set(restricted.dropFirst(2).map(\.compliant)))
        let refusals = restricted.prefix(2).map(\.refusal)
        let kept = try flat.gradient(at: start) { try $0.completionLoss(of: benign) }
        var (value, expected) = (kept.value, kept.gradient)
        var (state, stream) = (problem.start, ExampleStream(problem))
        for index in 1...3 {
            state = try problem.step()(state, on: stream.next()).state
            guard let weight: Float = [1: 0.5, 3: 2][index] else { continue }
            let attacked = try problem.trained(at: state).model
            let there = try FlatGradients(attacked).start
            let found = try flat.gradient(at: there) { try $0.completionLoss(of: refusals) }
            value += weight * found.value
            expected = sum(expected, weight, found.gradient)
        }
        let found = try step(
            of: objective(attacks, goal: .refusal, weights: [1: 0.5, 3: 2]), at: start)
        #expect(abs(found.value - value) < 1e-3 * value)
        #expect(relativeDistance(found.direction, expected) < 2e-3)
    }

    @Test("a step of an attack that is not taken is refused")
    func unknownStep() throws {
        #expect(throws: InputError.self) {
            try step(of: objective(attacks(), goal: .refusal, weights: [4: 1]), at: flat.start)
        }
    }

    @Test(
        "the second-order step is the gradient of the whole unrolled loss",
        arguments: [1, 2], [TrainingConfiguration.Rule.momentum, .adam])
    func secondOrder(steps: Int, rule: TrainingConfiguration.Rule) throws {
        for method in TrainingConfiguration.Method.allCases {
            var attacks = attacks(
                method, steps: steps, by: rule, rate: rule == .adam ? 1e-2 : 5e-2)
            attacks.epsilon = 1e-2
            attacks.order = .second
            let share = 1 / Float(steps + 1)
            let points = Dictionary(uniqueKeysWithValues: (0...steps).map { ($0, share) })
            let objective = objective(attacks, goal: .failure(bound: 1e3), weights: points)
            let start = try flat.start
            let found = try step(of: objective, at: start)
            let length = norm(found.direction)
            // Adam bends the loss: over a longer reach the difference is none of a gradient.
            let reach: Float = 5e-3
            let ends = try [reach, -reach].map { move in
                try step(
                    of: objective, at: sum(start, move / length, found.direction)
                ).value
            }
            let slope = (ends[0] - ends[1]) / (2 * reach)
            #expect(abs(slope - length) < 0.03 * length, "\(method): \(slope), \(length)")
            attacks.order = .first
            if method == .full {
                let first = try step(
                    of: self.objective(attacks, goal: .failure(bound: 1e3), weights: points),
                    at: start)
                #expect(relativeDistance(first.direction, found.direction) > 1e-3)
            }
        }
    }

    @Test("an attack's loss counts up to its bound, and not beyond")
    func bound() throws {
        let start = try flat.start
        let found = try step(
            of: objective(attacks(), goal: .failure(bound: 0.01), weights: [0: 0.5, 3: 0.5]),
            at: start)
        let kept = try flat.gradient(at: start) { try $0.completionLoss(of: benign) }
        #expect(abs(found.value - (kept.value - 0.01)) < 1e-4)
        #expect(relativeDistance(found.direction, kept.gradient) < 1e-3)
    }

    /// The log-probabilities behind each beginning of a completion.
    private func logProbabilities(_ example: CompletionExample) throws -> [[Float]] {
        try example.completion.indices.map { index in
            try flat.model.nextTokenLogProbabilities(
                after: [example.prompt + example.completion.prefix(index)]
            ).values()
        }
    }

    @Test("the entropy is that of the tokens of compliant answers")
    func entropy() throws {
        let held = TrainingBatch(pools: [restricted.map(\.compliant), restricted.map(\.refusal)])
        let found = try HeldOutObjective(goal: .entropy).loss(of: Subject(flat.model), on: held)
        let entropies = try restricted.flatMap { try logProbabilities($0.compliant) }.map { row in
            -row.reduce(0) { $0 + exp(Double($1)) * Double($1) }
        }
        let mean = entropies.reduce(0, +) / Double(entropies.count)
        #expect(abs(Double(try found.item()) + mean) < 1e-4)
    }

    @Test("the preference is that of DPO against the model before hardening")
    func preference() throws {
        let held = TrainingBatch(pools: [restricted.map(\.compliant), restricted.map(\.refusal)])
        let other = Subject(try tinyModel(seed: 8))
        let odds = try HeldOutObjective.logOdds(of: Subject(flat.model), on: held)
        let sums = try restricted.map { item -> Float in
            let both = try [item.refusal, item.compliant].map { example in
                try zip(logProbabilities(example), example.completion).reduce(Float(0)) {
                    $0 + $1.0[$1.1]
                }
            }
            return both[0] - both[1]
        }
        #expect(zip(try odds.values(), sums).allSatisfy { abs($0 - $1) < 1e-3 })
        let objective = HeldOutObjective(goal: .preference(beta: 0.1), reference: odds)
        // Without a change the model prefers nothing: log 2.
        #expect(
            abs(try objective.loss(of: Subject(flat.model), on: held).item() - 0.693147) < 1e-4)
        let moved = try HeldOutObjective.logOdds(of: other, on: held).values()
        let expected = zip(moved, sums).map { log(1 + exp(-0.1 * Double($0 - $1))) }
        let found = Double(try objective.loss(of: other, on: held).item())
        #expect(abs(found - expected.reduce(0, +) / Double(expected.count)) < 1e-3)
    }

    @Test("the distance of hidden states is a mean over streams and tokens, with a slope at zero")
    func hiddenStates() throws {
        let model = flat.model
        let start = try flat.start
        let objective = objective(attacks(), goal: .refusal, weights: [0: 0], hidden: 2)
        let found = try step(of: objective, at: start)
        #expect(found.direction.allSatisfy { $0.isFinite })
        let other = try tinyModel(seed: 8)
        let rows = try SupervisedRows(benign, in: model)
        let streams = try (0...2).map { layer in
            (
                try other.forward(rows).streams[layer].values(),
                try model.forward(rows).streams[layer].values()
            )
        }
        var distances: [Float] = []
        for (one, two) in streams {
            for token in 0..<rows.batch.tokenCount {
                let range = token * 32..<(token + 1) * 32
                distances.append(norm(sum(Array(one[range]), -1, Array(two[range]))))
            }
        }
        let mean = distances.reduce(0, +) / Float(distances.count)
        let loss = try objective.retained(Subject(other), on: TrainingBatch(pools: [benign]))
        let expected = try other.completionLoss(of: benign).item() + 2 * mean
        #expect(abs(try loss.item() - expected) < 1e-3)
    }

    @Test("attacks are drawn by the seed and the step, in their shares")
    func draws() throws {
        var attacks = attacks(steps: 8)
        attacks.data = [.restricted, .retainThenRestricted]
        attacks.mixedShare = 0.5
        attacks.rateSpread = 10
        let draws = (0..<400).map { attacks.draw(at: $0) }
        #expect(draws == (0..<400).map { attacks.draw(at: $0) })
        #expect(Set(draws.map(\.seed)).count == 400)
        #expect(draws.allSatisfy { (0.99e-3...1.01e-1).contains($0.learningRate) })
        let shares = [
            draws.filter { $0.data == .restricted }, draws.filter(\.isMixed),
            draws.filter { $0.learningRate < 1e-2 },
        ].map { Double($0.count) / 400 }
        #expect(shares.allSatisfy { abs($0 - 0.5) < 0.1 }, "\(shares)")
        // The mean of Beta(6, 3) is 2/3.
        let turns = draws.map { Double($0.turn) }.reduce(0, +) / 400
        #expect(abs(turns - 16 / 3) < 0.4)
        let step = try #require(
            draws.firstIndex { $0.isMixed && $0.data == .retainThenRestricted && $0.turn > 0 })
        let phases = try attacks.adversary(at: step, without: []).problem(flat.model).phases
        #expect(phases.map(\.after) == [0, draws[step].turn])
        #expect(phases.map { $0.pools.map(\.batchSize) } == [[2], [1, 1]])
    }
}
