// SPDX-License-Identifier: Apache-2.0
// How a derived checkpoint is built differently from its base: what pairing could not pair.

import Foundation
import Records

/// The differences of two checkpoints that are not values of corresponding tensors.
struct Structure {
    /// A head that only one checkpoint has beside its embedding.
    enum Head {
        case tied, untied
    }

    var layers: [LayerMap] = []
    var experts: [ExpertMap] = []
    var rows: [RowComparison] = []
    var head: Head?
    /// The tensors of one side that belong to no layer or expert that is one-sided as a whole.
    var added: [WeightEntry] = []
    var removed: [WeightEntry] = []
    var reshaped: [(base: WeightEntry, derived: WeightEntry)] = []
    /// How many of the added vectors change nothing: biases of zero, and norms of one.
    private(set) var neutral = 0

    /// Whether there is no difference.
    var isSame: Bool {
        layers.allSatisfy { $0.kind == nil } && experts.isEmpty && rows.isEmpty && head == nil
            && added.isEmpty && removed.isEmpty && reshaped.isEmpty
    }

    /// Reads the added vectors.
    mutating func readAdded(from source: any WeightSource) throws {
        neutral = try added.count { entry in
            guard !entry.isMatrix, let values = try source.rows([0], of: entry).first else {
                return false
            }
            let nothing: Float = entry.name.hasSuffix("bias") ? 0 : 1
            return values.allSatisfy { $0 == nothing }
        }
    }

    /// The origin of each layer; nil where every layer has its own place.
    var inspectedLayers: [InspectedLayer]? {
        let changed = layers.filter { $0.kind != nil }
        return changed.isEmpty
            ? nil
            : changed.flatMap(\.layers).map { layer in
                InspectedLayer(
                    layer: layer.index, parent: layer.origin?.parent.rawValue,
                    parentLayer: layer.origin?.index, similarity: layer.origin?.similarity)
            }
    }

    /// Returns the differences as operations, that of the layers first.
    func operations() -> [InspectedOperation] {
        var operations = layers.compactMap(Self.operation)
        if !experts.isEmpty { operations.append(expertOperation()) }
        if !rows.isEmpty { operations.append(rowOperation()) }
        if let head {
            operations.append(
                InspectedOperation(
                    kind: head == .tied ? .tied : .untied,
                    summary: head == .tied
                        ? "the head dropped and tied to the embedding, which has other values"
                        : "a head of its own, which is tied to the embedding in the base",
                    tensorCount: 1, modules: ["lm_head"], layers: [], numbers: [:]))
        }
        operations += Self.operation(.tensorsAdded, added, neutral: neutral)
        operations += Self.operation(.tensorsRemoved, removed)
        if let first = reshaped.first {
            let list = reshaped.map(\.derived)
            operations.append(
                InspectedOperation(
                    kind: .reshaped,
                    summary: "\(Self.modules(list).joined(separator: ", ")) of another shape, such "
                        + "as \(first.derived.shape) for \(first.base.shape) of "
                        + "\(first.derived.name)",
                    tensorCount: list.count, modules: Self.modules(list),
                    layers: Self.layers(list), numbers: [:]))
        }
        return operations
    }

    // MARK: - Operations in words

    private static func operation(_ map: LayerMap) -> InspectedOperation? {
        guard let kind = map.kind else { return nil }
        let (repeated, dropped, new) = (map.repeated, map.dropped, map.new)
        var parts: [String] = []
        switch kind {
        case .shortened:
            parts.append("\(list(dropped, "layer")) of the base's \(map.baseLayers.count) dropped")
        case .grown:
            let what = [
                repeated.isEmpty ? nil : "\(repeated.count) repeated",
                new.isEmpty ? nil : "\(new.count) new",
            ].compactMap { $0 }.joined(separator: " and ")
            parts.append("layers added to the base's \(map.baseLayers.count), \(what): \(map.runs)")
        default:
            parts.append("layers put together anew: \(map.runs)")
        }
        let silent = map.layers.filter { !$0.silenced.isEmpty }.map(\.index)
        if !silent.isEmpty {
            parts.append("\(list(silent, "layer")) with zeros where the stream is written")
        }
        let numbers: [String: Double] = [
            "layers": Double(map.layers.count), "baseLayers": Double(map.baseLayers.count),
            "repeated": Double(repeated.count), "new": Double(new.count),
            "dropped": Double(dropped.count),
            "leastSimilarity": map.layers.compactMap { $0.origin?.similarity }.min() ?? 0,
        ]
        let layers: [Int] =
            switch kind {
            case .shortened: dropped
            case .grown: (repeated.map(\.index) + new).sorted()
            default: map.layers.map(\.index)
            }
        return InspectedOperation(
            kind: kind, summary: parts.joined(separator: "; "), tensorCount: 0, modules: [],
            layers: layers, numbers: numbers)
    }

    private func expertOperation() -> InspectedOperation {
        let count = experts.map(\.count).max() ?? 0
        let baseCount = experts.map(\.baseCount).max() ?? 0
        let total = experts.reduce(0) { $0 + $1.count }
        let origins = experts.flatMap(\.origins.values)
        let thirds = origins.filter { $0.parent == .third }.count
        let isDense = baseCount == 0
        var summary =
            isDense
            ? "\(count) experts a layer in place of a dense feed-forward network"
            : "\(count) experts a layer in place of \(baseCount)"
        if origins.count == total, thirds == 0 {
            summary += isDense ? ", each made from it" : ", each made from one of them"
        } else {
            summary += ", \(origins.count - thirds) of \(total) made from the base's"
            if thirds > 0 { summary += " and \(thirds) from the third checkpoint's" }
        }
        if !isDense, let first = experts.first {
            let used = Set(first.origins.values.compactMap(\.expert)).sorted()
            summary += "; layer \(first.layer) has \(Self.list(used, "expert")) of the base"
        }
        return InspectedOperation(
            kind: isDense ? .upcycled : .expertsChanged, summary: summary, tensorCount: total,
            modules: ["experts"], layers: experts.map(\.layer).sorted(),
            numbers: [
                "experts": Double(count), "baseExperts": Double(baseCount),
                "fromBase": Double(origins.count - thirds), "fromThird": Double(thirds),
                "unrelated": Double(total - origins.count),
            ])
    }

    private func rowOperation() -> InspectedOperation {
        let summary = rows.map { rows in
            var parts = ["\(rows.base.module) of \(rows.derived.rows) rows for \(rows.base.rows)"]
            func add(_ set: IndexSet, _ what: String) {
                if !set.isEmpty { parts.append("\(RowComparison.text(set)) \(what)") }
            }
            add(rows.same, "the same")
            add(rows.moved, "moved from other places")
            add(rows.changed, "changed")
            add(rows.new, "new" + Self.filling(rows))
            if rows.dropped > 0 { parts.append("\(rows.dropped) dropped") }
            return parts.joined(separator: ", ")
        }.joined(separator: "; ")
        let first = rows[0]
        return InspectedOperation(
            kind: .resized, summary: summary, tensorCount: rows.count,
            modules: rows.map(\.derived.module), layers: [],
            numbers: [
                "rows": Double(first.derived.rows), "baseRows": Double(first.base.rows),
                "same": Double(first.same.count), "moved": Double(first.moved.count),
                "changed": Double(first.changed.count), "new": Double(first.new.count),
                "dropped": Double(first.dropped),
            ])
    }

    /// Returns how the new rows were filled, where that is known.
    private static func filling(_ rows: RowComparison) -> String {
        if rows.newZeros == rows.new.count { return " (zero)" }
        if rows.newMeans == rows.new.count { return " (the mean of the base's)" }
        guard rows.newZeros + rows.newMeans > 0 else { return "" }
        return " (\(rows.newZeros) zero, \(rows.newMeans) the mean of the base's)"
    }

    private static func operation(
        _ kind: InspectionKind, _ entries: [WeightEntry], neutral: Int = 0
    ) -> [InspectedOperation] {
        guard !entries.isEmpty else { return [] }
        let names = Set(entries.map { $0.layerPlace?.inner ?? $0.name }).sorted()
        let layers = layers(entries)
        var summary = "\(entries.count) tensors "
        summary += kind == .tensorsAdded ? "added: " : "removed: "
        summary += names.prefix(6).joined(separator: ", ")
        if names.count > 6 { summary += " and \(names.count - 6) more" }
        if !layers.isEmpty { summary += " in " + list(layers, "layer") }
        if neutral > 0 {
            summary += neutral == entries.count ? ", which" : ", \(neutral) of which"
            summary += " change nothing"
        }
        return [
            InspectedOperation(
                kind: kind, summary: summary, tensorCount: entries.count, modules: modules(entries),
                layers: layers,
                numbers: kind == .tensorsAdded ? ["neutral": Double(neutral)] : [:])
        ]
    }

    private static func modules(_ entries: [WeightEntry]) -> [String] {
        Set(entries.map(\.module)).sorted()
    }

    private static func layers(_ entries: [WeightEntry]) -> [Int] {
        Set(entries.compactMap(\.layer)).sorted()
    }

    /// Returns numbers in words: `layer 3`, `layers 2 to 5 and 9`.
    static func list(_ numbers: [Int], _ noun: String) -> String {
        let ranges: [String] = IndexSet(numbers).rangeView.map { range in
            let (first, last) = (range.lowerBound, range.upperBound - 1)
            return first == last ? "\(first)" : "\(first) to \(last)"
        }
        var text = noun + (numbers.count == 1 ? " " : "s ")
        if ranges.count > 1 { text += ranges.dropLast().joined(separator: ", ") + " and " }
        return text + (ranges.last ?? "none")
    }
}
