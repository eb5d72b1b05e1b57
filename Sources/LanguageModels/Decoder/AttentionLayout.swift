// SPDX-License-Identifier: Apache-2.0
// How the tokens of a forward pass attend: to those of their sequences, or to what is kept.

import Tensors

/// What one forward pass goes over, shared by its layers.
enum ForwardPass {
    /// Whole sequences; with a cache, which is empty then, they are kept.
    case sequences(TokenBatch)
    /// One token for each row of the cache, `[rows]`, which may still be on their way.
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

    /// Turns queries and keys to their positions and lets them attend.
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
