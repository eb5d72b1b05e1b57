// SPDX-License-Identifier: Apache-2.0
// How the gradient of a batch is summed up.

public import Tensors

/// Sums up the loss of a batch and its gradient, over parts of the batch or over processes.
public protocol Reducer: Sendable {
    /// Computes the loss of a batch and its gradient.
    ///
    /// - Parameters:
    ///   - parameters: Where to differentiate.
    ///   - batch: The examples.
    ///   - weight: How much a part weighs in the loss of the whole.
    ///   - loss: The loss of some examples.
    /// - Returns: The loss and the gradients.
    /// - Throws: What `loss` throws, and errors of the engine.
    func gradient(
        at parameters: [Tensor], of batch: TrainingBatch,
        weight: (_ part: TrainingBatch, _ whole: TrainingBatch) -> Float,
        loss: ([Tensor], TrainingBatch) throws -> Tensor
    ) throws -> (value: Tensor, gradients: [Tensor])
}

/// Takes the gradient of the whole batch at once; nothing is evaluated.
public struct WholeBatch: Reducer {
    /// A reducer without settings.
    public init() {}

    /// Computes the loss of a batch and its gradient.
    ///
    /// - Parameters:
    ///   - parameters: Where to differentiate.
    ///   - batch: The examples.
    ///   - weight: Not needed for a whole batch.
    ///   - loss: The loss of some examples.
    /// - Returns: The loss and the gradients, not evaluated yet.
    /// - Throws: What `loss` throws, and errors of the engine.
    public func gradient(
        at parameters: [Tensor], of batch: TrainingBatch,
        weight: (_ part: TrainingBatch, _ whole: TrainingBatch) -> Float,
        loss: ([Tensor], TrainingBatch) throws -> Tensor
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        try valueAndGradient(at: parameters) { try loss($0, batch) }
    }
}

/// Takes the gradient in parts, one after the other, where the whole would not fit in memory.
///
/// The result is that of the whole but for the order of the sums: the last bits differ. Each part
/// is evaluated, so that a gradient through it cannot be taken.
public struct BatchParts: Reducer {
    /// The most examples that are computed at once, 1 or more.
    public let size: Int

    /// Makes a reducer.
    ///
    /// - Parameter size: The most examples that are computed at once, 1 or more.
    public init(size: Int) {
        self.size = max(size, 1)
    }

    /// Computes the loss of a batch and its gradient.
    ///
    /// - Parameters:
    ///   - parameters: Where to differentiate.
    ///   - batch: The examples.
    ///   - weight: How much a part weighs in the loss of the whole.
    ///   - loss: The loss of some examples.
    /// - Returns: The loss and the gradients, evaluated.
    /// - Throws: What `loss` throws, and errors of the engine.
    public func gradient(
        at parameters: [Tensor], of batch: TrainingBatch,
        weight: (_ part: TrainingBatch, _ whole: TrainingBatch) -> Float,
        loss: ([Tensor], TrainingBatch) throws -> Tensor
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        guard size < batch.examples.count else {
            return try WholeBatch().gradient(at: parameters, of: batch, weight: weight, loss: loss)
        }
        var sum: (value: Tensor, gradients: [Tensor]) = (Tensor(0), [])
        for part in batch.parts(of: size) {
            let (value, gradients) = try valueAndGradient(at: parameters) {
                try loss($0, part) * weight(part, batch)
            }
            sum.value = sum.value + value
            sum.gradients =
                sum.gradients.isEmpty ? gradients : zip(sum.gradients, gradients).map { $0 + $1 }
            // What one part kept is let go before the next.
            try evaluate(sum.gradients + [sum.value])
        }
        return sum
    }
}
