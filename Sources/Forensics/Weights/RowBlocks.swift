// SPDX-License-Identifier: Apache-2.0
// Reads a tensor in blocks of rows, whose size does not depend on the tensor's.

/// The division of a tensor into blocks of rows.
struct RowBlocks {
    /// The elements of a block, 16 MiB. A longer row is a block of its own.
    private static let elements = 1 << 22

    let ranges: [Range<Int>]
    /// The elements of the largest block.
    let size: Int
    private let columns: Int

    init(_ entry: WeightEntry) {
        let (rows, columns) = (entry.rows, entry.columns)
        let height = max(1, min(rows, Self.elements / max(1, columns)))
        ranges = stride(from: 0, to: rows, by: height).map { $0..<min($0 + height, rows) }
        size = height * columns
        self.columns = columns
    }

    /// Reads a tensor's blocks one after the other, on all cores.
    func forEach(
        of entry: WeightEntry, in source: any WeightSource,
        _ body: (Range<Int>, FloatMemory) throws -> Void
    ) throws {
        var memory = FloatMemory(count: size)
        for rows in ranges {
            FloatMemory.renew(&memory)
            let target = memory.values
            _ = try Strips.map(rows, columns: columns) { strip in
                try source.read(
                    entry, rows: strip,
                    into: target + (strip.lowerBound - rows.lowerBound) * columns)
            }
            source.release(entry, rows: rows)
            try body(rows, memory)
        }
        source.release(entry, rows: 0..<entry.rows)
    }
}

extension WeightSource {
    /// Returns the values of a few rows.
    func rows(_ rows: [Int], of entry: WeightEntry) throws -> [[Float]] {
        try rows.map { row in
            try [Float](unsafeUninitializedCapacity: entry.columns) { buffer, count in
                if let start = buffer.baseAddress {
                    try read(entry, rows: row..<row + 1, into: start)
                }
                count = entry.columns
            }
        }
    }
}
