// SPDX-License-Identifier: Apache-2.0
// Optimizers as values: the same gradients give the same parameters.

/// A rule that changes parameters along their gradients.
public protocol Optimizer: Sendable {
    /// Takes one step.
    ///
    /// - Parameters:
    ///   - parameters: The parameters, always in the same order.
    ///   - gradients: One gradient for each, of the same shape.
    ///   - learningRate: The step size.
    /// - Returns: The new parameters, not evaluated yet; evaluate them with ``state``.
    mutating func update(
        _ parameters: [Tensor], gradients: [Tensor], learningRate: Float
    ) -> [Tensor]

    /// The tensors that the rule carries from step to step.
    var state: [Tensor] { get }
}

/// Stochastic gradient descent, with the meaning of PyTorch's `SGD`.
public struct SGD: Optimizer {
    /// The share of the last direction that is kept, 0 to 1.
    public let momentum: Float
    /// Whether to look ahead along the momentum.
    public let nesterov: Bool
    /// The factor of the parameters that is added to their gradients.
    public let weightDecay: Float
    /// The momentum, after a step that used it.
    public private(set) var state: [Tensor] = []

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

/// Adam (arXiv:1412.6980), bias-corrected, with the meaning of PyTorch's `Adam`.
public struct Adam: Optimizer {
    private var moments: AdamMoments

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - betas: The decay of the first and of the second moment, 0 to 1.
    ///   - epsilon: What is added to the denominator.
    public init(betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8) {
        moments = AdamMoments(betas: betas, epsilon: epsilon)
    }

    /// The running moments, first and second.
    public var state: [Tensor] { moments.first + moments.second }

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
        moments.update(parameters, gradients, learningRate: learningRate, weightDecay: 0)
    }
}

/// Adam with decoupled weight decay (arXiv:1711.05101), with the meaning of PyTorch's `AdamW`.
public struct AdamW: Optimizer {
    /// The share of a parameter that is taken away in each step, in units of the learning rate.
    public let weightDecay: Float
    private var moments: AdamMoments

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - betas: The decay of the first and of the second moment, 0 to 1.
    ///   - epsilon: What is added to the denominator.
    ///   - weightDecay: The share of a parameter that is taken away in each step, in units of the
    ///     learning rate.
    public init(
        betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8, weightDecay: Float = 0.01
    ) {
        self.weightDecay = weightDecay
        moments = AdamMoments(betas: betas, epsilon: epsilon)
    }

    /// The running moments, first and second.
    public var state: [Tensor] { moments.first + moments.second }

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
        moments.update(
            parameters, gradients, learningRate: learningRate, weightDecay: weightDecay)
    }
}

/// The running moments of Adam and AdamW.
private struct AdamMoments: Sendable {
    let betas: (Float, Float)
    let epsilon: Float
    var first: [Tensor] = []
    var second: [Tensor] = []
    var betaProducts = (1.0, 1.0)

    init(betas: (Float, Float), epsilon: Float) {
        self.betas = betas
        self.epsilon = epsilon
    }

    mutating func update(
        _ parameters: [Tensor], _ gradients: [Tensor], learningRate: Float, weightDecay: Float
    ) -> [Tensor] {
        if first.isEmpty {
            first = parameters.map { Tensor.zeros($0.shape, type: $0.type) }
            second = first
        }
        first = zip(first, gradients).map { $0 * betas.0 + $1 * (1 - betas.0) }
        second = zip(second, gradients).map { $0 * betas.1 + $1.square() * (1 - betas.1) }
        betaProducts.0 *= Double(betas.0)
        betaProducts.1 *= Double(betas.1)
        let stepSize = Double(learningRate) / (1 - betaProducts.0)
        let root = (1 - betaProducts.1).squareRoot()
        return parameters.indices.map { index in
            let denominator = second[index].sqrt() / root + epsilon
            let kept =
                weightDecay == 0
                ? parameters[index] : parameters[index] * (1 - learningRate * weightDecay)
            return kept - first[index] * stepSize / denominator
        }
    }
}

/// Scales gradients together so that their global norm is within a bound, as PyTorch's
/// `clip_grad_norm_` does.
///
/// - Parameters:
///   - gradients: The gradients.
///   - maximum: The bound.
/// - Returns: The gradients, and the norm that they had.
public func clippedByGlobalNorm(
    _ gradients: [Tensor], maximum: Float
) -> (gradients: [Tensor], norm: Tensor) {
    guard !gradients.isEmpty else { return ([], Tensor(0)) }
    let squares = gradients.map { $0.converted(to: .float32).square().sum() }
    let norm = Tensor.stacked(squares).sum().sqrt()
    let factor = (maximum / (norm + 1e-6)).minimum(1.0)
    return (gradients.map { $0 * factor.converted(to: $0.type) }, norm)
}
