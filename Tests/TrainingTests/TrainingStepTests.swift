// SPDX-License-Identifier: Apache-2.0
// A training as values: steps are pure, phases follow each other, adversaries give gradients.

import Foundation
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Training as values")
struct TrainingStepTests {
    private let model: LanguageModel

    init() throws { model = try tinyModel() }

    private func examples(_ words: [String]) throws -> [CompletionExample] {
        try words.map { try model.example(prompt: "say \($0)", answer: $0) }
    }

    private func configuration(
        _ method: TrainingConfiguration.Method = .lora, steps: Int = 4
    ) -> TrainingConfiguration {
        var configuration = TrainingConfiguration()
        configuration.method = method
        configuration.rank = 2
        configuration.steps = steps
        configuration.optimizer = .momentum
        configuration.learningRate = 0.05
        return configuration
    }

    private func problem(
        _ method: TrainingConfiguration.Method = .lora, on words: [String] = ["one", "two", "six"]
    ) throws -> TrainingProblem {
        try TrainingProblem(
            of: model, on: [ExamplePool(examples: try examples(words), batchSize: 2)],
            by: configuration(method), seed: 3)
    }

    @Test("a step leaves its state as it was, and gives the same bits again")
    func pure() throws {
        let problem = try problem()
        let batch = TrainingBatch(pools: [try examples(["one", "two"])])
        let start = problem.start
        let before = try start.parameters.map { try $0.values() }
        let first = try problem.step()(start, on: batch)
        let second = try problem.step()(start, on: batch)
        #expect(try first.loss.item() == second.loss.item())
        #expect(first.state.step == 1 && start.step == 0)
        #expect(try start.parameters.map { try $0.values() } == before)
        for (one, other) in zip(first.state.parameters, second.state.parameters) {
            #expect(try one.values() == other.values())
        }
    }

    @Test("the loop takes the steps that the pure function does, to the bit")
    func loop() throws {
        let problem = try problem()
        var meter = CostMeter(model: model, prices: Prices())
        var loop = Loop(problem)
        var state = problem.start
        var stream = ExampleStream(problem)
        for _ in 0..<problem.steps {
            let loss = try loop.advance(meter: &meter)
            let (next, expected) = try problem.step()(state, on: stream.next())
            #expect(try loss == expected.item())
            state = next
        }
        for (one, other) in zip(loop.state.parameters, state.parameters) {
            #expect(try one.values() == other.values())
        }
        #expect(meter.cost.steps == 4 && meter.cost.examples == 3)
    }

    @Test("a phase begins after its step, and examples of both phases count once each")
    func phases() throws {
        var problem = try problem(on: ["one", "two"])
        let second = ExamplePool(examples: try examples(["red", "tan"]), batchSize: 1)
        problem.phases.append(TrainingProblem.Phase(after: 3, pools: [second]))
        var stream = ExampleStream(problem)
        let drawn = (0..<5).map { _ in stream.next().examples }
        #expect(drawn.map(\.count) == [2, 2, 2, 1, 1])
        #expect(Set(drawn[3] + drawn[4]) == Set(second.examples))
        #expect(stream.distinctExamples == 4)
    }

    @Test("a batch in parts keeps the pool of each example")
    func parts() throws {
        let (one, two) = (try examples(["a", "b", "c"]), try examples(["x", "y"]))
        let parts = TrainingBatch(pools: [one, two]).parts(of: 2)
        #expect(parts.map { $0.pools.map(\.count) } == [[2, 0], [1, 1], [0, 1]])
        #expect(parts.flatMap(\.examples) == one + two)
    }

    @Test(
        "an adversary's second-order gradient is that of finite differences",
        arguments: TrainingConfiguration.Method.allCases)
    func secondOrder(method: TrainingConfiguration.Method) throws {
        let attack = try examples(["one", "two", "six", "ten"])
        let batch = TrainingBatch(pools: [try examples(["red", "blue"])])
        let configuration = configuration(method)
        func adversary(_ order: InnerAdversary.Order) -> InnerAdversary {
            InnerAdversary(steps: 3, order: order) { model in
                try TrainingProblem(
                    of: model, on: [ExamplePool(examples: attack, batchSize: 2)],
                    by: configuration, seed: 5)
            }
        }
        let parameters = Trainable.weights.start(of: model)
        func gradient(
            _ order: InnerAdversary.Order, at parameters: [Tensor]
        ) throws -> (value: Float, gradients: [[Float]]) {
            let found = try adversary(order).gradient(
                at: parameters, of: .weights, on: model, objective: CompletionLoss(), batch: batch)
            try evaluate([found.value] + found.gradients)
            return (try found.value.item(), try found.gradients.map { try $0.values() })
        }
        let second = try gradient(.second, at: parameters)
        let first = try gradient(.first, at: parameters)
        #expect(abs(first.value - second.value) < 1e-4 * abs(second.value))
        // Along the gradient the loss changes most, and rounding disturbs least.
        let norm = second.gradients.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
        let reach: Float = 2e-2
        func moved(_ sign: Float) -> [Tensor] {
            zip(parameters, second.gradients).map { tensor, slope in
                tensor + Tensor(slope, shape: tensor.shape) * (sign * reach / norm)
            }
        }
        let above = try gradient(.second, at: moved(1)).value
        let below = try gradient(.second, at: moved(-1)).value
        let slope = (above - below) / (2 * reach)
        #expect(abs(slope - norm) < 0.03 * norm, "finite difference \(slope), gradient \(norm)")
        let difference = zip(first.gradients.joined(), second.gradients.joined())
            .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        #expect(difference > 0.01 * norm, "first order is not another gradient")
    }
}
