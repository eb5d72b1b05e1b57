// SPDX-License-Identifier: Apache-2.0
// Compares the rows of two matrices of different height, such as those of a resized vocabulary.

import Foundation

/// What became of the rows of a matrix that has more or fewer of them than the base's.
struct RowComparison {
    let base: WeightEntry
    let derived: WeightEntry
    /// The rows with the base's values of the same index, to within rounding to a narrower type.
    private(set) var same = IndexSet()
    /// The rows with the values of another row of the base, once both are rounded to BF16.
    private(set) var moved = IndexSet()
    /// The rows that the base has with other values.
    private(set) var changed = IndexSet()
    /// The added rows that equal no row of the base.
    private(set) var new = IndexSet()
    /// How many new rows are all zero, and how many are the mean of the base's rows.
    private(set) var newZeros = 0
    private(set) var newMeans = 0

    /// A new row counts as the mean if its squared distance from it is below this share of the base
    /// rows' variance. Rows that are drawn around the mean to extend a vocabulary are nearer still.
    private static let nearMean = 0.01

    /// The number of the base's rows that no row is left of.
    var dropped: Int { max(0, base.rows - same.count - moved.count - changed.count) }

    /// Whether rows were rearranged, so that rows of one index do not correspond.
    var isRearranged: Bool { moved.count > same.count }

    /// Compares the rows. Both matrices are read, and one number is kept for each of their rows.
    ///
    /// - Parameters:
    ///   - base: The base's matrix.
    ///   - source: Where it is read from.
    ///   - derived: The derived matrix, with as many columns.
    ///   - other: Where it is read from.
    /// - Throws: Errors of reading.
    init(
        _ base: WeightEntry, of source: any WeightSource, with derived: WeightEntry,
        of other: any WeightSource
    ) throws {
        self.base = base
        self.derived = derived
        let columns = base.columns
        var statistics = RowStatistics(columns: columns)
        try RowBlocks(base).forEach(of: base, in: source) { rows, memory in
            for row in 0..<rows.count { statistics.add(memory.values + row * columns) }
        }
        let own = FloatMemory(count: RowBlocks(derived).size)
        try RowBlocks(derived).forEach(of: derived, in: other) { rows, memory in
            let shared = rows.clamped(to: 0..<base.rows)
            if !shared.isEmpty { try source.read(base, rows: shared, into: own.values) }
            for row in rows {
                let start = (row - rows.lowerBound) * columns
                let values = UnsafePointer(memory.values + start)
                let isShared = row < base.rows
                if isShared, Self.isSame(own.values + start, values, columns) {
                    same.insert(row)
                } else if statistics.holds(values) {
                    moved.insert(row)
                } else if isShared {
                    changed.insert(row)
                } else {
                    new.insert(row)
                    if (0..<columns).allSatisfy({ values[$0] == 0 }) {
                        newZeros += 1
                    } else if statistics.distance(of: values) < Self.nearMean {
                        newMeans += 1
                    }
                }
            }
        }
    }

    /// Returns whether a row has the base's values, or these rounded to one of the types.
    private static func isSame(
        _ base: UnsafePointer<Float>, _ derived: UnsafePointer<Float>, _ columns: Int
    ) -> Bool {
        var isSame = SIMD4<Int32>(1, 1, 1, 0)
        for column in stride(from: 0, to: columns, by: 8) {
            let count = min(8, columns - column)
            let (w, v) = (load(base + column, count), load(derived + column, count))
            if w != v { isSame[0] = 0 }
            if halves(w) != v { isSame[1] = 0 }
            if brainHalves(w) != v { isSame[2] = 0 }
            if isSame == SIMD4() { return false }
        }
        return true
    }

    /// Returns rows in words, such as `0 to 31,999 and 32,005`.
    static func text(_ rows: IndexSet) -> String {
        let count = rows.rangeView.count
        return count > 3 ? "\(rows.count) rows" : Structure.list(Array(rows), "row")
    }
}

/// What is kept of a base's rows: their sums, and a hash of each.
private struct RowStatistics {
    private let columns: Int
    private var sums: [Double]
    private var square = 0.0
    private var count = 0
    private var hashes: Set<UInt64> = []

    init(columns: Int) {
        self.columns = columns
        sums = Array(repeating: 0, count: columns)
    }

    mutating func add(_ values: UnsafePointer<Float>) {
        for column in 0..<columns {
            let value = Double(values[column])
            sums[column] += value
            square += value * value
        }
        count += 1
        if let hash = hash(values) { hashes.insert(hash) }
    }

    func holds(_ values: UnsafePointer<Float>) -> Bool {
        hash(values).map(hashes.contains) ?? false
    }

    /// Returns the squared distance from the mean of the rows, relative to their variance.
    func distance(of values: UnsafePointer<Float>) -> Double {
        let (rows, sums) = (Double(max(1, count)), sums)
        var (distance, meanSquare) = (0.0, 0.0)
        for column in 0..<columns {
            let mean = sums[column] / rows
            distance += (Double(values[column]) - mean) * (Double(values[column]) - mean)
            meanSquare += mean * mean
        }
        let variance = square / rows - meanSquare
        return variance > 0 ? distance / variance : .infinity
    }

    /// Returns a hash of the values after rounding to BF16; nil for zeros, which are padding.
    private func hash(_ values: UnsafePointer<Float>) -> UInt64? {
        var (hash, bits) = (UInt64(0xCBF2_9CE4_8422_2325), UInt32(0))
        for column in stride(from: 0, to: columns, by: 8) {
            let rounded = unsafeBitCast(
                brainHalves(load(values + column, min(8, columns - column))), to: SIMD8<UInt32>.self
            )
            for lane in 0..<8 {
                bits |= rounded[lane] << 1
                hash = (hash ^ UInt64(rounded[lane])) &* 0x0000_0100_0000_01B3
            }
        }
        return bits == 0 ? nil : hash
    }
}
