// SPDX-License-Identifier: Apache-2.0
// Whether values lie on the levels of a quantisation: which groups share a scale, how many levels.

import Foundation

/// Evenly spaced levels that the values of every group of a matrix lie on.
struct QuantisationGrid: Hashable {
    /// How many neighbours in a row share a scale.
    enum Grouping: Hashable {
        case tensor
        case row
        case columns(Int)
    }

    let grouping: Grouping
    /// Bits that the levels take.
    let bits: Int
    /// Whether zero is a level of every group; otherwise levels have an offset.
    let isSymmetric: Bool
    /// Whether every step is a binary16 number, as GGUF stores it.
    let hasHalfSteps: Bool
    /// The share of values, apart from those at a group's outermost levels, that moved by more than
    /// half a step: none when nothing but rounding to the nearest level was done.
    var movedShare = 0.0
    /// The share that moved by more than a step and a half.
    var farShare = 0.0
    /// The share of zeros whose base value lies more than a step and a half away.
    var farZeroShare = 0.0

    /// The scheme in the words of the tools that write it.
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

    /// Returns whether it is the same scheme, whatever its scales.
    func isLike(_ other: QuantisationGrid) -> Bool {
        grouping == other.grouping && bits == other.bits && isSymmetric == other.isSymmetric
    }

    /// Looks for levels in rows of a matrix, the widest groups first.
    ///
    /// - Parameters:
    ///   - rows: Some rows of the derived matrix.
    ///   - base: The same rows of the base, if there is one.
    ///   - precision: What the derived values were rounded to.
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

    /// Up to eight whole groups of a row.
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
                // A group whose levels have no two neighbours can fail; every tenth may.
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
    /// Levels between the outermost two, both counted; for symmetric ones on both sides of zero.
    let levelCount: Int
    private let origin: Double
    private let relativeError: Double

    /// Returns how far a value may be off its level, in steps.
    func tolerance(_ value: Float) -> Double {
        (abs(Double(value)) + abs(origin)) * relativeError / step
    }

    /// Finds levels such that the chance of values drawn from a continuum to lie so close to levels
    /// is below 10^-9, over all the levels that were tried.
    init?(_ group: [Float], precision: StoragePrecision) {
        // The scale's product with the level was rounded, and then what is stored.
        let relativeError = precision == .float32 ? 0x1p-21 : 2.2 * precision.halfUnit
        // More distinct values than 8 bits have levels are not on one grid.
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
        // Zero is a level of most schemes; among steps, the widest that fits.
        let candidates =
            symmetric.sorted(by: >).map { (0.0, $0, true) }
            + shifted.sorted(by: >).map { (least, $0, false) }
        for (origin, rough, isSymmetric) in candidates {
            // The whole extent tells the step better than a gap does.
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
                // Pruning makes zeros, too: they are on the grid, but say nothing for it.
                guard tolerance < 0.25, value != 0 else { return true }
                logChance += log10(2 * tolerance)
                return abs(level - level.rounded()) <= tolerance
            }
            // Two values define the levels; they are on them in any case.
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
