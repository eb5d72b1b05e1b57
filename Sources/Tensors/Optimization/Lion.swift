// SPDX-License-Identifier: Apache-2.0
// Lion: steps along the sign of a momentum.

/// Lion (arXiv:2302.06675): each coordinate moves by the learning rate against the sign of a mix of
/// its gradient and a running mean of earlier ones.
///
/// The mix and the mean have a decay each. A coordinate whose mix is zero stays.
public struct Lion: Optimizer {
    /// The decay of the mix that decides the sign, and that of the running mean, 0 to 1.
    public let betas: (Float, Float)
    /// The share of a parameter that is taken away in a step, in units of the learning rate.
    public let weightDecay: Float
    /// The running mean of the gradients, after the first step.
    public var state: [Tensor] = []

    /// Makes the rule.
    ///
    /// - Parameters:
    ///   - betas: The decay of the mix that decides the sign, and that of the running mean, 0 to 1.
    ///   - weightDecay: The share of a parameter that is taken away in a step, in units of the
    ///     learning rate.
    public init(betas: (Float, Float) = (0.9, 0.99), weightDecay: Float = 0) {
        self.betas = betas
        self.weightDecay = weightDecay
    }

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
        if state.isEmpty {
            state = parameters.map { Tensor.zeros($0.shape, type: $0.type) }
        }
        func mixed(by beta: Float) -> [Tensor] {
            zip(state, gradients).map { $0 * beta + $1 * (1 - beta) }
        }
        let directions = mixed(by: betas.0)
        state = mixed(by: betas.1)
        return zip(parameters, directions).map { parameter, direction in
            let kept =
                weightDecay == 0 ? parameter : parameter * (1 - learningRate * weightDecay)
            return kept - direction.sign() * learningRate
        }
    }
}
