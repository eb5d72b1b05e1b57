// SPDX-License-Identifier: Apache-2.0
// Optimizers as values: the same gradients give the same parameters.

/// A rule that changes parameters along their gradients.
///
/// A step computes new tensors and changes none, so a loss after some steps can be differentiated
/// with respect to whatever the parameters and gradients were made from.
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

    /// The tensors that the rule carries from step to step; none before the first.
    ///
    /// Set to that of another value of the rule, together with ``numbers``, the rule goes on as that
    /// one would.
    var state: [Tensor] { get set }

    /// The numbers that the rule carries from step to step, always as many; another count is not set.
    var numbers: [Double] { get set }

    /// The parameters that the model is to be used with, where the rule takes its gradients at
    /// others.
    ///
    /// - Parameter parameters: What the last ``update(_:gradients:learningRate:)`` returned.
    /// - Returns: The parameters for evaluation, not evaluated yet; the next step begins from
    ///   `parameters` still.
    func evaluationParameters(_ parameters: [Tensor]) -> [Tensor]
}

extension Optimizer {
    /// The same parameters: most rules take gradients where the model is used.
    ///
    /// - Parameter parameters: What the last ``update(_:gradients:learningRate:)`` returned.
    /// - Returns: `parameters`.
    public func evaluationParameters(_ parameters: [Tensor]) -> [Tensor] { parameters }

    /// Most rules carry tensors alone.
    public var numbers: [Double] {
        get { [] }
        set {}
    }
}

extension Tensor {
    /// The root of a second moment, the gradient of which is zero instead of infinite where the
    /// moment is zero.
    ///
    /// Below the least normal number, 1.2e-38, the root is that number's, 1.1e-19. It is no change
    /// behind an epsilon that is added to the root and is not below 1e-10.
    var momentRoot: Tensor { maximum(Float.leastNormalMagnitude).sqrt() }
}

extension [Tensor] {
    /// The first half and the second.
    var halves: ([Tensor], [Tensor]) {
        (Array(prefix(count / 2)), Array(dropFirst(count / 2)))
    }
}
