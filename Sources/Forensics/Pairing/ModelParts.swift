// SPDX-License-Identifier: Apache-2.0
// The tensors of a checkpoint by what they belong to: layers of a stack, or none.

import Foundation

/// A checkpoint's tensors, sorted into layers.
struct ModelParts {
    let source: any WeightSource
    /// The tensors that belong to no layer, by name.
    private(set) var outer: [String: WeightEntry] = [:]
    /// The tensors of each layer by their names within it, by stack and index.
    private(set) var stacks: [String: [Int: [String: WeightEntry]]] = [:]

    /// Sorts the tensors. Tables of rotary embeddings are left out: they are no weights.
    init(_ source: any WeightSource) {
        self.source = source
        for entry in source.entries
        where !entry.name.hasSuffix("inv_freq") && entry.name != "rope_freqs.weight" {
            if let place = entry.layerPlace {
                // GGUF tensors without a Hugging Face name, such as experts, join their layer.
                let stack = place.stack == "blk" ? "model.layers" : place.stack
                stacks[stack, default: [:]][place.index, default: [:]][place.inner] = entry
            } else {
                outer[entry.name] = entry
            }
        }
    }

    /// The number of elements.
    var count: Int {
        var count = outer.values.reduce(0) { $0 + $1.count }
        for layer in stacks.values.flatMap(\.values) {
            count += layer.values.reduce(0) { $0 + $1.count }
        }
        return count
    }

    /// The head that is no embedding, and the embedding of tokens.
    var head: WeightEntry? { outer.values.first { ["lm_head", "output"].contains($0.module) } }
    var embedding: WeightEntry? {
        outer.values.first { ["embed_tokens", "wte", "token_embd"].contains($0.module) }
    }

    /// Returns the fingerprints of a stack's layers, in order.
    func fingerprints(of stack: String) throws -> [(index: Int, fingerprint: Fingerprint)] {
        try (stacks[stack] ?? [:]).sorted { $0.key < $1.key }.map {
            (index: $0.key, fingerprint: try Fingerprint($0.value, of: source))
        }
    }

    /// Returns whether two tensors hold the same values.
    func isEqual(_ first: WeightEntry, _ second: WeightEntry) throws -> Bool {
        guard first.shape == second.shape else { return false }
        let other = FloatMemory(count: RowBlocks(second).size)
        var isEqual = true
        try RowBlocks(first).forEach(of: first, in: source) { rows, memory in
            guard isEqual else { return }
            try source.read(second, rows: rows, into: other.values)
            isEqual = memcmp(memory.values, other.values, rows.count * first.columns * 4) == 0
        }
        source.release(second, rows: 0..<second.rows)
        return isEqual
    }
}
