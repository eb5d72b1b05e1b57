// SPDX-License-Identifier: Apache-2.0
// The difference of two tensors, in blocks of rows: kept where it is small, read again where not.

import Tensors

/// A base tensor and its derived one, read in blocks of rows.
final class Difference {
    /// The elements of a block, and of a tensor that is kept as a whole: 16 MiB and 256 MiB.
    static let blockElements = 1 << 22
    static let keptElements = 1 << 26

    /// Rows of the base and of the difference.
    struct Block {
        let rows: Range<Int>
        /// `[rows, columns]`.
        let base: Tensor
        /// `[rows, columns]`, zero where the derived value became zero.
        let difference: Tensor
    }

    let entry: WeightEntry
    let scan: ElementScan
    private let base: any WeightSource
    private let derived: any WeightSource
    private let baseEntry: WeightEntry
    private var kept: Block?

    var rows: Int { scan.rows }
    var columns: Int { scan.columns }

    /// Reads both tensors once.
    init(
        base: any WeightSource, _ baseEntry: WeightEntry, derived: any WeightSource,
        _ entry: WeightEntry
    ) throws {
        self.base = base
        self.derived = derived
        self.baseEntry = baseEntry
        self.entry = entry
        var scan = ElementScan(rows: entry.rows, columns: entry.columns)
        let isKept = entry.isMatrix && entry.count <= Self.keptElements
        let blockRows = Self.blockRows(entry)
        let size = (isKept ? entry.rows : blockRows) * entry.columns
        let (weights, differences) = (FloatMemory(count: size), FloatMemory(count: size))
        let values = FloatMemory(count: blockRows * entry.columns)
        for rows in Self.blocks(entry) {
            let place = isKept ? rows.lowerBound * entry.columns : 0
            try base.read(baseEntry, rows: rows, into: weights.values + place)
            try derived.read(entry, rows: rows, into: values.values)
            scan.add(
                base: weights.values + place, derived: values.values,
                difference: differences.values + place, rows: rows)
        }
        self.scan = scan
        guard scan.isFinite else {
            throw InspectionError(
                place: "\(derived.name), tensor \(entry.name)",
                problem: "it or the base's has a NaN or an infinity; export the checkpoint again")
        }
        guard isKept, scan.same[0] < scan.count else { return }
        let shape = [entry.rows, entry.columns]
        kept = Block(
            rows: 0..<entry.rows, base: weights.tensor(shape), difference: differences.tensor(shape)
        )
    }

    deinit {
        base.release(baseEntry)
        derived.release(entry)
    }

    /// Calls `body` with all rows, block by block.
    func forEachBlock(_ body: (Block) throws -> Void) throws {
        if let kept { return try body(kept) }
        for rows in Self.blocks(entry) {
            let count = rows.count * columns
            let (weights, differences) = (FloatMemory(count: count), FloatMemory(count: count))
            let values = FloatMemory(count: count)
            try base.read(baseEntry, rows: rows, into: weights.values)
            try derived.read(entry, rows: rows, into: values.values)
            for index in 0..<count {
                let (w, v) = (weights.values[index], values.values[index])
                differences.values[index] = v == 0 ? 0 : v - w
            }
            let shape = [rows.count, columns]
            try body(
                Block(
                    rows: rows, base: weights.tensor(shape), difference: differences.tensor(shape)))
        }
    }

    /// The values of a few rows of both tensors.
    func sample(rows: [Int]) throws -> (base: [[Float]], derived: [[Float]]) {
        func read(_ source: any WeightSource, _ entry: WeightEntry) throws -> [[Float]] {
            try rows.map { row in
                try [Float](unsafeUninitializedCapacity: columns) { buffer, count in
                    if let start = buffer.baseAddress {
                        try source.read(entry, rows: row..<row + 1, into: start)
                    }
                    count = columns
                }
            }
        }
        return (try read(base, baseEntry), try read(derived, entry))
    }

    static func blockRows(_ entry: WeightEntry) -> Int {
        max(1, min(entry.rows, blockElements / max(1, entry.columns)))
    }

    static func blocks(_ entry: WeightEntry) -> [Range<Int>] {
        let size = blockRows(entry)
        return stride(from: 0, to: entry.rows, by: size).map { $0..<min($0 + size, entry.rows) }
    }
}
