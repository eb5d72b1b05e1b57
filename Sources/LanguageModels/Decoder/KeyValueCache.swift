// SPDX-License-Identifier: Apache-2.0
// The keys and values that a decoder has computed, so that each is computed once.

import Tensors

/// Keys and values of the positions that a batch has passed, for every layer.
public struct KeyValueCache: Sendable {
    /// Storage grows by so many positions at a time, so that a step copies nothing.
    private static let block = 64

    private struct Entry {
        /// `[batch, key-value heads, capacity, head width]`, as the values.
        var keys: Tensor
        var values: Tensor
    }

    /// The number of positions that are held.
    public private(set) var length = 0
    /// How many positions at the left of each row hold no token.
    public private(set) var padding: [Int] = []
    private var entries: [Entry] = []

    /// Makes an empty cache.
    public init() {}

    /// Makes room for the layers of one forward pass.
    ///
    /// - Parameter padding: The left padding of the batch, used when the cache is empty.
    mutating func begin(padding: [Int]) {
        if length == 0 { self.padding = padding }
    }

    /// Adds the positions of one layer.
    ///
    /// - Parameters:
    ///   - keys: `[batch, key-value heads, new, head width]`.
    ///   - values: The same shape.
    ///   - layer: The layer, in order.
    /// - Returns: All keys and values so far, `[batch, key-value heads, length + new, head width]`.
    mutating func append(keys: Tensor, values: Tensor, layer: Int) -> (keys: Tensor, values: Tensor)
    {
        let total = length + (keys.shape.count == 4 ? keys.shape[2] : 0)
        guard keys.rank == 4 else { return (keys, values) }
        if layer == entries.count {
            entries.append(Entry(keys: Self.room(like: keys), values: Self.room(like: values)))
        }
        if entries[layer].keys.shape[2] < total {
            let missing = total - entries[layer].keys.shape[2]
            entries[layer].keys = Self.grown(entries[layer].keys, by: missing)
            entries[layer].values = Self.grown(entries[layer].values, by: missing)
        }
        entries[layer].keys = entries[layer].keys.replacingSlice(axis: 2, from: length, with: keys)
        entries[layer].values =
            entries[layer].values.replacingSlice(axis: 2, from: length, with: values)
        return (
            entries[layer].keys.slice(axis: 2, from: 0, to: total),
            entries[layer].values.slice(axis: 2, from: 0, to: total)
        )
    }

    /// Ends a forward pass over so many positions.
    mutating func advance(by count: Int) { length += count }

    /// Keeps some rows, in the given order; a row may be kept more than once.
    ///
    /// - Parameter rows: Indices of rows.
    public mutating func keep(rows: [Int]) {
        let indices = Tensor(rows.map { Int32(clamping: $0) }, shape: [rows.count])
        padding = rows.map { padding[$0] }
        for layer in entries.indices {
            entries[layer].keys = entries[layer].keys.take(indices, axis: 0)
            entries[layer].values = entries[layer].values.take(indices, axis: 0)
        }
    }

    /// What must be evaluated so that the graph of past steps is released.
    var tensors: [Tensor] { entries.flatMap { [$0.keys, $0.values] } }

    private static func room(like tensor: Tensor) -> Tensor {
        var shape = tensor.shape
        shape[2] = (shape[2] + block) / block * block
        return Tensor.zeros(shape)
    }

    private static func grown(_ tensor: Tensor, by missing: Int) -> Tensor {
        var shape = tensor.shape
        shape[2] = (missing + block - 1) / block * block
        return Tensor.concatenated([tensor, Tensor.zeros(shape)], axis: 2)
    }
}
