// SPDX-License-Identifier: Apache-2.0
// Tests whether values lie on the levels of a quantisation: how they are grouped, and how many
// levels there are.

import Foundation

/// The evenly spaced levels on which the values of every group of a matrix lie.
struct QuantisationGrid: Hashable {
    /// The number of neighbours in a row that share a scale.
    enum Grouping: Hashable {
        case tensor
        case row
        case columns(Int)
    }

    let grouping: Grouping
    /// The bits needed to number the levels.
    let bits: Int
    /// Whether zero is a level of every group; otherwise levels have an offset.
    let isSymmetric: Bool
    /// Whether every step is a binary16 number, as GGUF stores it.
    let hasHalfSteps: Bool
    /// The share of values, apart from those at a group's outermost levels, that moved by more than
    /// half a step. It is zero after plain rounding to the nearest level.
    var movedShare = 0.0
    /// The share of values that moved by more than a step and a half.
    var farShare = 0.0
    /// The share of zeros whose base value is more than a step and a half away.
    var farZeroShare = 0.0

    /// The name of the scheme in the tools that write it.
    var name: String {
        let offset = isSymmetric ? "" : ", with offset"
        switch grouping {
        case .tensor: return "int\(bits), one scale for the tensor\(offset)"
        case .row: return "int\(bits), a scale for each row\(offset)"
        case .columns(32) where hasHalfSteps && [4, 5, 8].contains(bits):
            if bits == 8 { return isSymmetric ? "GGUF Q8_0" : "GGUF Q8_1" }
            return isSymmetric ? "GGUF Q\(bits)_0" : "GGUF Q\(bits)_1"
        case .columns(let size): return "int\(bits), groups of \(size)\(offset)"
        }
    }

    /// Returns whether two grids have the same scheme, whatever their scales.
    func isLike(_ other: QuantisationGrid) -> Bool {
        grouping == other.grouping && bits == other.bits && isSymmetric == other.isSymmetric
    }

    /// Searches for levels in rows of a matrix, the widest groups first.
    ///
    /// - Parameters:
    ///   - rows: Some rows of the derived matrix.
    ///   - base: The same rows of the base, if there is one.
    ///   - precision: The type to which the derived values were rounded.
    init?(rows: [[Float]], base: [[Float]]?, precision: StoragePrecision) {
        let columns = rows.first?.count ?? 0
        guard columns >= 8 else { return nil }
        let sizes = [columns] + [256, 128, 64, 32, 16].filter { $0 < columns }
        for grouping in [Grouping.tensor] + sizes.map({ $0 == columns ? .row : .columns($0) }) {
            func groups(_ rows: [[Float]]) -> [[Float]] {
                switch grouping {
                case .tensor: [rows.flatMap(\.self)]
                case .row: rows
                case .columns(let size):
                    rows.flatMap { row in
                        Self.starts(columns: columns, size: size).map { Array(row[$0..<$0 + size]) }
                    }
                }
            }
            if let grid = Self(
                groups: groups(rows), base: base.map(groups), grouping: grouping,
                precision: precision)
            {
                self = grid
                return
            }
        }
        return nil
    }

    /// Returns the starts of up to eight whole groups in a row.
    private static func starts(columns: Int, size: Int) -> [Int] {
        let count = columns / size
        let step = max(1, count / 8)
        return Array(stride(from: 0, to: count, by: step).map { $0 * size }.prefix(8))
    }

    private init?(
        groups: [[Float]], base: [[Float]]?, grouping: Grouping, precision: StoragePrecision
    ) {
        var levels: [GroupLevels] = []
        var tried = 0
        var (moved, far, inner, zeros, farZeros) = (0, 0, 0, 0, 0)
        for (index, group) in groups.enumerated() {
            guard group.contains(where: { $0 != group[0] }) else { continue }
            tried += 1
            guard let found = GroupLevels(group, precision: precision) else {
                // A group whose levels have no two neighbours can fail; one in ten may.
                if (tried - levels.count) * 10 > max(groups.count, 10) { return nil }
                continue
            }
            levels.append(found)
            guard let base else { continue }
            let (least, greatest) = (group.min() ?? 0, group.max() ?? 0)
            for (value, old) in zip(group, base[index]) where value > least && value < greatest {
                let distance = abs(Double(value) - Double(old)) / found.step
                inner += 1
                if distance > 0.5 + found.tolerance(value) { moved += 1 }
                if distance > 1.5 { far += 1 }
                if value == 0 {
                    zeros += 1
                    if distance > 1.5 { farZeros += 1 }
                }
            }
        }
        guard let widest = levels.map(\.levelCount).max(), levels.count * 10 >= tried * 9 else {
            return nil
        }
        self.grouping = grouping
        isSymmetric = levels.allSatisfy { $0.isSymmetric }
        bits = max(2, Int(log2(Double(max(widest, 2))).rounded(.up)))
        hasHalfSteps = levels.allSatisfy { level in
            let step = SIMD8<Float>(repeating: Float(level.step))
            return abs(halves(step)[0] / step[0] - 1) < 1e-6
        }
        movedShare = inner > 0 ? Double(moved) / Double(inner) : 0
        farShare = inner > 0 ? Double(far) / Double(inner) : 0
        farZeroShare = zeros > 0 ? Double(farZeros) / Double(zeros) : 0
    }
}

/// The levels of one group.
private struct GroupLevels {
    let step: Double
    let isSymmetric: Bool
    /// The number of levels between the outermost two, which are included; for symmetric levels, on
    /// both sides of zero.
    let levelCount: Int
    private let origin: Double
    private let relativeError: Double

    /// Returns how far a value may be from its level, in steps.
    func tolerance(_ value: Float) -> Double {
        (abs(Double(value)) + abs(origin)) * relativeError / step
    }

    /// Finds levels, if values from a continuous distribution would lie so close to them with a
    /// probability below 10^-9, counting all levels that were tried.
    init?(_ group: [Float], precision: StoragePrecision) {
        // The product of scale and level was rounded, and rounded again when it was stored.
        let relativeError = precision == .float32 ? 0x1p-21 : 2.2 * precision.halfUnit
        // 8 bits have 256 levels. More distinct values are not on one grid.
        var values: Set<Float> = []
        for value in group where values.insert(value).inserted && values.count > 257 { return nil }
        let distinct = values.sorted().map(Double.init)
        guard let least = distinct.first, let greatest = distinct.last else { return nil }
        let magnitudes = Set(distinct.map(abs) + [0]).sorted()
        let extent = magnitudes.last ?? 0
        func steps(_ sorted: [Double], _ extent: Double, _ counts: [Double]) -> [Double] {
            let gaps = zip(sorted.dropFirst(), sorted).map { $0 - $1 }
                .filter { $0 > extent * relativeError * 4 }
            let gap = gaps.min() ?? extent
            return counts.map { extent / $0 } + [1, 2, 3].map { gap / $0 }
        }
        let symmetric = steps(
            magnitudes, extent, [1, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128])
        let shifted = steps(distinct, greatest - least, [3, 7, 15, 31, 63, 255])
        let chances = Double((symmetric.count + shifted.count) * distinct.count)
        // Zero is a level of most schemes. Of the steps that fit, the widest counts.
        let candidates =
            symmetric.sorted(by: >).map { (0.0, $0, true) }
            + shifted.sorted(by: >).map { (least, $0, false) }
        for (origin, rough, isSymmetric) in candidates {
            // The whole extent gives the step more exactly than one gap does.
            let whole = isSymmetric ? extent : greatest - least
            let step = rough > 0 ? whole / max(1, (whole / rough).rounded()) : 0
            guard step > 0 else { continue }
            let span = ((isSymmetric ? 2 * extent : greatest - least) / step).rounded()
            guard span <= 256 else { continue }
            var logChance = log10(chances)
            let fits = group.allSatisfy { value in
                let level = (Double(value) - origin) / step
                let tolerance =
                    (abs(Double(value)) + abs(origin)) * relativeError / step + 1e-9
                // Pruning makes zeros, too: they are on the grid, but they are no evidence for it.
                guard tolerance < 0.25, value != 0 else { return true }
                logChance += log10(2 * tolerance)
                return abs(level - level.rounded()) <= tolerance
            }
            // Two values define the levels, so these two always lie on them.
            if fits, logChance - 2 * log10(4 * relativeError) < -9 {
                self.step = step
                self.origin = origin
                self.isSymmetric = isSymmetric
                self.relativeError = relativeError
                levelCount = Int(span) + (isSymmetric && Int(span).isMultiple(of: 16) ? 0 : 1)
                return
            }
        }
        return nil
    }
}
