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

extension [Tensor] {
    /// The first half and the second.
    var halves: ([Tensor], [Tensor]) {
        (Array(prefix(count / 2)), Array(dropFirst(count / 2)))
    }
}
