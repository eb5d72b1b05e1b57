// SPDX-License-Identifier: Apache-2.0
// Derives the changes of a checkpoint from the findings of all its tensors.

import Foundation
import Records

/// The verdict of a whole checkpoint.
struct VerdictRules {
    let findings: [TensorFinding]
    /// How the checkpoint is built differently from its base.
    var structure = Structure()

    /// An operation counts when this share of the changed matrices shows it, or this share of their
    /// elements.
    static let leastShare = 0.05

    private var matrices: [TensorFinding] { findings.filter(\.entry.isMatrix) }
    private var edited: [TensorFinding] { matrices.filter(\.isEdited) }

    /// Returns the operations: how the checkpoint is built, and how its values were changed, the
    /// largest change first. The list is empty if the values were only cast, or did not change.
    func operations() -> [InspectedOperation] {
        if !edited.isEmpty, 2 * count(.unrelated) > matrices.count {
            return [operation(.unrelated)]
        }
        return structure.operations() + (merge().map { [$0] } ?? edits())
    }

    private func edits() -> [InspectedOperation] {
        var kinds: [InspectionKind] = [
            .orthogonalised, .lora, .fineTuned, .noise, .unrelated, .pruned, .quantised,
        ].filter(isShown)
        // Among matrices without low rank, some may show structure and others not.
        if kinds.contains(.noise), kinds.contains(.fineTuned) {
            let absorbed: InspectionKind = count(.noise) > count(.fineTuned) ? .fineTuned : .noise
            kinds.removeAll { $0 == absorbed }
        }
        // A few training steps on a few tokens leave gradients of low rank in some matrices.
        if kinds.contains(.lora), kinds.contains(.fineTuned), count(.fineTuned) > count(.lora) {
            kinds.removeAll { $0 == .lora }
        }
        let vectorsChanged = findings.contains { !$0.entry.isMatrix && $0.isEdited }
        if vectorsChanged, !kinds.contains(.fineTuned), !kinds.contains(.noise) {
            // Adapters do not change norms; training all weights for a few steps does.
            kinds.removeAll { $0 == .lora }
            kinds.insert(.fineTuned, at: 0)
        }
        return kinds.map(operation)
    }

    /// Returns the share of changed elements in tensors that show one of the operations.
    func agreement(with operations: [InspectedOperation], allowing cast: Bool) -> Double? {
        let changed = findings.filter { !$0.kinds.isEmpty }
        let total = changed.reduce(0) { $0 + $1.entry.count }
        guard total > 0 else { return findings.isEmpty ? nil : 1 }
        let kinds = Set(operations.map(\.kind) + (cast ? [.cast] : []))
        let agreeing = changed.filter { !kinds.isDisjoint(with: $0.kinds) }
            .reduce(0) { $0 + $1.entry.count }
        return Double(agreeing) / Double(total)
    }

    private func showing(_ kind: InspectionKind) -> [TensorFinding] {
        findings.filter { $0.kinds.contains(kind) }
    }

    private func count(_ kind: InspectionKind) -> Int {
        matrices.filter { $0.kinds.contains(kind) }.count
    }

    private func isShown(_ kind: InspectionKind) -> Bool {
        let showing = edited.filter { $0.kinds.contains(kind) }
        let elements = { (list: [TensorFinding]) in list.reduce(0) { $0 + $1.entry.count } }
        return !showing.isEmpty
            && (Double(showing.count) > Self.leastShare * Double(edited.count)
                || Double(elements(showing)) > Self.leastShare * Double(elements(edited)))
    }

    // MARK: - Operations in words

    private func operation(_ kind: InspectionKind) -> InspectedOperation {
        let shown = showing(kind)
        var numbers: [String: Double] = [:]
        let summary: String
        switch kind {
        case .orthogonalised: summary = orthogonalisation(shown, &numbers)
        case .lora:
            summary = adapters(shown, &numbers)
        case .fineTuned:
            numbers["relativeChange"] = relativeChange(shown)
            let isVectors = !shown.contains { $0.entry.isMatrix }
            summary = isVectors ? "norms or biases trained" : "weights trained without low rank"
        case .noise:
            numbers["relativeChange"] = relativeChange(shown)
            summary = "noise of \(percent(relativeChange(shown))) of the weights' norm"
        case .pruned:
            let share = mean(shown.compactMap { $0.pruning?.share })
            numbers["share"] = share
            let pattern = mostCommon(shown.compactMap { $0.pruning?.pattern.name })
            summary =
                "\(percent(share)) of the weights set to zero"
                + (pattern.map { " (\($0))" } ?? "")
        case .quantised:
            let scheme = mostCommon(shown.compactMap(\.scheme)) ?? "levels"
            if let grid = shown.first(where: { $0.scheme == scheme })?.grid {
                numbers["bits"] = Double(grid.bits)
                if case .columns(let size) = grid.grouping { numbers["groupSize"] = Double(size) }
            }
            summary = "rounded to \(scheme)"
        default: summary = "tensors that do not correlate with the base's"
        }
        return InspectedOperation(
            kind: kind, summary: summary + place(shown), tensorCount: shown.count,
            modules: modules(shown), layers: layers(shown), numbers: numbers)
    }

    /// Returns the ranks by projection: those of a whole adapter, where all have one.
    private func adapters(
        _ shown: [TensorFinding], _ numbers: inout [String: Double]
    ) -> String {
        let ranks = shown.compactMap(\.rank)
        func common(_ list: [TensorFinding]) -> Int {
            Int(mostCommon(list.compactMap(\.rank).map(String.init)) ?? "") ?? 0
        }
        let rank = common(shown)
        numbers["rank"] = Double(rank)
        numbers["greatestRank"] = Double(ranks.max() ?? 0)
        var byRank: [Int: [String]] = [:]
        for module in modules(shown) {
            let own = common(shown.filter { $0.entry.module == module })
            numbers["rank.\(module)"] = Double(own)
            byRank[own, default: []].append(module)
        }
        let text =
            byRank.count < 2
            ? "\(rank)"
            : byRank.sorted { $0.key < $1.key }.map {
                "\($0.key) (\($0.value.joined(separator: ", ")))"
            }.joined(separator: ", ")
        return shown.contains(where: \.rankIsLeast)
            ? "low-rank adapters of rank \(text) or more merged"
            : "low-rank adapters of rank \(text) merged, which explain the difference to rounding"
    }

    private func orthogonalisation(
        _ shown: [TensorFinding], _ numbers: inout [String: Double]
    ) -> String {
        let fits = shown.compactMap(\.fit)
        let strengths = fits.map(\.strength).sorted()
        let directions = SharedDirection(fits.map(\.direction))
        numbers["leastStrength"] = strengths.first
        numbers["greatestStrength"] = strengths.last
        numbers["directionOverlap"] = directions.overlap
        numbers["overlapByChance"] = directions.chance
        numbers["explained"] = mean(fits.map(\.explained))
        let strength =
            (strengths.last ?? 0) - (strengths.first ?? 0) < 0.01
            ? decimal(strengths.last ?? 0)
            : "\(decimal(strengths.first ?? 0)) to \(decimal(strengths.last ?? 0))"
        let isShared = directions.overlap > 0.5
        let what =
            isShared || fits.count < 2 ? "one direction" : "a direction for each matrix or layer"
        let isReflection = strengths.allSatisfy { abs($0 - 2) < 0.02 }
        return (isReflection ? "\(what) reflected" : "\(what) taken out")
            + " with strength \(strength)"
            + String(
                format: "; directions overlap by %.2f (%.3f by chance)", directions.overlap,
                directions.chance)
    }

    /// Returns a merge with the third checkpoint, if nine tenths of the changed matrices lie on its
    /// line.
    private func merge() -> InspectedOperation? {
        let merged = edited.filter { $0.kinds == [.merged] }
        let lines = merged.compactMap(\.line)
        guard !lines.isEmpty, lines.count * 10 >= edited.count * 9 else { return nil }
        let isExact = lines.filter(\.isExact).count * 2 > lines.count
        let weights = lines.map { isExact ? $0.weight : $0.sparseWeight }.sorted()
        let (low, middle, high) = (
            weights.first ?? 0, weights[weights.count / 2], weights.last ?? 0
        )
        let isOne = high - low <= 0.01 * max(1, abs(middle))
        let weight = isOne ? decimal(middle) : "\(decimal(low)) to \(decimal(high))"
        var numbers = ["weight": middle, "leastWeight": low, "greatestWeight": high]
        let kept = mean(lines.map(\.explained))
        if !isExact { numbers["density"] = kept }
        let name =
            !isExact
            ? "\(percent(kept)) of the third checkpoint's task vector added, times \(weight)"
            : !isOne
                ? "merged with the third checkpoint, its weight by tensor \(weight)"
                : middle < 0
                    ? "the third checkpoint's task vector subtracted, times \(decimal(-middle))"
                    : middle > 1.0001
                        ? "extrapolated through the third checkpoint to weight \(weight)"
                        : "interpolated with the third checkpoint, whose weight is \(weight)"
        return InspectedOperation(
            kind: .merged, summary: name + place(merged), tensorCount: merged.count,
            modules: modules(merged), layers: layers(merged), numbers: numbers)
    }

    private func relativeChange(_ list: [TensorFinding]) -> Double {
        mean(list.map(\.relativeChange))
    }

    private func mean(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    private func mostCommon(_ values: [String]) -> String? {
        var counts: [String: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    private func modules(_ list: [TensorFinding]) -> [String] {
        var seen: Set<String> = []
        return list.map(\.entry.module).filter { seen.insert($0).inserted }
    }

    private func layers(_ list: [TensorFinding]) -> [Int] {
        Set(list.compactMap(\.entry.layer)).sorted()
    }

    private func place(_ list: [TensorFinding]) -> String {
        let layers = layers(list)
        let span =
            layers.isEmpty
            ? ""
            : layers.count == 1
                ? " of layer \(layers[0])"
                : layers.count == (layers.last ?? 0) - layers[0] + 1
                    ? " of layers \(layers[0]) to \(layers.last ?? 0)"
                    : " of \(layers.count) layers"
        return ", in \(modules(list).joined(separator: ", "))\(span)"
    }
}

/// How far the directions of several matrices agree.
struct SharedDirection {
    /// The mean absolute cosine of pairs; 1 when there are fewer than two.
    let overlap: Double
    /// The expected value for random directions of the same width: sqrt(2 / (pi * width)).
    let chance: Double

    init(_ directions: [[Float]]) {
        let width = directions.first?.count ?? 1
        chance = (2 / (Double.pi * Double(max(1, width)))).squareRoot()
        let alike = directions.filter { $0.count == width }
        var (sum, pairs) = (0.0, 0)
        for first in alike.indices {
            for second in alike.indices where second > first {
                sum += abs(cosine(alike[first], alike[second]))
                pairs += 1
            }
        }
        overlap = pairs == 0 ? 1 : sum / Double(pairs)
    }
}
