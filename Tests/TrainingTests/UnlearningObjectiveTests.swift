// SPDX-License-Identifier: Apache-2.0
// What unlearning minimises, against closed forms and independent computations.

import Foundation
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Objectives of unlearning")
struct UnlearningObjectiveTests {
    private let model: LanguageModel
    private let other: LanguageModel
    private let forgotten: TrainingBatch
    private let both: TrainingBatch

    init() throws {
        model = try tinyModel()
        other = try tinyModel(seed: 8)
        let examples = try [tinyModel()].flatMap { model in
            try ["one", "three", "to"].map { try model.example(prompt: "say \($0)", answer: $0) }
        }
        forgotten = TrainingBatch(pools: [Array(examples.prefix(2))])
        both = TrainingBatch(pools: [Array(examples.prefix(2)), Array(examples.suffix(1))])
    }

    private var point: TrainingPoint {
        TrainingPoint(
            parameters: Trainable.weights.start(of: model), trainable: .weights, model: model)
    }

    private func gradient(
        of objective: any Objective, on batch: TrainingBatch, at parameters: [Tensor]? = nil,
        by reducer: any Reducer = WholeBatch()
    ) throws -> [Float] {
        let own = TrainingPoint(
            parameters: parameters ?? point.parameters, trainable: .weights, model: model)
        return try objective.gradient(at: own, of: batch, by: reducer).gradients
            .flatMap { try $0.values() }
    }

    /// The gradient of an example's log-likelihood, summed over its tokens.
    private func likelihoodGradient(of example: CompletionExample) throws -> [Float] {
        let count = Float(example.completion.count)
        return try point.gradient { try $0.model.completionLoss(of: [example]) * -count }.gradients
            .flatMap { try $0.values() }
    }

    /// The mean of the examples' likelihood gradients, each with a weight of its own.
    private func weighted(_ weights: [Float]) throws -> [Float] {
        let examples = forgotten.examples
        var sum: [Float] = []
        for (weight, example) in zip(weights, examples) {
            let own = try likelihoodGradient(of: example).map {
                $0 * weight / Float(examples.count)
            }
            sum = sum.isEmpty ? own : zip(sum, own).map { $0 + $1 }
        }
        return sum
    }

    private func expectClose(
        _ found: [Float], _ expected: [Float], sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let size = expected.map(abs).max() ?? 0
        let apart = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(found.count == expected.count && size > 0, sourceLocation: sourceLocation)
        #expect(apart <= 1e-3 * size, "\(apart) of \(size)", sourceLocation: sourceLocation)
    }

    private func sigmoid(_ value: Float) -> Float { 1 / (1 + exp(-value)) }

    @Test("the gradient of NPO weighs each answer by 2 r^b / (1 + r^b)")
    func negativePreference() throws {
        let beta: Float = 0.3
        let ratios = zip(
            try model.logLikelihoods(of: forgotten.examples),
            try other.logLikelihoods(of: forgotten.examples)
        ).map { exp($0 - $1) }
        let weights = ratios.map { 2 * pow($0, beta) / (1 + pow($0, beta)) }
        #expect(abs(weights[0] - weights[1]) > 0.01 && weights.allSatisfy { abs($0 - 1) > 0.01 })
        let objective = NegativePreference(reference: other, beta: beta)
        expectClose(try gradient(of: objective, on: forgotten), try weighted(weights))
        let value = try objective.loss(of: Subject(model), on: forgotten).item()
        let expected = ratios.map { 2 / beta * log(1 + pow($0, beta)) }.reduce(0, +) / 2
        #expect(abs(value - expected) < 1e-3 * expected)
    }

    @Test("where the model is its own reference, NPO is gradient ascent on the summed tokens")
    func negativePreferenceAtStart() throws {
        let objective = NegativePreference(reference: model, beta: 0.1)
        expectClose(try gradient(of: objective, on: forgotten), try weighted([1, 1]))
        let one = TrainingBatch(pools: [Array(forgotten.examples.prefix(1))])
        let ascent = try gradient(of: AnswerAscent(), on: one).map { $0 * Float(one.targetCount) }
        expectClose(try gradient(of: objective, on: one), ascent)
    }

    @Test("the gradient of SimNPO weighs each answer by its mean loss, over its length")
    func simpleNegativePreference() throws {
        let (beta, margin): (Float, Float) = (0.8, 6)
        let means = zip(
            try model.logLikelihoods(of: forgotten.examples), forgotten.examples
        ).map { -$0 / Float($1.completion.count) }
        let weights = zip(means, forgotten.examples).map {
            2 * sigmoid(beta * (margin - $0)) / Float($1.completion.count)
        }
        let objective = SimpleNegativePreference(beta: beta, margin: margin)
        expectClose(try gradient(of: objective, on: forgotten), try weighted(weights))
        let value = try objective.loss(of: Subject(model), on: forgotten).item()
        let expected = means.map { -2 / beta * log(sigmoid(beta * ($0 - margin))) }.reduce(0, +) / 2
        #expect(abs(value - expected) < 1e-3 * expected)
    }

    @Test(
        "RMU's losses are mean squares of states that are read apart",
        arguments: SteeredPlaces.allCases, [1, 2])
    func layerStates(places: SteeredPlaces, layer: Int) throws {
        let example = forgotten.examples[1]
        let batch = TrainingBatch(pools: [[example]])
        let tokens = example.prompt + example.completion.dropLast()
        let count = places == .answer ? example.completion.count : tokens.count
        func states(_ model: LanguageModel) throws -> [Float] {
            try model.residualStates(
                TokenBatch([tokens]), positions: (1...count).map { -$0 }.reversed()
            ).slice(axis: 0, from: layer, to: layer + 1).values()
        }
        let width = model.configuration.width
        let (own, held) = (try states(model), try states(other))
        #expect(own.count == count * width)
        let target = (0..<width).map { Float($0) / 10 - 1 }
        let steered = own.enumerated().map { pow($1 - target[$0 % width], 2) }.reduce(0, +)
        let kept = zip(own, held).map { pow($0 - $1, 2) }.reduce(0, +)
        let subject = Subject(model)
        let first = try SteeredStates(
            target: Tensor(target, shape: [width]), layer: layer, of: model, places: places
        ).loss(of: subject, on: batch).item()
        let second = try HeldStates(reference: other, layer: layer, places: places)
            .loss(of: subject, on: batch).item()
        #expect(abs(first - steered / Float(own.count)) < 1e-4 * first)
        #expect(abs(second - kept / Float(own.count)) < 1e-4 * second)
        let norms = stride(from: 0, to: own.count, by: width).map { start in
            own[start..<start + width].reduce(0) { $0 + $1 * $1 }.squareRoot()
        }
        let norm = try model.meanStateNorm(of: [example], behind: layer, at: places)
        #expect(abs(norm - norms.reduce(0, +) / Float(count)) < 1e-4 * norm)
    }

    /// The log-probabilities that a model gives at each token of the answers.
    private func predictions(of model: LanguageModel, on batch: TrainingBatch) throws -> [[Float]] {
        try batch.examples.flatMap { example in
            try example.completion.indices.map { index in
                try model.nextTokenLogProbabilities(
                    after: [example.prompt + example.completion.prefix(index)]
                ).values()
            }
        }
    }

    @Test("entropy and divergence are those of predictions that are read one by one")
    func distributions() throws {
        let own = try predictions(of: model, on: forgotten)
        let truth = try predictions(of: other, on: forgotten)
        let entropy = own.map { line in -line.reduce(0) { $0 + exp($1) * $1 } }
        let divergence = zip(truth, own).map { truth, own in
            zip(truth, own).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        }
        let count = Float(own.count)
        let first = try AnswerEntropy().loss(of: Subject(model), on: forgotten).item()
        #expect(abs(first + entropy.reduce(0, +) / count) < 1e-3)
        let second = try TeacherDivergence(teacher: other).loss(of: Subject(model), on: forgotten)
        let expected = divergence.reduce(0, +) / count
        #expect(abs(try second.item() - expected) < 1e-3 * expected)
        #expect(expected > 0.1)
    }

    @Test("the divergence from a teacher is zero at the teacher, and so is its gradient")
    func teacher() throws {
        let objective = TeacherDivergence(teacher: model)
        let value = try objective.loss(of: Subject(model), on: forgotten).item()
        #expect(abs(value) < 1e-5)
        let away = try gradient(of: TeacherDivergence(teacher: other), on: forgotten)
        let largest = away.map(abs).max() ?? 0
        let here = try gradient(of: objective, on: forgotten)
        #expect(here.allSatisfy { abs($0) < 1e-4 * largest })
    }

    @Test("smoothness takes what is forgotten at w + rho g / |g|, and what is retained at w")
    func smoothness() throws {
        let objective = UnlearningObjective(
            forget: AnswerAscent(), forgetWeight: 0.7, retainWeight: 0.4, smoothness: 0.5,
            pools: [])
        let retained = TrainingBatch(pools: [both.pools[1]])
        let forgotten = TrainingBatch(pools: [both.pools[0]])
        let first = try gradient(of: AnswerAscent(), on: forgotten)
        let norm = first.reduce(0) { $0 + $1 * $1 }.squareRoot()
        var rest = first[...]
        let moved = try point.parameters.map { tensor in
            defer { rest = rest.dropFirst(tensor.count) }
            let values = zip(try tensor.values(), rest).map { $0 + 0.5 * $1 / norm }
            return Tensor(values, shape: tensor.shape)
        }
        let second = try gradient(of: AnswerAscent(), on: forgotten, at: moved)
        let kept = try gradient(of: CompletionLoss(), on: retained)
        let expected = zip(second, kept).map { 0.7 * $0 + 0.4 * $1 }
        let found = try gradient(of: objective, on: both)
        expectClose(found, expected)
        let plain = zip(first, kept).map { 0.7 * $0 + 0.4 * $1 }
        let apart = zip(found, plain).map { abs($0 - $1) }.max() ?? 0
        #expect(apart > 0.01 * (plain.map(abs).max() ?? 0), "smoothness changes nothing")
    }

    @Test("in parts the gradient is that of the whole, whatever the kinds in a part")
    func parts() throws {
        let objective = UnlearningObjective(
            forget: NegativePreference(reference: other, beta: 0.1), forgetWeight: 0.7, pools: [])
        let whole = try gradient(of: objective, on: both)
        expectClose(try gradient(of: objective, on: both, by: BatchParts(size: 1)), whole)
    }

    @Test("passes count each kind by its share of the tokens")
    func passes() throws {
        let example = forgotten.examples[0]
        let pools = [1, 3].map {
            ExamplePool(examples: [example, example, example], batchSize: $0)
        }
        let passes = UnlearningObjective(
            forget: NegativePreference(reference: model, beta: 1), smoothness: 0.1, pools: pools
        ).passes
        #expect(passes == ObjectivePasses(differentiated: 1.25, forward: 0.5))
    }

    @Test("of some weights only the named ones are trained, and pay for their gradient")
    func named() throws {
        let name = LayerProjection.down.weightName(inLayer: 1)
        var configuration = TrainingConfiguration()
        configuration.method = .full
        configuration.steps = 1
        var problem = try TrainingProblem(
            of: model, on: [ExamplePool(examples: forgotten.examples, batchSize: 2)],
            by: configuration, seed: 1)
        problem.trainable = .named([name])
        var meter = CostMeter(model: model, prices: Prices())
        var loop = Loop(problem)
        _ = try loop.advance(meter: &meter)
        let trained = try loop.trained().model
        for (other, weight) in model.weights {
            let isSame = try trained.weights[other]?.values() == weight.values()
            #expect(isSame == (other != name), "\(other)")
        }
        let own = model.weights[name]?.count ?? 0
        #expect(
            meter.cost.floatingPointOperations
                == Double(forgotten.tokenCount)
                * (4 * Double(model.matrixParameterCount) + 2 * Double(own)))
    }
}
