// SPDX-License-Identifier: Apache-2.0
// The attention of a layer: projections to heads, their norms, and the projection back.

import Tensors

/// Attention with its parameters.
struct AttentionBlock {
    private let layer: Int
    private let heads: DecoderConfiguration.Attention
    private var query: Projection
    private var key: Projection
    private var value: Projection
    private var output: Projection
    private var queryNorm: Norm?
    private var keyNorm: Norm?
    private var sinks: Tensor?

    /// Finds the parameters of a layer.
    ///
    /// - Parameters:
    ///   - layer: The layer, counted from 0.
    ///   - model: The model with the parameters.
    /// - Throws: `InputError` that names a missing tensor.
    init(layer: Int, of model: LanguageModel) throws {
        self.layer = layer
        heads = model.configuration.attention
        query = try model.projection(.query, layer: layer)
        key = try model.projection(.key, layer: layer)
        value = try model.projection(.value, layer: layer)
        output = try model.projection(.output, layer: layer)
        let stem = "model.layers.\(layer).self_attn."
        if let kind = heads.headNorm {
            let like = model.configuration.normalisation
            func norm(_ name: String) throws -> Norm {
                Norm(heads: try model.weight(stem + name), like: like, kind: kind)
            }
            queryNorm = try norm("q_norm.weight")
            keyNorm = try norm("k_norm.weight")
        }
        if heads.hasSinks { sinks = try model.weight(stem + "sinks") }
    }

    /// Computes attention.
    ///
    /// - Parameters:
    ///   - input: `[tokens, width]`.
    ///   - layout: Positions and masks.
    ///   - cache: Keys and values so far.
    ///   - observe: Receives the input of the output projection.
    /// - Returns: `[tokens, width]`.
    func callAsFunction(
        _ input: Tensor, layout: AttentionLayout, cache: inout KeyValueCache?,
        observe: (Tensor) -> Void
    ) -> Tensor {
        let outer = Array(input.shape.dropLast())
        let projected = input.projected(by: [query, key, value])
        func split(_ tensor: Tensor, _ count: Int, _ norm: Norm? = nil) -> Tensor {
            let shape = outer + [count, heads.headDimension]
            guard let norm else { return tensor.reshaped(shape) }
            return heads.headNorm == .allHeads
                ? norm(tensor).reshaped(shape) : norm(tensor.reshaped(shape))
        }
        let found = layout.attend(
            queries: split(projected[0], heads.headCount, queryNorm),
            keys: split(projected[1], heads.keyValueHeadCount, keyNorm),
            values: split(projected[2], heads.keyValueHeadCount), sinks: sinks, layer: layer,
            cache: &cache
        ).reshaped(outer + [heads.headCount * heads.headDimension])
        observe(found)
        return found.projected(by: output)
    }

    /// Visits every tensor in a fixed order.
    mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        query.forEachTensor(body)
        key.forEachTensor(body)
        value.forEachTensor(body)
        output.forEachTensor(body)
        queryNorm?.forEachTensor(body)
        keyNorm?.forEachTensor(body)
        if var changed = sinks {
            body(&changed)
            sinks = changed
        }
    }
}

extension Norm {
    /// Visits every tensor in a fixed order.
    mutating func forEachTensor(_ body: (inout Tensor) -> Void) {
        if var changed = weight {
            body(&changed)
            weight = changed
        }
        if var changed = bias {
            body(&changed)
            bias = changed
        }
    }
}
