// SPDX-License-Identifier: Apache-2.0
// SEAM: the estimate of the cosine's gradient, and the unlearning term.

import Foundation
import LanguageModels
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("SEAM")
struct SelfDestructiveObjectiveTests {
    private let flat: FlatGradients
    private let batch: TrainingBatch

    init() throws {
        let model = try tinyModel()
        flat = FlatGradients(model)
        func examples(_ words: [String], _ answer: String? = nil) throws -> [CompletionExample] {
            try words.map { try model.example(prompt: "say \($0)", answer: answer ?? $0) }
        }
        batch = TrainingBatch(pools: [
            try examples(["cord", "bell"]), try examples(["cord"], "no"),
            try examples(["red", "blue"]),
        ])
    }

    private func objective(
        _ probe: SelfDestructiveObjective.Probe, epsilon: Float
    ) -> SelfDestructiveObjective {
        SelfDestructiveObjective(
            refusalWeight: 0.5, cosineWeight: 3, epsilon: epsilon, probe: probe,
            pools: batch.pools.map { ExamplePool(examples: $0, batchSize: $0.count) })
    }

    /// The cosine between the two gradients at some weights.
    private func cosine(at numbers: [Float]) throws -> Double {
        let slopes = try [0, 2].map { pool in
            try flat.gradient(at: numbers) { try $0.completionLoss(of: batch.pools[pool]) }.gradient
        }
        return dot(slopes[0], slopes[1]) / Double(norm(slopes[0]) * norm(slopes[1]))
    }

    @Test(
        "the estimate is the gradient of the cosine",
        arguments: [
            (SelfDestructiveObjective.Probe.published, Float(1e-3)), (.relative, Float(1e-4)),
        ])
    func estimate(probe: SelfDestructiveObjective.Probe, epsilon: Float) throws {
        let start = try flat.start
        let (value, estimate) = try objective(probe, epsilon: epsilon).cosine(
            at: flat.point(at: start), between: batch.pool(0), and: batch.pools(from: 2),
            by: WholeBatch())
        #expect(abs(Double(try value.item()) - (try cosine(at: start))) < 1e-4)
        let found = try flat.flat(estimate.tensors)
        // The whole vector, by differentiating the gradients.
        let exact = try flat.gradient(at: start) { model in
            let tensors = model.weights.sorted { $0.key < $1.key }.map(\.value)
            let slopes = try [0, 2].map { pool in
                try valueAndGradient(at: tensors) {
                    try flat.model($0).completionLoss(of: batch.pools[pool])
                }.gradients
            }
            func dot(_ one: [Tensor], _ other: [Tensor]) -> Tensor {
                zip(one, other).reduce(Tensor(0)) { $0 + ($1.0 * $1.1).sum() }
            }
            return dot(slopes[0], slopes[1])
                / (dot(slopes[0], slopes[0]) * dot(slopes[1], slopes[1])).sqrt()
        }.gradient
        #expect(relativeDistance(found, exact) < 0.05)
        // Along it, by finite differences.
        let reach: Float = 1e-2
        let length = norm(found)
        let ends = try [reach, -reach].map { try cosine(at: sum(start, $0 / length, found)) }
        let slope = Float(ends[0] - ends[1]) / (2 * reach)
        #expect(abs(slope - length) < 0.05 * length, "finite difference \(slope), \(length)")
    }

    @Test("the step is the sum of the three terms")
    func sumOfTerms() throws {
        let start = try flat.start
        let point = flat.point(at: start)
        let objective = objective(.published, epsilon: 1e-3)
        let (value, gradients) = try objective.gradient(at: point, of: batch, by: WholeBatch())
        let cosine = try objective.cosine(
            at: point, between: batch.pool(0), and: batch.pools(from: 2), by: WholeBatch())
        let unlearnt = try flat.gradient(at: start) {
            try objective.unlearning(Subject($0), on: batch.pool(0))
        }
        let refused = try flat.gradient(at: start) {
            try $0.completionLoss(of: batch.pools[1])
        }
        let expected = sum(
            sum(unlearnt.gradient, 0.5, refused.gradient), 3, try flat.flat(cosine.gradient.tensors)
        )
        #expect(relativeDistance(try flat.flat(gradients), expected) < 1e-2)
        let sum = try unlearnt.value + 0.5 * refused.value + 3 * cosine.value.item()
        #expect(abs(try value.item() - sum) < 1e-3)
    }

    @Test("unlearning is minus the logarithm of 1 and the head's mean loss on all streams")
    func unlearning() throws {
        let model = flat.model
        let example = batch.pools[0][0]
        let embedding = try #require(model.weights["model.embed_tokens.weight"]).values()
        func row(_ token: Int) -> [Float] { Array(embedding[token * 32..<(token + 1) * 32]) }
        // In front of the first layer stands the token's own embedding.
        let tokens = example.prompt + example.completion
        let places = example.prompt.count - 1..<tokens.count - 1
        let first = places.map { place -> Double in
            let stream = row(tokens[place])
            let scale = 1 / (dot(stream, stream) / 32 + 1e-5).squareRoot()
            let logits = (0..<258).map { scale * dot(stream, row($0)) }
            let total = log(logits.reduce(0) { $0 + exp($1) })
            return total - logits[tokens[place + 1]]
        }
        let rows = try SupervisedRows([example], in: model)
        let middle = try model.forward(rows).losses(behind: 1).mean().item()
        let last = try model.completionLoss(of: [example]).item()
        let mean =
            (first.reduce(0, +) / Double(first.count) + Double(middle) + Double(last)) / 3
        let found = try objective(.published, epsilon: 1e-3).unlearning(
            Subject(model), on: TrainingBatch(pools: [[example]]))
        #expect(abs(Double(try found.item()) + log(1 + mean)) < 1e-4)
    }
}
