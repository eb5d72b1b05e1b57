// SPDX-License-Identifier: Apache-2.0
// The gradient of a batch, in parts where the whole would not fit in memory.

import LanguageModels
import Tensors

/// Computes the loss of a batch and its gradient.
///
/// In parts, each is weighted by the tokens that it predicts, so that both are those of the whole but
/// for the order of the sums: the last bits differ.
/// - Parameters:
///   - parameters: where to differentiate.
///   - batch: the examples.
///   - atOnce: the most that are computed at once; nil computes all.
///   - loss: the mean loss over the predicted tokens of some examples, in nats.
/// - Returns: the loss and the gradients; neither need be evaluated yet.
/// - Throws: what `loss` throws, and errors of the engine.
func batchGradient(
    at parameters: [Tensor], of batch: [CompletionExample], atOnce: Int?,
    loss: ([Tensor], [CompletionExample]) throws -> Tensor
) throws -> (value: Tensor, gradients: [Tensor]) {
    guard let atOnce, atOnce < batch.count else {
        return try valueAndGradient(at: parameters) { try loss($0, batch) }
    }
    func targets(_ examples: [CompletionExample]) -> Float {
        examples.reduce(0) { $0 + Float($1.completion.count) }
    }
    let all = targets(batch)
    var sum: (value: Tensor, gradients: [Tensor]) = (Tensor(0), [])
    for part in batch.chunked(into: atOnce) {
        let (value, gradients) = try valueAndGradient(at: parameters) {
            try loss($0, part) * (targets(part) / all)
        }
        sum.value = sum.value + value
        sum.gradients =
            sum.gradients.isEmpty ? gradients : zip(sum.gradients, gradients).map { $0 + $1 }
        // What one part kept is let go before the next.
        try evaluate(sum.gradients + [sum.value])
    }
    return sum
}
