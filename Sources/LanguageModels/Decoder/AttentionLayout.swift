// SPDX-License-Identifier: Apache-2.0
// What the tokens of a forward pass attend to: tokens of their sequences, or the cache.

import Tensors

/// The input of one forward pass, shared by its layers.
enum ForwardPass {
    /// Whole sequences. A cache must be empty, and keeps them.
    case sequences(TokenBatch)
    /// One token for each row of the cache, `[rows]`, which may not be computed yet.
    case next(Tensor)

    /// `[tokens]`, int32.
    var tokens: Tensor {
        switch self {
        case .sequences(let batch): batch.tokens
        case .next(let tokens): tokens
        }
    }
}

/// The attention of one forward pass.
struct AttentionLayout {
    private let pass: ForwardPass
    private let rule: AttentionRule
    let attention: DecoderConfiguration.Attention

    init(_ configuration: DecoderConfiguration, pass: ForwardPass) {
        self.pass = pass
        attention = configuration.attention
        let values = attention.rotary.frequencies(dimension: attention.headDimension)
        rule = AttentionRule(
            frequencies: Tensor(values, shape: [values.count]),
            scale: configuration.attentionScale, softCap: attention.softCap ?? 0)
    }

    /// Rotates queries and keys by their positions and computes attention.
    ///
    /// - Parameters:
    ///   - queries: `[tokens, heads, head width]`.
    ///   - keys: `[tokens, key-value heads, head width]`.
    ///   - values: The shape of the keys.
    ///   - layer: The layer, counted from 0.
    ///   - cache: Keys and values so far.
    /// - Returns: The shape of the queries.
    func attend(
        queries: Tensor, keys: Tensor, values: Tensor, layer: Int, cache: inout KeyValueCache?
    ) -> Tensor {
        var rule = rule
        rule.window = attention.window(ofLayer: layer) ?? 0
        switch pass {
        case .sequences(let batch):
            cache?.keep(keys: keys, values: values, of: batch, frequencies: rule.frequencies)
            return .causalAttention(
                queries: queries, keys: keys, values: values, segments: batch.segments, rule: rule)
        case .next:
            let (count, sequences) = (cache?.length ?? 0, cache?.sequences ?? [])
            let found = cache?.extend(layer: layer) {
                Tensor.attentionStep(
                    queries: queries, keys: keys, values: values, kept: $0, count: count,
                    sequences: sequences, rule: rule)
            }
            // Without a cache there is nothing to continue.
            return found ?? queries
        }
    }
}
