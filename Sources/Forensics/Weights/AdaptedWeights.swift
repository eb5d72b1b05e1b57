// SPDX-License-Identifier: Apache-2.0
// The weights of a base with an adapter added, a few rows at a time: the sum is never whole in
// memory.

import Checkpoints
import Foundation
import JSONText
import LanguageModels

/// A checkpoint with an adapter on it as a source of weights.
struct AdaptedWeights: WeightSource {
    let name: String
    let entries: [WeightEntry]
    private let base: CheckpointWeights
    /// The base's tensor behind each entry, by its stored name: an entry may be a part of it.
    private let sources: [String: WeightEntry]
    /// The changes, by the same name.
    private let changes: [String: [Delta]]

    /// A change with its values.
    fileprivate enum Delta {
        case addition(down: [Float], up: [Float], rank: Int, scale: Float, isTransposed: Bool)
        case replacement([Float])
    }

    /// Adds an adapter to a base.
    ///
    /// - Throws: `InputError` when the adapter does not fit the base.
    init(_ base: CheckpointWeights, _ adapter: StoredAdapter) throws {
        self.base = base
        name = adapter.files.url.path(percentEncoded: false)
        var entries = base.entries
        var sources = Dictionary(entries.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        var changes: [String: [Delta]] = [:]
        for change in adapter.changes {
            let parameter = change.parameter
            // A base without a head of its own has the embedding for it.
            if sources[parameter] == nil, parameter == "lm_head.weight",
                let embedding = sources["model.embed_tokens.weight"]
            {
                sources[parameter] = embedding
                entries.append(
                    WeightEntry(
                        name: parameter, storedName: parameter, shape: embedding.shape,
                        storedType: embedding.storedType))
            }
            try change.check(against: sources[parameter]?.shape)
            switch change.kind {
            case .replacement(let stored, _):
                changes[parameter, default: []].insert(
                    .replacement(try adapter.values(stored)), at: 0)
            case .addition(let down, let up, let scale, let isTransposed):
                changes[parameter, default: []].append(
                    .addition(
                        down: try adapter.values(down), up: try adapter.values(up),
                        rank: down.shape[0], scale: scale, isTransposed: isTransposed))
            }
        }
        self.entries = entries
        self.sources = Dictionary(
            entries.compactMap { entry in sources[entry.name].map { (entry.storedName, $0) } },
            uniquingKeysWith: { $1 })
        self.changes = Dictionary(
            entries.compactMap { entry in changes[entry.name].map { (entry.storedName, $0) } },
            uniquingKeysWith: { $1 })
    }

    func read(_ entry: WeightEntry, rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
        throws
    {
        guard let source = sources[entry.storedName] else {
            throw InputError(
                file: name, position: "tensor \(entry.name)", "is missing",
                remedy: "name a tensor of the base")
        }
        let rows = entry.stored(rows)
        try base.read(source, rows: rows, into: target)
        let columns = entry.columns
        for delta in changes[entry.storedName] ?? [] {
            for row in rows {
                let line = UnsafeMutableBufferPointer(
                    start: target + (row - rows.lowerBound) * columns, count: columns)
                delta.apply(to: line, row: row, of: source)
            }
        }
    }

    func release(_ entry: WeightEntry, rows: Range<Int>) {
        if let source = sources[entry.storedName] {
            base.release(source, rows: entry.stored(rows))
        }
    }
}

extension AdaptedWeights.Delta {
    /// Changes one row.
    func apply(to line: UnsafeMutableBufferPointer<Float>, row: Int, of entry: WeightEntry) {
        let columns = line.count
        switch self {
        case .replacement(let values):
            for column in 0..<columns { line[column] = values[row * columns + column] }
        case .addition(let down, let up, let rank, let scale, isTransposed: false):
            for inner in 0..<rank {
                let factor = scale * up[row * rank + inner]
                let start = inner * columns
                for column in 0..<columns { line[column] += factor * down[start + column] }
            }
        case .addition(let down, let up, let rank, let scale, isTransposed: true):
            for inner in 0..<rank {
                let factor = scale * down[inner * entry.rows + row]
                for column in 0..<columns { line[column] += factor * up[column * rank + inner] }
            }
        }
    }
}
