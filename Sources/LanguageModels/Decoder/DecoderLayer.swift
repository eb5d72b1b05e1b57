// SPDX-License-Identifier: Apache-2.0
// One layer of the decoder: attention and a gated feed-forward network, both residual.

import Tensors

/// The parameters of one layer, each with its key in the checkpoint.
struct DecoderLayer {
    private let index: Int
    private var inputNorm: Tensor  // input_layernorm
    private var query: Projection  // self_attn.q_proj
    private var key: Projection  // self_attn.k_proj
    private var value: Projection  // self_attn.v_proj
    private var output: Projection  // self_attn.o_proj
    private var queryNorm: Tensor?  // self_attn.q_norm
    private var keyNorm: Tensor?  // self_attn.k_norm
    private var attentionOutputNorm: Tensor?  // post_attention_layernorm, when on both sides
    private var feedForwardNorm: Tensor  // else that; pre_feedforward_layernorm on both sides
    private var gate: Projection  // mlp.gate_proj
    private var up: Projection  // mlp.up_proj
    private var down: Projection  // mlp.down_proj
    private var feedForwardOutputNorm: Tensor?  // post_feedforward_layernorm

    /// Finds the layer's parameters.
    ///
    /// - Parameters:
    ///   - index: The layer, counted from 0.
    ///   - model: The model with the parameters.
    /// - Throws: `InputError` that names a missing tensor.
    init(_ index: Int, of model: LanguageModel) throws {
        let configuration = model.configuration
        func weight(_ key: String, _ suffix: String = "weight") throws -> Tensor {
            try model.weight("model.layers.\(index).\(key).\(suffix)")
        }
        func projection(_ name: LayerProjection) throws -> Projection {
            Projection(
                weight: try weight(name.path),
                bias: configuration.biasedProjections.contains(name)
                    ? try weight(name.path, "bias") : nil,
                lowRank: model.adapters?.adapter(of: name, layer: index))
        }
        self.index = index
        inputNorm = try weight("input_layernorm")
        query = try projection(.query)
        key = try projection(.key)
        value = try projection(.value)
        output = try projection(.output)
        if configuration.attention.normalisesHeads {
            queryNorm = try weight("self_attn.q_norm")
            keyNorm = try weight("self_attn.k_norm")
        }
        if configuration.normalisation.isOnBothSides {
            attentionOutputNorm = try weight("post_attention_layernorm")
            feedForwardNorm = try weight("pre_feedforward_layernorm")
            feedForwardOutputNorm = try weight("post_feedforward_layernorm")
        } else {
            feedForwardNorm = try weight("post_attention_layernorm")
        }
        gate = try projection(.gate)
        up = try projection(.up)
        down = try projection(.down)
    }

    /// Computes the layer.
    ///
    /// - Parameters:
    ///   - stream: The residual stream, which is read and added to.
    ///   - configuration: The decoder's configuration.
    ///   - layout: Positions and masks.
    ///   - cache: Keys and values so far.
    ///   - observe: Receives the inputs of the projections that write to the stream.
    func forward(
        _ stream: inout ResidualStream, configuration: DecoderConfiguration,
        layout: AttentionLayout, cache: inout KeyValueCache?,
        observe: ((LayerProjection, Tensor) -> Void)? = nil
    ) {
        let normalisation = configuration.normalisation
        func written(_ tensor: Tensor, _ norm: Tensor?) -> Tensor {
            norm.map { normalisation.apply($0, to: tensor) } ?? tensor
        }
        stream.enter(layer: index)
        let read = stream.normalised(by: inputNorm)
        let found = attend(
            to: read, normalisation: normalisation, layout: layout, cache: &cache)
        observe?(.output, found)
        stream.add(written(found.projected(by: output), attentionOutputNorm))
        let halves = stream.normalised(by: feedForwardNorm).projected(by: [gate, up])
        let inner = configuration.activation.gated(halves[0], halves[1])
        observe?(.down, inner)
        stream.add(written(inner.projected(by: down), feedForwardOutputNorm))
    }

    private func attend(
        to input: Tensor, normalisation: DecoderConfiguration.Normalisation,
        layout: AttentionLayout, cache: inout KeyValueCache?
    ) -> Tensor {
        let attention = layout.attention
        let outer = Array(input.shape.dropLast())
        let projected = input.projected(by: [query, key, value])
        func heads(_ tensor: Tensor, _ count: Int, _ norm: Tensor? = nil) -> Tensor {
            let split = tensor.reshaped(outer + [count, attention.headDimension])
            return norm.map { normalisation.apply($0, to: split) } ?? split
        }
        let found = layout.attend(
            queries: heads(projected[0], attention.headCount, queryNorm),
            keys: heads(projected[1], attention.keyValueHeadCount, keyNorm),
            values: heads(projected[2], attention.keyValueHeadCount), layer: index, cache: &cache)
        return found.reshaped(outer + [attention.headCount * attention.headDimension])
    }
}

extension DecoderLayer {
    /// Computes the layer such that its intermediate results are dropped, and computed again in the
    /// backward pass.
    ///
    /// - Parameters:
    ///   - stream: The residual stream, `[tokens, width]`.
    ///   - configuration: The decoder's configuration.
    ///   - layout: Positions and masks.
    /// - Returns: The residual stream after the layer.
    /// - Throws: `TensorError` when the layer cannot be computed.
    func recomputed(
        _ stream: Tensor, configuration: DecoderConfiguration, layout: AttentionLayout
    ) throws -> Tensor {
        var inputs = [stream]
        var visited = self
        visited.forEachTensor { inputs.append($0) }
        let outputs = try checkpointed(inputs) { inputs in
            var layer = self
            var rest = inputs.dropFirst()
            layer.forEachTensor { $0 = rest.popFirst() ?? $0 }
            var cache: KeyValueCache?
            var stream = ResidualStream(
                inputs.first ?? stream, normalisation: configuration.normalisation, edit: nil)
            layer.forward(&stream, configuration: configuration, layout: layout, cache: &cache)
            return [stream.value]
        }
        return outputs.first ?? stream
    }

    /// Visits every tensor in a fixed order: gradients flow only to the inputs of the
    /// recomputation.
    private mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        func visit(_ tensor: inout Tensor?) {
            if var changed = tensor {
                body(&changed)
                tensor = changed
            }
        }
        func visit(_ projection: inout Projection) {
            body(&projection.weight)
            visit(&projection.bias)
            if var lowRank = projection.lowRank {
                body(&lowRank.down)
                body(&lowRank.up)
                projection.lowRank = lowRank
            }
        }
        body(&inputNorm)
        visit(&query)
        visit(&key)
        visit(&value)
        visit(&output)
        visit(&queryNorm)
        visit(&keyNorm)
        visit(&attentionOutputNorm)
        body(&feedForwardNorm)
        visit(&gate)
        visit(&up)
        visit(&down)
        visit(&feedForwardOutputNorm)
    }
}

extension DecoderConfiguration.Activation {
    /// Returns the activated gate times the other half.
    fileprivate func gated(_ gate: Tensor, _ up: Tensor) -> Tensor {
        switch self {
        case .silu: Tensor.swiGLU(gate: gate, up: up)
        case .gelu: Tensor.geGLU(gate: gate, up: up, approximate: false)
        case .geluTanh: Tensor.geGLU(gate: gate, up: up, approximate: true)
        }
    }
}
