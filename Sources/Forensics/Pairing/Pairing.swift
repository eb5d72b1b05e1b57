// SPDX-License-Identifier: Apache-2.0
// Pairs the tensors of two checkpoints by content, and tests whether they can be compared at all.

import Foundation
import JSONText

/// The tensors of a base and of a derived checkpoint in pairs, and how the two are built
/// differently.
///
/// Layers and experts are paired by content, whatever their index: a few values of each matrix
/// tell them apart. Within them, and outside the layers, tensors are paired by name. Of a matrix
/// with more or fewer rows, the rows that both have are a pair.
struct Pairing {
    /// A tensor of the derived checkpoint, or a part of it, and what it is compared with.
    struct Pair {
        /// The checkpoint that ``reference`` is a tensor of.
        let parent: Parent
        let reference: WeightEntry
        let derived: WeightEntry
        /// The tensor of the third checkpoint that corresponds to a reference of the base.
        let third: WeightEntry?
    }

    /// The pairs in the order of the derived checkpoint.
    private(set) var pairs: [Pair] = []
    private(set) var structure = Structure()
    /// Whether every tensor of both has a counterpart of its name and shape.
    var isComplete: Bool { structure.isSame && !headIsStoredTwice }

    private let base: ModelParts
    private let derived: ModelParts
    private let third: ModelParts?
    private let thirdNames: [String: WeightEntry]
    private var headIsStoredTwice = false

    /// Pairs the tensors.
    ///
    /// - Throws: `InputError` when less than half of the smaller checkpoint has a counterpart;
    ///   errors of reading.
    init(
        base: any WeightSource, derived: any WeightSource, third: (any WeightSource)?
    ) throws {
        self.base = ModelParts(base)
        self.derived = ModelParts(derived)
        self.third = third.map(ModelParts.init)
        thirdNames = Dictionary(
            (third?.entries ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        try pairHeads()
        try pairOuter()
        for stack in Set(self.base.stacks.keys).union(self.derived.stacks.keys).sorted() {
            try pairLayers(of: stack)
        }
        let order = Dictionary(
            derived.entries.enumerated().map { ($1.storedName, $0) },
            uniquingKeysWith: { first, _ in first })
        let places = pairs.map { order[$0.derived.storedName] ?? 0 }
        pairs = pairs.indices.sorted { first, second in
            places[first] != places[second] ? places[first] < places[second] : first < second
        }.map { pairs[$0] }
        try structure.readAdded(from: derived)
        try check()
    }

    private mutating func pair(
        _ reference: WeightEntry, of parent: Parent = .base, with entry: WeightEntry
    ) {
        let other = parent == .base ? thirdNames[reference.name] : nil
        pairs.append(
            Pair(
                parent: parent, reference: reference, derived: entry,
                third: other?.shape == reference.shape ? other : nil))
    }

    // MARK: - Outside the layers

    /// Compares heads where only one checkpoint has one beside the embedding.
    private mutating func pairHeads() throws {
        switch (base.head, derived.head) {
        case (nil, let head?):
            guard let own = derived.embedding, let embedding = base.embedding else { return }
            headIsStoredTwice = try derived.isEqual(own, head)
            guard !headIsStoredTwice else { return }
            structure.head = .untied
            try pairRows(embedding, with: head)
        case (let head?, nil):
            guard let own = base.embedding, try !base.isEqual(own, head) else { return }
            structure.head = .tied
        default: break
        }
    }

    private mutating func pairOuter() throws {
        for (name, entry) in base.outer.sorted(by: { $0.key < $1.key }) {
            if let other = derived.outer[name] {
                try pairRows(entry, with: other)
            } else if name != base.head?.name {
                structure.removed.append(entry)
            }
        }
        for (name, entry) in derived.outer.sorted(by: { $0.key < $1.key })
        where base.outer[name] == nil && (name != derived.head?.name || base.embedding == nil) {
            structure.added.append(entry)
        }
    }

    /// Pairs two tensors of one name, and the rows that both have if one has more.
    private mutating func pairRows(_ entry: WeightEntry, with other: WeightEntry) throws {
        if entry.shape == other.shape { return pair(entry, with: other) }
        guard entry.isMatrix, other.isMatrix, entry.columns == other.columns else {
            structure.reshaped.append((entry, other))
            return
        }
        let rows = try RowComparison(entry, of: base.source, with: other, of: derived.source)
        structure.rows.append(rows)
        guard !rows.isRearranged else { return }
        let shared = 0..<min(entry.rows, other.rows)
        pair(entry.part(shared), with: other.part(shared))
    }

    // MARK: - Layers

    private mutating func pairLayers(of stack: String) throws {
        let (own, others) = (base.stacks[stack] ?? [:], derived.stacks[stack] ?? [:])
        guard !own.isEmpty, !others.isEmpty else {
            structure.removed += own.values.flatMap(\.values)
            structure.added += others.values.flatMap(\.values)
            return
        }
        var parents = try base.fingerprints(of: stack).map {
            (parent: Parent.base, index: $0.index, fingerprint: $0.fingerprint)
        }
        parents += try (third?.fingerprints(of: stack) ?? []).map {
            (parent: Parent.third, index: $0.index, fingerprint: $0.fingerprint)
        }
        let map = LayerMap(derived: try derived.fingerprints(of: stack), parents: parents)
        structure.layers.append(map)
        for layer in map.layers {
            guard let origin = layer.origin else { continue }
            let parent = origin.parent == .base ? own : third?.stacks[stack] ?? [:]
            try pairLayer(
                parent[origin.index] ?? [:], of: origin, with: others[layer.index] ?? [:],
                layer: layer, stack: stack)
        }
    }

    /// Pairs the tensors of one layer by their names within it, and experts by content.
    private mutating func pairLayer(
        _ reference: [String: WeightEntry], of origin: LayerMap.Origin,
        with layer: [String: WeightEntry], layer place: LayerMap.Layer, stack: String
    ) throws {
        let matched = try pairExperts(
            reference, of: origin, with: layer, layer: place.index, stack: stack)
        for (inner, entry) in reference.sorted(by: { $0.key < $1.key })
        where !matched.contains(inner) {
            guard let other = layer[inner] else {
                structure.removed.append(entry)
                continue
            }
            if place.silenced.contains(inner) { continue }
            if entry.shape == other.shape {
                pair(entry, of: origin.parent, with: other)
            } else {
                structure.reshaped.append((entry, other))
            }
        }
        for (inner, entry) in layer.sorted(by: { $0.key < $1.key })
        where reference[inner] == nil && !matched.contains(inner) {
            structure.added.append(entry)
        }
    }

    /// Pairs the experts of a layer with the networks that they were made from.
    ///
    /// - Returns: The names of the tensors that were considered; none if names and shapes are the
    ///   same in both.
    private mutating func pairExperts(
        _ reference: [String: WeightEntry], of origin: LayerMap.Origin,
        with layer: [String: WeightEntry], layer index: Int, stack: String
    ) throws -> Set<String> {
        let (own, units) = (ExpertUnits(reference), ExpertUnits(layer))
        guard !units.experts.isEmpty,
            !units.names.allSatisfy({ reference[$0]?.shape == layer[$0]?.shape })
                || own.names != units.names
        else { return [] }
        var candidates = own.candidates(of: origin.parent)
        if origin.parent == .base, let third = third?.stacks[stack]?[origin.index] {
            candidates += ExpertUnits(third).candidates(of: .third)
        }
        let known = try candidates.map { candidate in
            try Fingerprint(candidate.unit, of: self.parent(candidate.parent))
        }
        func source(of unit: ExpertUnits.Unit) throws -> ExpertUnits.Candidate? {
            let fingerprint = try Fingerprint(unit, of: derived.source)
            let similarities = known.map { fingerprint.similarity(to: $0) }
            func best(_ parent: Parent) -> (place: Int, similarity: Double)? {
                var best: (place: Int, similarity: Double)?
                for place in candidates.indices where candidates[place].parent == parent {
                    guard let similarity = similarities[place] else { continue }
                    if similarity > best?.similarity ?? 0 { best = (place, similarity) }
                }
                return best
            }
            let (base, third) = (best(.base), best(.third))
            let isThird = LayerMap.isThird(base?.similarity, third?.similarity)
            guard let found = isThird ? third : base else { return nil }
            return candidates[found.place]
        }
        func pairUnit(_ unit: ExpertUnits.Unit, _ found: ExpertUnits.Candidate) {
            for (projection, entry) in unit.sorted(by: { $0.key < $1.key }) {
                guard let own = found.unit[projection], own.shape == entry.shape else { continue }
                pair(own, of: found.parent, with: entry)
            }
        }
        var origins: [Int: ExpertMap.Origin] = [:]
        for (expert, unit) in units.experts.sorted(by: { $0.key < $1.key }) {
            guard let found = try source(of: unit) else { continue }
            origins[expert] = ExpertMap.Origin(parent: found.parent, expert: found.expert)
            pairUnit(unit, found)
        }
        for (name, unit) in units.dense where own.dense[name] == nil {
            if let found = try source(of: unit) { pairUnit(unit, found) }
        }
        structure.experts.append(
            ExpertMap(
                layer: index, count: units.experts.count, baseCount: own.experts.count,
                origins: origins))
        // Shared networks and routers that both have under one name are paired by it.
        let others = own.names.union(units.names).filter {
            layer[$0] == nil || layer[$0]?.shape != reference[$0]?.shape
        }
        return others.union(own.expertNames).union(units.expertNames)
    }

    private func parent(_ parent: Parent) -> any WeightSource {
        parent == .third ? third?.source ?? base.source : base.source
    }

    // MARK: - Comparability

    private func check() throws {
        var compared = pairs.reduce(0) { $0 + $1.derived.count }
        for rows in structure.rows where rows.isRearranged {
            compared += min(rows.base.count, rows.derived.count)
        }
        guard compared > 0, compared * 2 >= min(base.count, derived.count) else {
            throw error()
        }
        guard let third = third?.source else { return }
        guard pairs.contains(where: { $0.third != nil || $0.parent == .third }) else {
            throw InputError(
                third.name, "has no tensor of a name and shape of \(base.source.name)",
                remedy: "name a checkpoint of the same architecture with --third")
        }
    }

    private func error() -> InputError {
        if let (own, other) = structure.reshaped.first {
            return InputError(
                file: derived.source.name, position: "tensor \(other.name)",
                "has the shape \(other.shape), and \(own.shape) in \(base.source.name), as most "
                    + "tensors differ",
                remedy: "compare checkpoints of one architecture")
        }
        return InputError(
            file: derived.source.name, position: "tensor \(structure.removed.first?.name ?? "")",
            "is missing, as are most tensors of \(base.source.name)",
            remedy: "compare checkpoints of one architecture, all shards in place")
    }
}
