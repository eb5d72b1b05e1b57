// SPDX-License-Identifier: Apache-2.0
// One layer of the decoder: attention and a gated feed-forward network, both residual.

import Tensors

/// The parameters of one layer, each beside its key in the checkpoint.
struct DecoderLayer {
    var inputNorm: Tensor  // input_layernorm
    var query: Linear  // self_attn.q_proj
    var key: Linear  // self_attn.k_proj
    var value: Linear  // self_attn.v_proj
    var output: Linear  // self_attn.o_proj
    var queryNorm: Tensor?  // self_attn.q_norm
    var keyNorm: Tensor?  // self_attn.k_norm
    var attentionOutputNorm: Tensor?  // post_attention_layernorm, when both sides are normed
    var feedForwardNorm: Tensor  // post_attention_layernorm, else pre_feedforward_layernorm
    var gate: Linear  // mlp.gate_proj
    var up: Linear  // mlp.up_proj
    var down: Linear  // mlp.down_proj
    var feedForwardOutputNorm: Tensor?  // post_feedforward_layernorm

    /// Finds the layer's parameters.
    ///
    /// - Parameters:
    ///   - index: The layer, counted from 0.
    ///   - model: The model that holds them.
    /// - Throws: `LanguageModelError` that names a missing tensor.
    init(_ index: Int, of model: LanguageModel) throws {
        let configuration = model.configuration
        func weight(_ key: String) throws -> Tensor {
            try model.weight("model.layers.\(index).\(key).weight")
        }
        func linear(_ projection: Projection) throws -> Linear {
            Linear(
                weight: try weight(projection.path),
                bias: configuration.biasedProjections.contains(projection)
                    ? try model.weight("model.layers.\(index).\(projection.path).bias") : nil,
                adapter: model.adapters?.adapter(of: projection, layer: index))
        }
        inputNorm = try weight("input_layernorm")
        query = try linear(.query)
        key = try linear(.key)
        value = try linear(.value)
        output = try linear(.output)
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
        gate = try linear(.gate)
        up = try linear(.up)
        down = try linear(.down)
    }

    /// Visits every tensor in a fixed order, for recomputation during the backward pass.
    mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        func visit(_ tensor: inout Tensor?) {
            guard var changed = tensor else { return }
            body(&changed)
            tensor = changed
        }
        body(&inputNorm)
        for path in [\DecoderLayer.query, \.key, \.value, \.output, \.gate, \.up, \.down] {
            self[keyPath: path].forEachTensor(body)
        }
        visit(&queryNorm)
        visit(&keyNorm)
        visit(&attentionOutputNorm)
        body(&feedForwardNorm)
        visit(&feedForwardOutputNorm)
    }
}

extension DecoderLayer {
    /// Computes the layer.
    ///
    /// - Parameters:
    ///   - stream: The residual stream, `[batch, length, width]`.
    ///   - index: The layer, counted from 0.
    ///   - configuration: The decoder's configuration.
    ///   - layout: Positions and masks.
    ///   - cache: Keys and values so far.
    ///   - edit: A change of the residual stream.
    /// - Returns: The residual stream behind the layer, the same shape.
    func forward(
        _ stream: Tensor, index: Int, configuration: DecoderConfiguration,
        layout: AttentionLayout, cache: inout KeyValueCache?, edit: ResidualEdit?
    ) -> Tensor {
        let norm = configuration.normalisation
        var stream = edit?.read(stream, layer: index) ?? stream
        var written = attend(
            norm.apply(inputNorm, to: stream), index: index, configuration: configuration,
            layout: layout, cache: &cache)
        if let attentionOutputNorm { written = norm.apply(attentionOutputNorm, to: written) }
        stream = stream + written
        stream = edit?.written(stream) ?? stream
        let halves = Linear.project(
            norm.apply(feedForwardNorm, to: stream), through: [gate, up])
        written = down(configuration.activation.gated(halves[0], halves[1]))
        if let feedForwardOutputNorm { written = norm.apply(feedForwardOutputNorm, to: written) }
        stream = stream + written
        return edit?.written(stream) ?? stream
    }

    private func attend(
        _ input: Tensor, index: Int, configuration: DecoderConfiguration,
        layout: AttentionLayout, cache: inout KeyValueCache?
    ) -> Tensor {
        let attention = configuration.attention
        let batch = layout.padding.count
        let width = attention.headDimension
        let projected = Linear.project(input, through: [query, key, value])
        func heads(_ tensor: Tensor, _ count: Int) -> Tensor {
            tensor.reshaped([batch, layout.length, count, width]).swappedAxes(1, 2)
        }
        var queries = heads(projected[0], attention.headCount)
        var keys = heads(projected[1], attention.keyValueHeadCount)
        var values = heads(projected[2], attention.keyValueHeadCount)
        if let queryNorm, let keyNorm {
            queries = configuration.normalisation.apply(queryNorm, to: queries)
            keys = configuration.normalisation.apply(keyNorm, to: keys)
        }
        queries = layout.turned(queries, dimension: width)
        keys = layout.turned(keys, dimension: width)
        if cache != nil {
            (keys, values) = cache?.append(keys: keys, values: values, layer: index)
                ?? (keys, values)
        }
        let found = Tensor.attention(
            queries: queries, keys: keys, values: values, scale: configuration.attentionScale,
            mask: layout.mask(window: configuration.window(ofLayer: index)))
        let joined = found.swappedAxes(1, 2)
            .reshaped([batch, layout.length, attention.headCount * width])
        return output(joined)
    }
}

extension DecoderConfiguration.Normalisation {
    /// Root mean square normalisation of the last axis with a stored weight.
    func apply(_ weight: Tensor, to input: Tensor) -> Tensor {
        input.rmsNorm(
            weight: weightOffset == 0 ? weight : weight + weightOffset, epsilon: epsilon)
    }
}

extension DecoderConfiguration.Activation {
    /// The activated gate times the other half.
    func gated(_ gate: Tensor, _ up: Tensor) -> Tensor {
        switch self {
        case .silu: gate.silu() * up
        case .gelu: gate.gelu() * up
        case .geluTanh: gate.gelu(approximate: true) * up
        }
    }
}
