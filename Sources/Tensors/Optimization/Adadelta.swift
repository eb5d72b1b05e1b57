// SPDX-License-Identifier: Apache-2.0
// Adadelta.

/// Adadelta (arXiv:1212.5701), with the meaning of PyTorch's `Adadelta`.
///
/// The method finds its own step size; the learning rate scales it, and is 1 in the paper.
public struct Adadelta: Optimizer {
    /// The decay of both running averages, 0 to 1.
    public let decay: Float
    /// What is added under the roots.
    public let epsilon: Float
    private var squares: [Tensor] = []
    private var squaredChanges: [Tensor] = []

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - decay: The decay of both running averages, 0 to 1; rho in the paper.
    ///   - epsilon: What is added under the roots.
    public init(decay: Float = 0.9, epsilon: Float = 1e-6) {
        self.decay = decay
        self.epsilon = epsilon
    }

    /// The running averages of the squared gradients, then of the squared changes.
    public var state: [Tensor] {
        get { squares + squaredChanges }
        set { (squares, squaredChanges) = newValue.halves }
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - parameters: The parameters, always in the same order.
    ///   - gradients: One gradient for each, of the same shape.
    ///   - learningRate: The factor of the step size that the method finds.
    /// - Returns: The new parameters, not evaluated yet.
    public mutating func update(
        _ parameters: [Tensor], gradients: [Tensor], learningRate: Float
    ) -> [Tensor] {
        if squares.isEmpty {
            squares = parameters.map { Tensor.zeros($0.shape, type: $0.type) }
            squaredChanges = squares
        }
        squares = zip(squares, gradients).map { $0 * decay + $1.square() * (1 - decay) }
        let changes = gradients.indices.map { index in
            (squaredChanges[index] + epsilon).sqrt() / (squares[index] + epsilon).sqrt()
                * gradients[index]
        }
        squaredChanges = zip(squaredChanges, changes).map {
            $0 * decay + $1.square() * (1 - decay)
        }
        return zip(parameters, changes).map { $0 - $1 * learningRate }
    }
}
