// SPDX-License-Identifier: Apache-2.0
// Adagrad.

/// Adagrad (Duchi, Hazan and Singer, JMLR 12, 2011), with the meaning of PyTorch's `Adagrad`
/// without a decay of the learning rate.
public struct Adagrad: Optimizer {
    /// What is added to the denominator.
    public let epsilon: Float
    /// The sums of the squared gradients, after a step.
    public var state: [Tensor] = []

    /// Makes the rule.
    ///
    /// - Parameter epsilon: What is added to the denominator.
    public init(epsilon: Float = 1e-10) {
        self.epsilon = epsilon
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - parameters: The parameters, always in the same order.
    ///   - gradients: One gradient for each, of the same shape.
    ///   - learningRate: The step size.
    /// - Returns: The new parameters, not evaluated yet.
    public mutating func update(
        _ parameters: [Tensor], gradients: [Tensor], learningRate: Float
    ) -> [Tensor] {
        let squares = gradients.map { $0.square() }
        state = state.isEmpty ? squares : zip(state, squares).map { $0 + $1 }
        return parameters.indices.map { index in
            let denominator = state[index].momentRoot + epsilon
            return parameters[index] - gradients[index] * learningRate / denominator
        }
    }
}
