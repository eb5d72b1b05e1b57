// SPDX-License-Identifier: Apache-2.0
// The feed-forward network of a layer: gated, plain, or experts.

import Tensors

/// A feed-forward network with its parameters.
struct FeedForwardNetwork {
    private enum Kind {
        case gated(gate: Projection, up: Projection)
        case plain(up: Projection)
        case experts(ExpertNetwork)
    }

    private var kind: Kind
    private var down: Projection?
    private let activation: DecoderConfiguration.Activation

    /// Finds the parameters of a layer.
    ///
    /// - Parameters:
    ///   - layer: The layer, counted from 0.
    ///   - model: The model with the parameters.
    /// - Throws: `InputError` that names a missing tensor.
    init(layer: Int, of model: LanguageModel) throws {
        switch model.configuration.feedForward(ofLayer: layer) {
        case .gated(_, let activation):
            self.activation = activation
            kind = .gated(
                gate: try model.projection(.gate, layer: layer),
                up: try model.projection(.up, layer: layer))
            down = try model.projection(.down, layer: layer)
        case .plain(_, let activation):
            self.activation = activation
            kind = .plain(up: try model.projection(.up, layer: layer))
            down = try model.projection(.down, layer: layer)
        case .experts(let experts):
            activation = experts.activation
            kind = .experts(try ExpertNetwork(experts, layer: layer, of: model))
        }
    }

    /// Computes the network.
    ///
    /// - Parameters:
    ///   - input: `[tokens, width]`.
    ///   - observe: Receives the input of the down projection; not for experts, of which each has
    ///     its own.
    /// - Returns: `[tokens, width]`.
    func callAsFunction(_ input: Tensor, observe: ((Tensor) -> Void)? = nil) -> Tensor {
        let inner: Tensor
        switch kind {
        case .gated(let gate, let up):
            let halves = input.projected(by: [gate, up])
            inner = activation.gated(halves[0], halves[1])
        case .plain(let up):
            inner = activation.applied(to: input.projected(by: up))
        case .experts(let experts):
            return experts(input)
        }
        observe?(inner)
        return down.map { inner.projected(by: $0) } ?? inner
    }

    /// Visits every tensor in a fixed order.
    mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        switch kind {
        case .gated(var gate, var up):
            gate.forEachTensor(body)
            up.forEachTensor(body)
            kind = .gated(gate: gate, up: up)
        case .plain(var up):
            up.forEachTensor(body)
            kind = .plain(up: up)
        case .experts(var experts):
            experts.forEachTensor(body)
            kind = .experts(experts)
        }
        down?.forEachTensor(body)
    }
}

extension LanguageModel {
    /// Returns a projection of a layer with its bias and its adapter.
    ///
    /// - Parameters:
    ///   - name: The projection.
    ///   - layer: The layer, counted from 0.
    /// - Returns: The projection; of experts, with an axis of experts in front.
    /// - Throws: `InputError` that names a missing tensor.
    func projection(_ name: LayerProjection, layer: Int) throws -> Projection {
        let stem = "model.layers.\(layer).\(name.path)."
        return Projection(
            weight: try weight(stem + "weight"),
            bias: configuration.biasedProjections.contains(name) ? try weight(stem + "bias") : nil,
            lowRank: adapters?.adapter(of: name, layer: layer))
    }
}

extension Projection {
    /// Visits every tensor in a fixed order.
    mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        body(&weight)
        if var changed = bias {
            body(&changed)
            bias = changed
        }
        if var changed = lowRank {
            body(&changed.down)
            body(&changed.up)
            lowRank = changed
        }
    }
}

extension DecoderConfiguration.Activation {
    /// Returns the activated gate times the other half.
    func gated(_ gate: Tensor, _ up: Tensor) -> Tensor {
        switch self {
        case .silu: Tensor.swiGLU(gate: gate, up: up)
        case .gelu: Tensor.geGLU(gate: gate, up: up, approximate: false)
        case .geluTanh: Tensor.geGLU(gate: gate, up: up, approximate: true)
        case .relu: gate.maximum(0) * up
        case .clampedSwiGLU: clamped(gate.minimum(7), up.clipped(-7, 7))
        }
    }

    private func clamped(_ gate: Tensor, _ up: Tensor) -> Tensor {
        gate * (gate * Float(1.702)).sigmoid() * (up + 1)
    }

    /// Returns the activation without a gate.
    func applied(to input: Tensor) -> Tensor {
        switch self {
        case .silu, .clampedSwiGLU: input.silu()
        case .gelu: input.gelu()
        case .geluTanh: input.gelu(approximate: true)
        case .relu: input.maximum(0)
        }
    }
}
