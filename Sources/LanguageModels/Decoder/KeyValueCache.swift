// SPDX-License-Identifier: Apache-2.0
// The keys and values that a decoder has computed, so that each is computed once.

import Tensors

/// Keys and values of sequences that are continued token by token, for every layer.
struct KeyValueCache: Sendable {
    /// Room is made for so many columns at a time, so that a step of one column copies nothing.
    fileprivate static let block = 64

    /// The number of columns that are held; sequences end together.
    private(set) var length = 0
    /// Where each sequence is kept: one that is finished leaves its place behind.
    private(set) var sequences: [KeptSequence] = []
    /// Of each layer, `[places, capacity, 2, key-value heads, head width]`: keys, which are turned,
    /// and values.
    private var entries: [Tensor] = []

    /// Takes in one layer of the prompts.
    ///
    /// - Parameters:
    ///   - keys: `[tokens, key-value heads, head width]`.
    ///   - values: The same.
    ///   - batch: The prompts; ``begin(_:)`` follows when all layers are in.
    ///   - frequencies: Radians per position for each pair of coordinates.
    mutating func keep(keys: Tensor, values: Tensor, of batch: TokenBatch, frequencies: Tensor) {
        entries.append(
            .keptContexts(
                keys: keys, values: values, segments: batch.segments, rows: batch.ends,
                capacity: batch.length + Self.block, frequencies: frequencies))
    }

    /// Ends the pass over the prompts.
    mutating func begin(_ batch: TokenBatch) {
        length = batch.length
        sequences = batch.lengths.enumerated().map {
            KeptSequence(place: $0, padding: length - $1)
        }
    }

    /// Adds one column of one layer.
    ///
    /// - Parameters:
    ///   - layer: The layer; each pass goes through them in order.
    ///   - step: Is given what is kept, with room for one column more, and gives what is kept then.
    /// - Returns: What the step gave besides.
    mutating func extend(
        layer: Int, by step: (_ kept: Tensor) -> (output: Tensor, kept: Tensor)
    ) -> Tensor {
        if entries[layer].shape.dropFirst().first == length {
            entries[layer] = entries[layer].padded(axis: 1, after: Self.block)
        }
        let (output, kept) = step(entries[layer])
        entries[layer] = kept
        return output
    }

    /// Ends a pass over one column.
    mutating func advance() { length += 1 }

    /// Goes on with some of the sequences.
    ///
    /// - Parameter rows: Which, in order.
    mutating func keep(rows: [Int]) { sequences = rows.map { sequences[$0] } }

    /// What must be evaluated so that the graph of past steps is released.
    var tensors: [Tensor] { entries }
}

extension DecoderConfiguration {
    /// Returns what decoding keeps of an answer and its prompt: keys and values in every layer.
    ///
    /// - Parameters:
    ///   - promptTokens: The length of the prompt.
    ///   - answerTokens: The greatest length of the answer.
    /// - Returns: Bytes, those of columns that only wait for tokens included.
    package func keptBytes(promptTokens: Int, answerTokens: Int) -> Int {
        let block = KeyValueCache.block
        let columns = promptTokens + max(1, (answerTokens + block - 1) / block) * block
        return columns * 2 * attention.keyValueHeadCount * attention.headDimension * layerCount
            * MemoryLayout<Float>.size
    }
}
