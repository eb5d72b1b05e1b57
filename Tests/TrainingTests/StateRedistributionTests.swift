// SPDX-License-Identifier: Apache-2.0
// Known answers of the objective that makes states alike.

import LanguageModels
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Redistribution of states")
struct StateRedistributionTests {
    private let model: LanguageModel
    private let batch: TrainingBatch

    init() throws {
        let model = try tinyModel()
        self.model = model
        func examples(_ texts: [(String, String)]) throws -> [CompletionExample] {
            try texts.map { try model.example(prompt: $0.0, answer: $0.1) }
        }
        batch = TrainingBatch(pools: [
            try examples([("bind one", "no"), ("bind the second", "no, never"), ("b", "no")]),
            try examples([("hi", "hello"), ("tie it", "knot")]),
        ])
    }

    private func objective(
        layers: [Int], mean: Float, covariance: Float
    ) -> StateRedistribution {
        StateRedistribution(
            beside: RefusalWithDivergence(
                reference: model, divergenceWeight: 0.5, answerWeight: 0.2, pools: []),
            layers: layers, meanWeight: mean, covarianceWeight: covariance)
    }

    private func tensor(_ rows: [[Float]]) -> Tensor {
        Tensor(rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 0])
    }

    /// Both distances with whole matrices, in double precision.
    private func expected(
        _ one: [[Float]], _ other: [[Float]]
    ) -> (mean: Double, covariance: Double) {
        func moments(_ rows: [[Float]]) -> (mean: [Double], covariance: [Double], size: Double) {
            let (count, width) = (Double(rows.count), rows[0].count)
            let mean = (0..<width).map { i in rows.reduce(0) { $0 + Double($1[i]) } / count }
            let covariance = (0..<width * width).map { place in
                let (i, j) = (place / width, place % width)
                return rows.reduce(0) {
                    $0 + (Double($1[i]) - mean[i]) * (Double($1[j]) - mean[j]) / count
                }
            }
            let size = rows.joined().reduce(0) { $0 + Double($1) * Double($1) } / count
            return (mean, covariance, size)
        }
        func square(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 } }
        let (left, right) = (moments(one), moments(other))
        return (
            square(zip(left.mean, right.mean).map { $0 - $1 }) / ((left.size + right.size) / 2),
            square(zip(left.covariance, right.covariance).map { $0 - $1 })
                / (square(left.covariance) + square(right.covariance))
        )
    }

    @Test("hand-made states have the distances that are computed by hand")
    func byHand() throws {
        // Means (0, 0) and (2, 0), mean squares 1 and 5; covariances diag(1, 0) and diag(0, 1).
        let found = StateRedistribution.distances(
            tensor([[1, 0], [-1, 0]]), tensor([[2, 1], [2, -1]]))
        #expect(try abs(found.mean.item() - 4 / 3) < 1e-6)
        #expect(try abs(found.covariance.item() - 1) < 1e-6)
    }

    @Test("equal moments have no distance, whatever the rows are")
    func equal() throws {
        // Both have the mean (1, 1) and the covariance diag(1, 1) / 2.
        let found = StateRedistribution.distances(
            tensor([[2, 1], [0, 1], [1, 2], [1, 0]]),
            tensor([
                [1.7071068, 1.7071068], [0.2928932, 0.2928932],
                [1.7071068, 0.2928932], [0.2928932, 1.7071068],
            ]))
        #expect(try abs(found.mean.item()) < 1e-6)
        #expect(try abs(found.covariance.item()) < 1e-5)
        let single = StateRedistribution.distances(tensor([[3, 4]]), tensor([[0, 0]]))
        #expect(try single.covariance.item() == 0)
        #expect(try abs(single.mean.item() - 2) < 1e-6)
    }

    @Test("products of rows give what whole covariance matrices give")
    func matrices() throws {
        let one: [[Float]] = [[1, 2, 0.5], [3, -1, 0], [0, 0, 4], [2, 2, -1]]
        let other: [[Float]] = [[0, 1, 1], [-2, 0.5, 3]]
        let found = StateRedistribution.distances(tensor(one), tensor(other))
        let expected = expected(one, other)
        #expect(try abs(Double(found.mean.item()) - expected.mean) < 1e-5)
        #expect(try abs(Double(found.covariance.item()) - expected.covariance) < 1e-5)
    }

    @Test("the states are those behind prompts, and layers are averaged")
    func states() throws {
        let plain = try objective(layers: [], mean: 1, covariance: 1)
            .loss(of: Subject(model), on: batch).item()
        let loss = try objective(layers: [1, 2], mean: 3, covariance: 2)
            .loss(of: Subject(model), on: batch).item()
        func rows(_ pool: Int, _ layer: Int) throws -> [[Float]] {
            try batch.pools[pool].map {
                try model.residualStates(TokenBatch([$0.prompt]), positions: [-1], layers: layer)
                    .slice(axis: 0, from: layer, to: layer + 1).values()
            }
        }
        let sum = try [1, 2].reduce(0.0) { sum, layer in
            let found = try expected(rows(0, layer), rows(1, layer))
            return sum + (3 * found.mean + 2 * found.covariance) / 2
        }
        #expect(sum > 0.1)
        #expect(abs(Double(loss - plain) - sum) < 1e-3 * sum)
    }

    @Test("its gradient is that of finite differences")
    func slope() throws {
        let objective = objective(layers: [1, 2], mean: 2, covariance: 3)
        let start = Trainable.weights.start(of: model)
        let point = TrainingPoint(parameters: start, trainable: .weights, model: model)
        // Parts are not cut: they have other moments.
        let found = try objective.gradient(at: point, of: batch, by: BatchParts(size: 1))
        let gradients = try found.gradients.map { try $0.values() }
        let norm = gradients.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
        let reach: Float = 1e-2
        func value(_ sign: Float) throws -> Float {
            let moved = zip(start, gradients).map { tensor, slope in
                tensor + Tensor(slope, shape: tensor.shape) * (sign * reach / norm)
            }
            return try objective.loss(of: point.subject(moved), on: batch).item()
        }
        let slope = try (value(1) - value(-1)) / (2 * reach)
        #expect(abs(slope - norm) < 0.03 * norm, "finite difference \(slope), gradient \(norm)")
    }
}
