// SPDX-License-Identifier: Apache-2.0
// A checkpoint's tensors under their Hugging Face names, decoded a few rows at a time.

import Checkpoints
import Foundation
import JSONText
import LanguageModels

/// A checkpoint on disk as a source of weights. Its files stay mapped and are never copied as a
/// whole.
struct CheckpointWeights: WeightSource {
    let name: String
    let entries: [WeightEntry]
    private let checkpoint: Checkpoint
    /// The number of rows of a query or key head in a GGUF file of the family `llama`, by stored
    /// name.
    private let headRows: [String: Int]

    /// Opens the tensors under their Hugging Face names.
    ///
    /// - Throws: `InputError` when two tensors have one Hugging Face name.
    init(_ checkpoint: Checkpoint) throws {
        self.checkpoint = checkpoint
        name = checkpoint.url.path(percentEncoded: false)
        let isGGUF = checkpoint.format == .gguf
        var entries: [WeightEntry] = []
        var seen: Set<String> = []
        for stored in checkpoint.names {
            guard let tensor = checkpoint.tensors[stored] else { continue }
            let known = isGGUF ? GGUFNames.huggingFaceName(of: stored) ?? stored : stored
            guard seen.insert(known).inserted else {
                throw InputError(
                    file: name, position: "tensor \(stored)",
                    "is there twice under the name \(known)",
                    remedy: "export the checkpoint again")
            }
            entries.append(
                WeightEntry(
                    name: known, storedName: stored, shape: tensor.shape,
                    storedType: tensor.quantisation ?? tensor.elementType.rawValue))
        }
        self.entries = entries
        headRows = isGGUF ? Self.headRows(of: checkpoint, entries) : [:]
    }

    private static func headRows(
        of checkpoint: Checkpoint, _ entries: [WeightEntry]
    ) -> [String: Int] {
        let metadata = checkpoint.metadata
        guard metadata["general.architecture"]?.string == "llama",
            let heads = metadata["llama.attention.head_count"]?.integer, heads > 0
        else { return [:] }
        let keyHeads = metadata["llama.attention.head_count_kv"]?.integer ?? heads
        var result: [String: Int] = [:]
        for entry in entries {
            let count = entry.module == "q_proj" ? heads : entry.module == "k_proj" ? keyHeads : 0
            // Biases are permuted too, but they are read as one row and stay as they are.
            guard count > 0, entry.isMatrix, entry.rows.isMultiple(of: 2 * count) else { continue }
            result[entry.storedName] = entry.rows / count
        }
        return result
    }

    func read(_ entry: WeightEntry, rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
        throws
    {
        let columns = entry.columns
        func decode(_ stored: Range<Int>, to place: Int) throws {
            let elements = stored.lowerBound * columns..<stored.upperBound * columns
            try checkpoint.dequantise(
                entry.storedName, elements: elements,
                into: UnsafeMutableBufferPointer(
                    start: target + place * columns, count: elements.count))
        }
        let rows = entry.stored(rows)
        guard let head = headRows[entry.storedName] else { return try decode(rows, to: 0) }
        for row in rows {
            let stored = GGUFNames.storedRow(of: row, headDimension: head)
            try decode(stored..<stored + 1, to: row - rows.lowerBound)
        }
    }

    func release(_ entry: WeightEntry, rows: Range<Int>) {
        let rows = entry.stored(rows)
        checkpoint.forgetPages(
            of: entry.storedName,
            elements: rows.lowerBound * entry.columns..<rows.upperBound * entry.columns)
    }

    func isStored(as other: any WeightSource) throws -> Bool {
        guard let other = other as? CheckpointWeights,
            checkpoint.names == other.checkpoint.names,
            checkpoint.files.count == other.checkpoint.files.count
        else { return false }
        for name in checkpoint.names {
            let (own, its) = (checkpoint.tensors[name], other.checkpoint.tensors[name])
            guard own?.elementType == its?.elementType, own?.shape == its?.shape,
                own?.byteRange == its?.byteRange,
                try checkpoint.holdsSameBytes(as: other.checkpoint, in: name)
            else { return false }
        }
        return true
    }
}
