// SPDX-License-Identifier: Apache-2.0
// Adam, with and without weight decay.

/// Adam (arXiv:1412.6980), bias-corrected, with the meaning of PyTorch's `Adam`: ``AdamW`` without
/// weight decay.
public struct Adam: Optimizer {
    private var rule: AdamW

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - betas: The decay of the first and of the second moment, 0 to 1.
    ///   - epsilon: What is added to the denominator.
    public init(betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8) {
        rule = AdamW(betas: betas, epsilon: epsilon, weightDecay: 0)
    }

    /// The running moments, first and second.
    public var state: [Tensor] {
        get { rule.state }
        set { rule.state = newValue }
    }

    /// The products of the betas of all steps.
    public var numbers: [Double] {
        get { rule.numbers }
        set { rule.numbers = newValue }
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
        rule.update(parameters, gradients: gradients, learningRate: learningRate)
    }
}

/// Adam with decoupled weight decay (arXiv:1711.05101), with the meaning of PyTorch's `AdamW`.
///
/// A step can be differentiated. Where a gradient has been zero in all steps, the derivative of the
/// step to it is finite, but as large as the learning rate over epsilon.
public struct AdamW: Optimizer {
    /// The decay of the first and of the second moment, 0 to 1.
    public let betas: (Float, Float)
    /// What is added to the denominator.
    public let epsilon: Float
    /// The share of a parameter that is taken away in each step, in units of the learning rate.
    public let weightDecay: Float
    private var first: [Tensor] = []
    private var second: [Tensor] = []
    private var betaProducts = (1.0, 1.0)

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
        self.betas = betas
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// The running moments, first and second.
    public var state: [Tensor] {
        get { first + second }
        set { (first, second) = newValue.halves }
    }

    /// The products of the betas of all steps.
    public var numbers: [Double] {
        get { [betaProducts.0, betaProducts.1] }
        set {
            guard newValue.count == 2 else { return }
            betaProducts = (newValue[0], newValue[1])
        }
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
            let denominator = second[index].momentRoot / root + epsilon
            let kept =
                weightDecay == 0
                ? parameters[index] : parameters[index] * (1 - learningRate * weightDecay)
            return kept - first[index] * stepSize / denominator
        }
    }
}
