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
        let positions: [Int]
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
        unturned = Turns(dimension: dimension)
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

/// The rotation of the queries and keys of a forward pass.
private struct Turns {
    /// `[pairs]`, in radians per position.
    let frequencies: Tensor
    /// The factor of all scores.
    var scale: Float = 1
    /// The factors of the coordinates of a query, `[head width]`, or of its tokens, `[tokens, 1, 1]`.
    private var factors: [Tensor] = []
    /// How many coordinates are stored in neighbouring pairs; 0 for none.
    private var interleaved = 0

    /// Makes no rotation.
    init(dimension: Int) { frequencies = Tensor([Float(0)], shape: [1]) }

    /// Prepares a rotation.
    ///
    /// - Parameters:
    ///   - rotary: The embedding.
    ///   - dimension: The width of a head.
    ///   - positions: The positions of the tokens.
    init(_ rotary: RotaryEmbedding, dimension: Int, positions: [Int]) {
        let last = positions.max() ?? 0
        let values = rotary.frequencies(dimension: dimension, length: last + 1)
        frequencies = Tensor(values, shape: [values.count])
        let rotated = rotary.rotatedWidth(of: dimension)
        if rotary.isInterleaved { interleaved = rotated }
        let square = Float(rotary.amplitude * rotary.amplitude)
        if rotated == dimension {
            scale = square
        } else if square != 1 {
            let row = (0..<dimension).map { $0 < rotated ? square : 1 }
            factors.append(Tensor(row, shape: [dimension]))
        }
        if let growth = rotary.growth, last >= growth.originalContextLength {
            factors.append(
                Tensor(positions.map(growth.factor), shape: [positions.count, 1, 1]))
        }
    }

    /// Returns keys as the kernels rotate them: coordinates that turn together half the rotated
    /// width apart.
    func keys(_ heads: Tensor) -> Tensor {
        guard interleaved > 0 else { return heads }
        let shape = heads.shape
        let outer = Array(shape.dropLast())
        let turned = heads.slice(axis: -1, from: 0, to: interleaved)
            .reshaped(outer + [interleaved / 2, 2]).transposed().reshaped(outer + [interleaved])
        guard let width = shape.last, interleaved < width else { return turned }
        let rest = heads.slice(axis: -1, from: interleaved, to: width)
        return Tensor.concatenated([turned, rest], axis: -1)
    }

    func queries(_ heads: Tensor) -> Tensor {
        factors.reduce(keys(heads)) { $0 * $1 }
    }
}
