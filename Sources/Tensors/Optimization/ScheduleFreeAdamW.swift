// SPDX-License-Identifier: Apache-2.0
// AdamW that averages its steps instead of following a schedule.

/// Schedule-free AdamW (arXiv:2405.15682), with the meaning of the authors' `AdamWScheduleFree`.
///
/// Gradients are taken between the steps' own end and the average of their ends; the model is used
/// with the average, which ``evaluationParameters(_:)`` gives. As in the authors' implementation,
/// and unlike in the paper, the second moment's bias is corrected under the root, so that a step's
/// weight in the average, the square of the greatest learning rate so far, does not depend on it.
/// A warm-up is a matter of the learning rate.
public struct ScheduleFreeAdamW: Optimizer {
    /// The share of the average in where gradients are taken, above 0 and at most 1, and the decay
    /// of the second moment, 0 to 1.
    public let betas: (Float, Float)
    /// What is added to the denominator.
    public let epsilon: Float
    /// The share of a parameter that is taken away in each step, in units of the learning rate.
    public let weightDecay: Float
    private var ends: [Tensor] = []
    private var moments: [Tensor] = []
    private var betaProduct = 1.0
    private var greatestRate = 0.0
    private var weightSum = 0.0

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - betas: The share of the average in where gradients are taken, above 0 and at most 1, and
    ///     the decay of the second moment, 0 to 1.
    ///   - epsilon: What is added to the denominator.
    ///   - weightDecay: The share of a parameter that is taken away in each step, in units of the
    ///     learning rate.
    public init(
        betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8, weightDecay: Float = 0
    ) {
        self.betas = betas
        self.epsilon = epsilon
        self.weightDecay = weightDecay
    }

    /// The ends of the steps, not averaged, then the running second moments.
    public var state: [Tensor] {
        get { ends + moments }
        set { (ends, moments) = newValue.halves }
    }

    /// The product of the second betas, the greatest rate and the sum of the weights so far.
    public var numbers: [Double] {
        get { [betaProduct, greatestRate, weightSum] }
        set {
            guard newValue.count == 3 else { return }
            (betaProduct, greatestRate, weightSum) = (newValue[0], newValue[1], newValue[2])
        }
    }

    /// Takes one step.
    ///
    /// - Parameters:
    ///   - parameters: The parameters where the gradients were taken, always in the same order.
    ///   - gradients: One gradient for each, of the same shape.
    ///   - learningRate: The step size.
    /// - Returns: The parameters to take the next gradients at, not evaluated yet.
    public mutating func update(
        _ parameters: [Tensor], gradients: [Tensor], learningRate: Float
    ) -> [Tensor] {
        if ends.isEmpty {
            ends = parameters
            moments = parameters.map { Tensor.zeros($0.shape, type: $0.type) }
        }
        betaProduct *= Double(betas.1)
        greatestRate = max(greatestRate, Double(learningRate))
        let weight = greatestRate * greatestRate
        weightSum += weight
        let share = weightSum > 0 ? weight / weightSum : 0
        let root = (1 - betaProduct).squareRoot()

        moments = zip(moments, gradients).map { $0 * betas.1 + $1.square() * (1 - betas.1) }
        let steps = parameters.indices.map { index in
            let direction = gradients[index] / (moments[index].momentRoot / root + epsilon)
            let decayed =
                weightDecay == 0 ? direction : direction + parameters[index] * weightDecay
            return decayed * learningRate
        }
        // The average follows from its mix with the ends, so that it need not be kept.
        let stepShare = 1 - Double(betas.0) * (1 - share)
        let next = parameters.indices.map { index in
            parameters[index] + (ends[index] - parameters[index]) * share
                - steps[index] * stepShare
        }
        ends = zip(ends, steps).map { $0 - $1 }
        return next
    }

    /// The average of the steps' ends, which the model is used with.
    ///
    /// - Parameter parameters: What the last ``update(_:gradients:learningRate:)`` returned.
    /// - Returns: The average, not evaluated yet; before the first step the parameters themselves.
    public func evaluationParameters(_ parameters: [Tensor]) -> [Tensor] {
        guard !ends.isEmpty else { return parameters }
        let outward = 1 / Double(betas.0) - 1
        return zip(parameters, ends).map { $0 + ($0 - $1) * outward }
    }
}
