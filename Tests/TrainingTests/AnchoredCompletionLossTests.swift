// SPDX-License-Identifier: Apache-2.0
// The completion loss with held predictions, beside sums in double precision and finite differences.

import Foundation
import LanguageModels
import TemperFixtures
import Tensors
import Testing

@testable import Training

@Suite("Completion loss with held predictions")
struct AnchoredCompletionLossTests {
    private let model: LanguageModel
    private let reference: LanguageModel
    private let batch: TrainingBatch

    init() throws {
        let model = try tinyModel()
        func examples(_ words: [String]) throws -> [CompletionExample] {
            try words.map { try model.example(prompt: "say \($0)", answer: $0) }
        }
        self.model = model
        reference = try tinyModel(seed: 8)
        batch = TrainingBatch(
            pools: [
                try examples(["one", "twelve"]), try examples(["red"]),
                try examples(["hello", "blue", "seven"]),
            ])
    }

    /// The log-probabilities wherever a token of an answer is predicted, one prefix at a time.
    private func predictions(
        _ model: LanguageModel, _ examples: [CompletionExample]
    ) throws -> [[Double]] {
        try examples.flatMap { example in
            try example.completion.indices.map { index in
                try model.nextTokenLogProbabilities(
                    after: [example.prompt + example.completion.prefix(index)]
                ).values().map { Double($0) }
            }
        }
    }

    @Test("it is the mean loss of all pools but the last, and the mean divergence on the last")
    func value() throws {
        let learnt = batch.pools[0] + batch.pools[1]
        let targets = learnt.flatMap(\.completion)
        let losses = zip(try predictions(model, learnt), targets).map { -$0[$1] }
        let loss = losses.reduce(0, +) / Double(losses.count)
        let pairs = zip(
            try predictions(reference, batch.pools[2]), try predictions(model, batch.pools[2]))
        let divergences = pairs.map { held, own in
            zip(held, own).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        }
        let divergence = divergences.reduce(0, +) / Double(divergences.count)
        #expect(divergence > 0.1)
        let objective = AnchoredCompletionLoss(reference: reference, weight: 0.7, anchorShare: 0.5)
        let found = Double(try objective.loss(of: Subject(model), on: batch).item())
        #expect(abs(found - loss - 0.7 * divergence) < 1e-4 * found, "\(found)")
        let held = AnchoredCompletionLoss(reference: model, weight: 100, anchorShare: 0.5)
        #expect(abs(Double(try held.loss(of: Subject(model), on: batch).item()) - loss) < 1e-3)
    }

    @Test("the gradient is that of finite differences, and parts add up to the whole")
    func gradient() throws {
        let objective = AnchoredCompletionLoss(reference: reference, weight: 3, anchorShare: 0.5)
        let names = ["model.layers.1.mlp.down_proj.weight", "model.norm.weight"]
        let trainable = Trainable.named(names)
        let start = trainable.start(of: model)
        let point = TrainingPoint(parameters: start, trainable: trainable, model: model)
        let whole = try objective.gradient(at: point, of: batch, by: WholeBatch())
        let slopes = try whole.gradients.map { try $0.values() }
        for size in [1, 2, 4] {
            let parts = try objective.gradient(at: point, of: batch, by: BatchParts(size: size))
            #expect(abs(try parts.value.item() - whole.value.item()) < 1e-4)
            for (one, other) in zip(try parts.gradients.map { try $0.values() }, slopes) {
                #expect(zip(one, other).allSatisfy { abs($0 - $1) < 1e-4 })
            }
        }
        let norm = slopes.joined().reduce(0) { $0 + $1 * $1 }.squareRoot()
        let reach: Float = 2e-2
        func loss(_ sign: Float) throws -> Float {
            let moved = zip(start, slopes).map { tensor, slope in
                tensor + Tensor(slope, shape: tensor.shape) * (sign * reach / norm)
            }
            return try objective.loss(of: point.subject(moved), on: batch).item()
        }
        let slope = try (loss(1) - loss(-1)) / (2 * reach)
        #expect(abs(slope - norm) < 0.02 * norm, "finite difference \(slope), gradient \(norm)")
    }
}
