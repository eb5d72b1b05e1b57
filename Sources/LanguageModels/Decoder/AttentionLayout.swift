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
    private let attention: DecoderConfiguration.Attention
    /// The positions of layers that see everything, and those of windowed layers.
    private let turns: Turns
    private let windowedTurns: Turns
    private let unturned: Turns

    /// Prepares a pass.
    ///
    /// - Parameters:
    ///   - configuration: The decoder.
    ///   - pass: The tokens.
    ///   - cache: Keys and values so far.
    init(_ configuration: DecoderConfiguration, pass: ForwardPass, cache: KeyValueCache?) {
        self.pass = pass
        attention = configuration.attention
        let positions: [TokenPosition]
        switch pass {
        case .sequences(let batch): positions = batch.positions
        case .next: positions = cache?.nextPositions ?? []
        }
        let dimension = attention.headDimension
        turns = Turns(attention.rotary, dimension: dimension, positions: positions)
        windowedTurns =
            attention.windowedRotary.map {
                Turns($0, dimension: dimension, positions: positions)
            } ?? turns
        unturned = Turns()
    }

    /// Rotates queries and keys by their positions and computes attention.
    ///
    /// - Parameters:
    ///   - queries: `[tokens, heads, head width]`.
    ///   - keys: `[tokens, key-value heads, head width]`.
    ///   - values: The shape of the keys.
    ///   - sinks: A score for each head that takes weight and has no value, `[heads]`.
    ///   - layer: The layer, counted from 0.
    ///   - cache: Keys and values so far.
    /// - Returns: The shape of the queries.
    func attend(
        queries: Tensor, keys: Tensor, values: Tensor, sinks: Tensor?, layer: Int,
        cache: inout KeyValueCache?
    ) -> Tensor {
        let turns =
            attention.layersWithoutRotary.contains(layer)
            ? unturned : attention.window(ofLayer: layer) == nil ? turns : windowedTurns
        var rule = AttentionRule(
            frequencies: turns.frequencies, window: attention.window(ofLayer: layer) ?? 0,
            scale: attention.scoreScale * turns.scale, softCap: attention.softCap ?? 0)
        rule.sinks = sinks
        let (queries, keys) = (turns.queries(queries), turns.keys(keys))
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
