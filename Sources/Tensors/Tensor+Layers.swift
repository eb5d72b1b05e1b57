// SPDX-License-Identifier: Apache-2.0
// The layers of a decoder as single operations, which have their own kernels on the CPU.

import CTensor

/// A linear layer, with a low-rank adapter (arXiv:2106.09685) if it has one.
public struct Projection: Sendable {
    /// A product of two thin matrices that is added to the weight.
    public struct LowRank: Sendable {
        /// `[rank, inputs]`, LoRA's A.
        public var down: Tensor
        /// `[outputs, rank]`, LoRA's B.
        public var up: Tensor
        /// The factor of the product, LoRA's alpha / rank.
        public var scale: Float

        /// Makes an adapter of its parts.
        ///
        /// - Parameters:
        ///   - down: `[rank, inputs]`, LoRA's A.
        ///   - up: `[outputs, rank]`, LoRA's B.
        ///   - scale: The factor of the product.
        public init(down: Tensor, up: Tensor, scale: Float) {
            self.down = down
            self.up = up
            self.scale = scale
        }
    }

    /// `[outputs, inputs]`.
    public var weight: Tensor
    /// `[outputs]`, if any.
    public var bias: Tensor?
    /// The adapter, if any.
    public var lowRank: LowRank?

    /// Makes a layer of its parts.
    ///
    /// - Parameters:
    ///   - weight: `[outputs, inputs]`.
    ///   - bias: `[outputs]`, if any.
    ///   - lowRank: The adapter, if any.
    public init(weight: Tensor, bias: Tensor? = nil, lowRank: LowRank? = nil) {
        self.weight = weight
        self.bias = bias
        self.lowRank = lowRank
    }
}

extension Tensor {
    /// Applies several linear layers to one input.
    ///
    /// Only the tensors that are being differentiated get gradients: a frozen weight costs none.
    ///
    /// - Parameter projections: The layers.
    /// - Returns: For this tensor of `[..., inputs]`, one tensor of `[..., outputs]` per layer.
    public func projected(by projections: [Projection]) -> [Tensor] {
        var inputs = [self]
        var flags: [Int] = []
        for projection in projections {
            let extra = [projection.bias, projection.lowRank?.down, projection.lowRank?.up]
            inputs += [projection.weight] + extra.compactMap { $0 }
            flags += [projection.bias == nil ? 0 : 1, projection.lowRank == nil ? 0 : 1]
        }
        return Tensor.apply(
            .project, inputs, integers: flags,
            numbers: projections.map { Double($0.lowRank?.scale ?? 0) }, count: projections.count,
            name: #function)
    }

    /// Applies a linear layer.
    ///
    /// - Parameter projection: The layer.
    /// - Returns: `[..., outputs]`, for this tensor of `[..., inputs]`.
    public func projected(by projection: Projection) -> Tensor {
        projected(by: [projection])[0]
    }

    /// The gated unit of Llama: `silu(gate) * up` (arXiv:2002.05202).
    ///
    /// - Parameters:
    ///   - gate: `[..., width]`.
    ///   - up: The same shape.
    /// - Returns: The same shape.
    public static func swiGLU(gate: Tensor, up: Tensor) -> Tensor {
        apply(.gated_unit, [gate, up], integers: [Int(ct_gate.silu.rawValue)])
    }

    /// The gated unit of Gemma: `gelu(gate) * up` (arXiv:2002.05202).
    ///
    /// - Parameters:
    ///   - gate: `[..., width]`.
    ///   - up: The same shape.
    ///   - approximate: Whether gelu is approximated by tanh, as Gemma does.
    /// - Returns: The same shape.
    public static func geGLU(gate: Tensor, up: Tensor, approximate: Bool = true) -> Tensor {
        let kind: ct_gate = approximate ? .gelu_approximate : .gelu
        return apply(.gated_unit, [gate, up], integers: [Int(kind.rawValue)])
    }

    /// The losses of a language model's head, without keeping its logits.
    ///
    /// - Parameters:
    ///   - hidden: `[rows, width]`, the states that predict.
    ///   - weight: `[vocabulary, width]`.
    ///   - targets: `[rows]` of integers, the tokens that are right; not checked against the
    ///     vocabulary on a GPU.
    /// - Returns: `[rows]`, the negative log-likelihoods in nats.
    public static func linearCrossEntropy(
        hidden: Tensor, weight: Tensor, targets: Tensor
    ) -> Tensor {
        apply(.linear_cross_entropy, [hidden, weight, targets])
    }

    /// The likeliest tokens of a language model's head, without keeping its logits.
    ///
    /// - Parameters:
    ///   - hidden: `[rows, width]`, the states that predict.
    ///   - weight: `[vocabulary, width]`.
    /// - Returns: `[rows]`, int32; of equally likely tokens the first.
    public static func linearArgMax(hidden: Tensor, weight: Tensor) -> Tensor {
        apply(.linear_arg_max, [hidden, weight])
    }

    /// How far the predictions of a head are from another's, without keeping the logits of either.
    ///
    /// - Parameters:
    ///   - hidden: `[rows, width]`, the states that predict.
    ///   - weight: `[vocabulary, width]`.
    ///   - reference: The states and the weight of the other head, whose predictions are taken as
    ///     the truth; its width may differ.
    /// - Returns: `[rows]`, KL(reference || this) of each row in nats.
    public static func linearDivergence(
        hidden: Tensor, weight: Tensor, from reference: (hidden: Tensor, weight: Tensor)
    ) -> Tensor {
        apply(.linear_divergence, [reference.hidden, reference.weight, hidden, weight])
    }

    /// The joint of a transformer block: a residual sum, and its root-mean-square norm
    /// (arXiv:1910.07467).
    ///
    /// - Parameters:
    ///   - delta: What is added to this tensor of `[..., width]`.
    ///   - weight: `[width]` by which the norm is multiplied, if any.
    ///   - epsilon: What is added to the mean square.
    /// - Returns: The sum, and the sum normalised along its last axis.
    public func addingThenRMSNorm(
        _ delta: Tensor, weight: Tensor?, epsilon: Float
    ) -> (sum: Tensor, normalised: Tensor) {
        let parts = Tensor.apply(
            .add_norm, [self, delta] + (weight.map { [$0] } ?? []), numbers: [Double(epsilon)],
            count: 2, name: #function)
        return (parts[0], parts[1])
    }
}
