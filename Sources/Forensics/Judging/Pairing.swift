// SPDX-License-Identifier: Apache-2.0
// Pairs the tensors of two checkpoints, and tests whether the checkpoints can be compared at all.

import Foundation
import JSONText

/// The tensors of a base and of a derived checkpoint, in pairs.
struct Pairing {
    /// The pairs in the order of the base.
    let pairs: [(base: WeightEntry, derived: WeightEntry)]
    /// The third checkpoint's tensors by name.
    let third: [String: WeightEntry]
    /// The tensors that could not be compared.
    let notes: [String]
    /// Whether every tensor of both has a counterpart.
    let isComplete: Bool

    /// Pairs the tensors by name and shape.
    ///
    /// - Throws: `InputError` when less than half of either checkpoint has a counterpart.
    init(
        base: any WeightSource, derived: any WeightSource, third: (any WeightSource)?
    ) throws {
        func byName(_ source: any WeightSource) -> [String: WeightEntry] {
            Dictionary(
                source.entries.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        }
        let others = byName(derived)
        var pairs: [(base: WeightEntry, derived: WeightEntry)] = []
        var (missing, reshaped): ([WeightEntry], [(WeightEntry, WeightEntry)]) = ([], [])
        for entry in base.entries {
            guard let other = others[entry.name] else {
                missing.append(entry)
                continue
            }
            if other.shape == entry.shape {
                pairs.append((entry, other))
            } else {
                reshaped.append((entry, other))
            }
        }
        let own = byName(base)
        var extra = derived.entries.filter { own[$0.name] == nil }
        // The derived checkpoint has a separate head where the base's is tied to the embedding.
        if let place = extra.firstIndex(where: { $0.name == "lm_head.weight" }),
            let embedding = own["model.embed_tokens.weight"], embedding.shape == extra[place].shape
        {
            pairs.append((embedding, extra[place]))
            extra.remove(at: place)
        }
        missing.removeAll { $0.name == "lm_head.weight" || $0.name.hasSuffix("inv_freq") }
        let compared = pairs.reduce(0) { $0 + $1.derived.count }
        let largest = max(
            base.entries.reduce(0) { $0 + $1.count }, derived.entries.reduce(0) { $0 + $1.count })
        guard compared > 0, compared * 2 >= largest else {
            throw Self.error(base, derived, missing: missing, reshaped: reshaped)
        }
        var notes: [String] = []
        func note(_ entries: [WeightEntry], _ what: String) {
            guard let first = entries.first else { return }
            let more = entries.count > 1 ? " and \(entries.count - 1) more" : ""
            notes.append("\(first.name)\(more) \(what) and not compared.")
        }
        note(missing, "of the base missing")
        note(reshaped.map(\.1), "of another shape")
        note(extra, "not in the base")
        let thirds = third.map(byName) ?? [:]
        if let third, !pairs.contains(where: { thirds[$0.base.name]?.shape == $0.base.shape }) {
            throw InputError(
                third.name, "has no tensor of a name and shape of \(base.name)",
                remedy: "name a checkpoint of the same architecture with --third")
        }
        self.pairs = pairs
        self.third = thirds
        self.notes = notes
        isComplete = missing.isEmpty && extra.isEmpty && reshaped.isEmpty
    }

    private static func error(
        _ base: any WeightSource, _ derived: any WeightSource, missing: [WeightEntry],
        reshaped: [(WeightEntry, WeightEntry)]
    ) -> InputError {
        if let (own, other) = reshaped.first {
            return InputError(
                file: derived.name, position: "tensor \(other.name)",
                "has the shape \(other.shape), and \(own.shape) in \(base.name), as most tensors "
                    + "differ",
                remedy: "compare checkpoints of one architecture")
        }
        return InputError(
            file: derived.name, position: "tensor \(missing.first?.name ?? "")",
            "is missing, as are most tensors of \(base.name)",
            remedy: "compare checkpoints of one architecture, all shards in place")
    }
}
