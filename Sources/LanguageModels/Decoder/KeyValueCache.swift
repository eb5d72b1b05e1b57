// SPDX-License-Identifier: Apache-2.0
// The keys and values that a decoder has computed, so that each is computed once.

import Tensors

/// Keys and values of the columns that a batch has passed, for every layer.
public struct KeyValueCache: Sendable {
    /// Storage grows by so many columns at a time, so that a step of one column copies nothing.
    private static let block = 64

    private struct Entry {
        /// `[batch, capacity, key-value heads, head width]`, as the values; keys are turned.
        var keys: Tensor
        var values: Tensor
    }

    /// The number of columns that are held.
    public private(set) var length = 0
    /// How many columns at the left of each row hold no token.
    public private(set) var padding: [Int] = []
    private var entries: [Entry] = []

    /// Makes an empty cache.
    public init() {}

    /// Begins a forward pass: the first says how its rows are padded.
    mutating func begin(padding: [Int]) {
        if length == 0 { self.padding = padding }
    }

    /// Adds the new columns of one layer, and gives back all of them.
    ///
    /// - Parameters:
    ///   - keys: `[batch, new, key-value heads, head width]`; then all `length + new`.
    ///   - values: The same.
    ///   - layer: The layer; each pass goes through them in order.
    mutating func append(_ keys: inout Tensor, _ values: inout Tensor, layer: Int) {
        if layer < entries.count {
            extend(\.keys, ofLayer: layer, with: &keys)
            extend(\.values, ofLayer: layer, with: &values)
        } else {
            entries.append(Entry(keys: keys, values: values))
        }
    }

    /// Ends a forward pass over so many columns.
    mutating func advance(by count: Int) { length += count }

    /// Keeps some rows, in the given order; a row may be kept more than once.
    ///
    /// - Parameter rows: Indices of rows.
    public mutating func keep(rows: [Int]) {
        let indices = Tensor(rows.map { Int32(clamping: $0) }, shape: [rows.count])
        padding = rows.map { padding[$0] }
        transform { $0.take(indices, axis: 0) }
    }

    /// Turns the only row into several, moved to the right by padding and cut at the same column.
    ///
    /// - Parameter padding: How many columns of each new row hold no token.
    mutating func spread(padding: [Int]) {
        let columns = padding.flatMap { first in (0..<length).map { Int32(max(0, $0 - first)) } }
        let indices = Tensor(columns, shape: [padding.count, length])
        self.padding = padding
        transform { tensor in tensor.squeezed(at: 0).take(indices, axis: 0) }
    }

    /// What must be evaluated so that the graph of past steps is released.
    var tensors: [Tensor] { entries.flatMap { [$0.keys, $0.values] } }

    private mutating func transform(_ body: (Tensor) -> Tensor) {
        for layer in entries.indices {
            entries[layer].keys = body(entries[layer].keys)
            entries[layer].values = body(entries[layer].values)
        }
    }

    private mutating func extend(
        _ path: WritableKeyPath<Entry, Tensor>, ofLayer layer: Int, with tensor: inout Tensor
    ) {
        let shapes = (old: entries[layer][keyPath: path].shape, new: tensor.shape)
        guard shapes.old.count == 4, shapes.new.count == 4 else { return }
        let total = length + shapes.new[1]
        if shapes.new[1] > 1 {
            let held = entries[layer][keyPath: path].slice(axis: 1, from: 0, to: length)
            entries[layer][keyPath: path] = Tensor.concatenated([held, tensor], axis: 1)
        } else {
            if shapes.old[1] < total {
                entries[layer][keyPath: path] =
                    entries[layer][keyPath: path].padded(axis: 1, after: Self.block)
            }
            // Done in place, because nothing else holds the storage.
            entries[layer][keyPath: path] =
                entries[layer][keyPath: path].replacingSlice(axis: 1, from: length, with: tensor)
        }
        tensor = entries[layer][keyPath: path].slice(axis: 1, from: 0, to: total)
    }
}
