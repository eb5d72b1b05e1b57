// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent.

/// Stochastic gradient descent, with the meaning of PyTorch's `SGD`.
public struct SGD: Optimizer {
    /// The share of the last direction that is kept, 0 to 1.
    public let momentum: Float
    /// Whether to look ahead along the momentum.
    public let nesterov: Bool
    /// The factor of the parameters that is added to their gradients.
    public let weightDecay: Float
    /// The momentum, after a step that used it.
    public var state: [Tensor] = []

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - momentum: The share of the last direction that is kept, 0 to 1.
    ///   - nesterov: Whether to look ahead along the momentum.
    ///   - weightDecay: The factor of the parameters that is added to their gradients.
    public init(momentum: Float = 0, nesterov: Bool = false, weightDecay: Float = 0) {
        self.momentum = momentum
        self.nesterov = nesterov
        self.weightDecay = weightDecay
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
        var directions = gradients
        if weightDecay != 0 {
            directions = zip(gradients, parameters).map { $0 + $1 * weightDecay }
        }
        if momentum != 0 {
            state =
                state.isEmpty
                ? directions : zip(state, directions).map { $0 * momentum + $1 }
            directions = nesterov ? zip(directions, state).map { $0 + $1 * momentum } : state
        }
        return zip(parameters, directions).map { $0 - $1 * learningRate }
    }
}
