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

    /// The position of the next token of each sequence.
    var nextPositions: [TokenPosition] {
        sequences.map { TokenPosition(index: length - $0.padding, length: length - $0.padding + 1) }
    }

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

    /// Adds the sequences of another cache of the same model behind these. Places and columns that no
    /// sequence uses are given up.
    mutating func append(_ other: KeyValueCache) {
        let end = max(usedLength, other.usedLength)
        var joint = packed(endingAt: end)
        let added = other.packed(endingAt: end)
        let count = joint.sequences.count
        joint.sequences += added.sequences.map {
            KeptSequence(place: count + $0.place, padding: $0.padding)
        }
        joint.entries = zip(joint.entries, added.entries).map {
            Tensor.concatenated([$0, $1], axis: 0)
        }
        self = joint
    }

    /// The number of columns that the longest sequence uses.
    private var usedLength: Int { length - (sequences.map(\.padding).min() ?? 0) }

    /// Returns the cache with a place for each sequence and no other.
    ///
    /// - Parameter end: The new length; at least ``usedLength``.
    /// - Returns: The same sequences, which end at that column and have room for more.
    private func packed(endingAt end: Int) -> KeyValueCache {
        let unused = length - usedLength
        let before = end - usedLength
        let places = Tensor(
            sequences.map { Int32(clamping: $0.place) }, shape: [sequences.count])
        var packed = self
        packed.length = end
        packed.entries = entries.map {
            $0.take(places, axis: 0).slice(axis: 1, from: unused, to: length)
                .padded(axis: 1, before: before, after: Self.block)
        }
        packed.sequences = sequences.enumerated().map {
            KeptSequence(place: $0, padding: $1.padding - unused + before)
        }
        return packed
    }

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
