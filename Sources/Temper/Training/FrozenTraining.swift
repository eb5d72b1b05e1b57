// SPDX-License-Identifier: Apache-2.0
// Optimises what is put into a model whose weights stay as they are.

import Foundation
import LanguageModels
import Records
import Tensors

/// Optimises one tensor by gradient on the loss of completions, and offers the model on the way.
struct FrozenTraining {
    /// Prompts with the completions that should follow.
    let examples: [CompletionExample]
    /// Examples a step.
    let batchSize: Int
    /// Optimizer steps.
    let steps: Int
    /// Decides the order of the examples.
    let seed: UInt64
    /// The most examples that are computed at once; nil computes a step in whole.
    let examplesAtOnce: Int?

    /// Optimises a tensor, and offers the model after 1, 2, 4, 8 ... steps and at the end.
    /// - Parameters:
    ///   - start: where to begin.
    ///   - meter: counts a forward and a backward pass over each batch.
    ///   - observer: measures; says whether to go on.
    ///   - loss: the loss of a batch at the tensor, in nats a token.
    ///   - rule: the tensor after one step from the tensor and its gradient.
    ///   - offer: the model that the tensor makes.
    /// - Throws: errors of the engine, the model and the observer; `CancellationError`.
    func optimise(
        _ start: Tensor, meter: inout CostMeter, observer: inout some AttackObserver,
        loss: (Tensor, [CompletionExample]) throws -> Tensor,
        rule: (_ tensor: Tensor, _ gradient: Tensor) -> Tensor,
        offer: (Tensor) throws -> TamperedModel
    ) throws {
        var order = BatchOrder(count: examples.count, batchSize: batchSize, seed: seed)
        var tensor = start
        for step in 1...max(steps, 1) {
            let batch = order.next().map { examples[$0] }
            meter.countFrozenStep(
                tokens: batch.reduce(0) { $0 + $1.prompt.count + $1.completion.count })
            let value = try meter.timing {
                let (value, gradients) = try batchGradient(
                    at: [tensor], of: batch, atOnce: examplesAtOnce
                ) { try loss($0[0], $1) }
                tensor = rule(tensor, gradients[0])
                try evaluate([tensor, value])
                return try value.item()
            }
            meter.use(examples: min(examples.count, step * batchSize))
            try observer.advanced(to: step, note: String(format: "loss %.2f", value))
            let isPoint = step >= steps || step.nonzeroBitCount == 1
            guard isPoint else { continue }
            let goesOn =
                try observer.decision(at: step)
                ?? observer.observe(offer(tensor), step: step, cost: meter.cost)
            if !goesOn { return }
        }
    }
}
