// SPDX-License-Identifier: Apache-2.0
// The keys and values that a decoder has computed, so that each is computed only once.

import Tensors

/// Keys and values of sequences that are continued token by token, for every layer.
struct KeyValueCache: Sendable {
    /// The number of columns by which the capacity grows, so that a step of one column copies
    /// nothing.
    fileprivate static let block = 64

    /// The number of columns held. All sequences end at the same column.
    private(set) var length = 0
    /// The place of each sequence. A finished sequence leaves its place empty.
    private(set) var sequences: [KeptSequence] = []
    /// For each layer, `[places, capacity, 2, key-value heads, head width]`: rotated keys, and
    /// values.
    private var entries: [Tensor] = []

    /// Stores one layer of the prompts.
    ///
    /// - Parameters:
    ///   - keys: `[tokens, key-value heads, head width]`.
    ///   - values: The same.
    ///   - batch: The prompts. Call ``begin(_:)`` when all layers are stored.
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
    ///   - layer: The layer. Each pass visits the layers in order.
    ///   - step: Gets the stored tensor, with room for one more column, and returns the new one.
    /// - Returns: The other result of the step.
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

    /// Keeps only some of the sequences.
    ///
    /// - Parameter rows: The rows to keep, in order.
    mutating func keep(rows: [Int]) { sequences = rows.map { sequences[$0] } }

    /// The tensors that must be evaluated to release the graph of past steps.
    var tensors: [Tensor] { entries }
}

extension DecoderConfiguration {
    /// Returns the memory that decoding keeps for an answer and its prompt: keys and values in
    /// every layer.
    ///
    /// - Parameters:
    ///   - promptTokens: The length of the prompt.
    ///   - answerTokens: The greatest length of the answer.
    /// - Returns: The number of bytes, including columns that are reserved for tokens.
    package func keptBytes(promptTokens: Int, answerTokens: Int) -> Int {
        let block = KeyValueCache.block
        let columns = promptTokens + max(1, (answerTokens + block - 1) / block) * block
        return columns * 2 * attention.keyValueHeadCount * attention.headDimension * layerCount
            * MemoryLayout<Float>.size
    }
}
