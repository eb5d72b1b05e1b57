// SPDX-License-Identifier: Apache-2.0
// The difference of two tensors, in blocks of rows that are read when they are needed.

import JSONText
import Tensors

/// A base tensor and the derived one. At most one block of rows is in memory.
///
/// The first pass computes the sums and the sketch that a ``Spectrum`` starts from; the spectrum
/// makes the second pass. Where the derived value became zero, the difference is taken as zero, so
/// that pruning does not hide other changes.
final class Difference {
    /// The number of singular vectors computed: ranks up to 72 are distinguished from full rank.
    static let probes = 80

    let entry: WeightEntry
    private(set) var scan: ElementScan
    private var sketch: RangeSketch
    private let base: any WeightSource
    private let derived: any WeightSource
    private let baseEntry: WeightEntry
    private let willRead: (Int) throws -> Void
    /// The blocks with a difference.
    private var changed: [Range<Int>] = []

    var rows: Int { entry.rows }
    var columns: Int { entry.columns }

    /// Reads both tensors once.
    ///
    /// - Parameters:
    ///   - base: The source of the base's tensor.
    ///   - baseEntry: The base's tensor.
    ///   - derived: The source of the derived tensor.
    ///   - entry: The derived tensor, of the same shape.
    ///   - probes: The number of singular vectors that will probably be asked for.
    ///   - willRead: Called before each block, in this pass and in later ones, with its number of
    ///     elements.
    /// - Throws: `InputError` for NaN; errors of reading, of the engine and of `willRead`.
    init(
        base: any WeightSource, _ baseEntry: WeightEntry, derived: any WeightSource,
        _ entry: WeightEntry, probes: Int = Difference.probes,
        willRead: @escaping (Int) throws -> Void = { _ in }
    ) throws {
        self.base = base
        self.derived = derived
        self.baseEntry = baseEntry
        self.entry = entry
        self.willRead = willRead
        scan = ElementScan(columns: entry.columns)
        sketch = RangeSketch(rows: entry.rows, columns: entry.columns, probes: probes)
        let blocks = RowBlocks(entry)
        let (weights, values) = (FloatMemory(count: blocks.size), FloatMemory(count: blocks.size))
        var differences = FloatMemory(count: blocks.size)
        for rows in blocks.ranges {
            try willRead(rows.count * entry.columns)
            FloatMemory.renew(&differences)
            let target = differences.values
            let parts = try Strips.map(rows, columns: entry.columns) { strip in
                let place = (strip.lowerBound - rows.lowerBound) * entry.columns
                let (w, v) = (weights.values + place, values.values + place)
                try base.read(baseEntry, rows: strip, into: w)
                try derived.read(entry, rows: strip, into: v)
                var part = ElementScan(columns: entry.columns)
                part.add(base: w, derived: v, difference: target + place, rows: strip.count)
                return part
            }
            base.release(baseEntry, rows: rows)
            derived.release(entry, rows: rows)
            var isChanged = false
            for part in parts {
                guard part.isFinite else {
                    throw InputError(
                        file: derived.name, position: "tensor \(entry.name)",
                        "it or the base's has a NaN or an infinity",
                        remedy: "export the checkpoint again")
                }
                isChanged = isChanged || part.squareDifference > 0
                scan.append(part)
            }
            guard isChanged else { continue }
            changed.append(rows)
            guard entry.isMatrix else { continue }
            try sketch.add(
                differences.tensor([rows.count, entry.columns]), scales: scan.rowScales(rows))
        }
    }

    deinit {
        base.release(baseEntry, rows: 0..<baseEntry.rows)
        derived.release(entry, rows: 0..<entry.rows)
    }

    /// Returns the sketch of the difference: that of the first pass, or one of another pass when
    /// more probes are needed.
    func sketch(probes: Int) throws -> RangeSketch {
        var finer = RangeSketch(rows: rows, columns: columns, probes: probes)
        guard finer.probes != sketch.probes else { return sketch }
        try forEachChange { rows, block in try finer.add(block, scales: scan.rowScales(rows)) }
        return finer
    }

    /// Returns the product of the difference with a matrix `[columns, n]`, as `[rows, n]`. It takes
    /// one pass.
    func product(with matrix: Tensor) throws -> Tensor {
        var parts: [Tensor] = []
        var end = 0
        func skip(to row: Int) {
            if row > end { parts.append(Tensor.zeros([row - end, matrix.shape[1]])) }
        }
        try forEachChange { rows, block in
            skip(to: rows.lowerBound)
            parts.append(try block.matmul(matrix).evaluated())
            end = rows.upperBound
        }
        skip(to: rows)
        return try Tensor.concatenated(parts).evaluated()
    }

    private func forEachChange(_ body: (Range<Int>, Tensor) throws -> Void) throws {
        let size = RowBlocks(entry).size
        let weights = FloatMemory(count: size)
        var differences = FloatMemory(count: size)
        for rows in changed {
            try willRead(rows.count * columns)
            FloatMemory.renew(&differences)
            let target = differences.values
            _ = try Strips.map(rows, columns: columns) { strip in
                let place = (strip.lowerBound - rows.lowerBound) * columns
                let (w, d) = (weights.values + place, target + place)
                try base.read(baseEntry, rows: strip, into: w)
                try derived.read(entry, rows: strip, into: d)
                for index in 0..<strip.count * columns {
                    d[index] = d[index] == 0 ? 0 : d[index] - w[index]
                }
            }
            base.release(baseEntry, rows: rows)
            derived.release(entry, rows: rows)
            try body(rows, differences.tensor([rows.count, columns]))
        }
    }

    /// Calls `body` with all rows of the base, block by block.
    func forEachBaseBlock(_ body: (Range<Int>, Tensor) throws -> Void) throws {
        try RowBlocks(entry).forEach(of: baseEntry, in: base) { rows, memory in
            try body(rows, memory.tensor([rows.count, columns]))
        }
    }

    /// Returns the values of a few rows of both tensors.
    func sample(rows: [Int]) throws -> (base: [[Float]], derived: [[Float]]) {
        (try base.rows(rows, of: baseEntry), try derived.rows(rows, of: entry))
    }
}
