// SPDX-License-Identifier: Apache-2.0
// Optimizers of what is put into a model: by the sign of the gradient, and within a ball.

/// SignSGD (arXiv:1802.04434): each coordinate moves by the learning rate against the sign of its
/// gradient.
public struct SignSGD: Optimizer {
    /// It carries nothing.
    public var state: [Tensor] = []

    /// An optimizer without settings.
    public init() {}

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - parameters: The parameters, always in the same order.
    ///   - gradients: One gradient for each, of the same shape.
    ///   - learningRate: How far each coordinate moves.
    /// - Returns: The new parameters, not evaluated yet.
    public mutating func update(
        _ parameters: [Tensor], gradients: [Tensor], learningRate: Float
    ) -> [Tensor] {
        zip(parameters, gradients).map { $0 - $1.sign() * learningRate }
    }
}

/// Projected gradient descent with normalised steps (arXiv:1706.06083, in the Euclidean norm): each
/// tensor moves by the learning rate against its gradient's direction, and stays within a ball.
public struct ProjectedSteps: Optimizer {
    /// The greatest norm that a tensor may have.
    public let radius: Float
    /// It carries nothing.
    public var state: [Tensor] = []

    /// Makes an optimizer.
    ///
    /// - Parameter radius: The greatest norm that a tensor may have.
    public init(radius: Float) {
        self.radius = radius
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - parameters: The parameters, always in the same order.
    ///   - gradients: One gradient for each, of the same shape.
    ///   - learningRate: How far each tensor moves, in its norm.
    /// - Returns: The new parameters, not evaluated yet.
    public mutating func update(
        _ parameters: [Tensor], gradients: [Tensor], learningRate: Float
    ) -> [Tensor] {
        zip(parameters, gradients).map { tensor, gradient in
            let moved = tensor - gradient / gradient.norm().maximum(1e-20) * learningRate
            return moved * (radius / moved.norm().maximum(radius))
        }
    }
}
