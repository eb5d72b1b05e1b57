// SPDX-License-Identifier: Apache-2.0
// Finds the direction of the residual stream that the matrices write to least.

import Foundation
import Tensors

/// Searches for a direction r with r' W = 0 for every matrix W that writes to the residual stream.
/// Orthogonalisation at strength 1 leaves such a direction (arXiv:2406.11717).
///
/// The sum of all W W', each divided by its norm, has r as its last eigenvector. Wide matrices are
/// replaced by random combinations of their columns: if r is removed from all columns, it is
/// removed from these. The direction counts as found when every r' W is within the rounding of W's
/// values and the error of the eigenvector in fp32.
struct NullDirectionSearch {
    /// Wider streams are skipped: the sum and its factorisation take 16 bytes times the square of
    /// the width, here 2.3 GiB.
    static let greatestWidth = 12_288
    /// The least number of columns that replace a matrix's, and the number for all matrices
    /// together, over the width. It keeps the sum's eigenvalues within a factor of 2.4.
    private static let leastColumns = 512
    private static let columnsOverWidth = 8

    /// A matrix that writes with its rows.
    private struct Writer {
        let entry: WeightEntry
        let rowPowers: [Double]
        /// A unit in the last place of its values, relative to their power of two.
        let unit: Double
        let energy: Double
    }

    private let source: any WeightSource
    private let entries: [WeightEntry]
    private let columns: Int
    private var writers: [Writer] = []
    private var parts: [Tensor] = []
    /// The matrices that combine the columns, by the number of columns.
    private var mixing: [Int: Tensor] = [:]
    private var gram: Tensor?

    let width: Int

    /// The number of elements that the second pass will read.
    var count: Int { isTooWide ? 0 : entries.reduce(0) { $0 + $1.count } }

    private var isTooWide: Bool { width > Self.greatestWidth }

    init(_ source: any WeightSource) {
        self.source = source
        let all = source.entries.filter { $0.writes == .rows }
        let width = all.first?.rows ?? 0
        self.width = width
        entries = all.filter { $0.rows == width }
        columns = max(Self.leastColumns, Self.columnsOverWidth * width / max(1, entries.count))
    }

    /// Adds rows of a tensor. Tensors that do not write to the stream are ignored.
    mutating func add(_ block: Tensor, of entry: WeightEntry) throws {
        guard !isTooWide, entries.contains(entry) else { return }
        guard entry.columns > columns else { return parts.append(block) }
        let mixing =
            try self.mixing[entry.columns]
            ?? (Tensor.normal([entry.columns, columns], key: RandomKey(seed: 0x7E3C))
            * (1 / Float(columns).squareRoot())).evaluated()
        self.mixing[entry.columns] = mixing
        parts.append(try block.matmul(mixing).evaluated())
    }

    /// Completes a tensor after all of its rows were added.
    mutating func finish(_ entry: WeightEntry, scan: ElementScan) throws {
        defer { parts = [] }
        guard !parts.isEmpty, scan.squareDerived > 0 else { return }
        let rows = Tensor.concatenated(parts)
        let sum = gram ?? Tensor.zeros([width, width])
        gram = try Tensor.addingProduct(
            sum, rows, rows.transposed(), alpha: Float(1 / scan.squareDerived)
        ).evaluated()
        writers.append(
            Writer(
                entry: entry, rowPowers: scan.rowPowers,
                unit: 2 * StoragePrecision.narrowest(scan.derivedFits).halfUnit,
                energy: scan.squareDerived))
    }

    /// The result of the search.
    struct Result {
        let isFound: Bool
        let names: Set<String>
        let modules: [String]
        let layers: [Int]
        /// The greatest norm of r' W, relative to that of a random direction.
        let greatestShare: Double
        let remark: String?
    }

    /// Tests the direction that is written least.
    ///
    /// - Parameter willRead: Called before each block with its number of elements.
    /// - Returns: The result, or nil when no matrix was added.
    /// - Throws: Errors of reading, of the engine and of `willRead`.
    func result(willRead: (WeightEntry, Int) throws -> Void) throws -> Result? {
        guard let gram, width > 1 else {
            let remark = "A stream \(width) wide is too wide to look for a missing direction."
            return isTooWide
                ? Result(
                    isFound: false, names: [], modules: [], layers: [], greatestShare: .nan,
                    remark: remark)
                : nil
        }
        let least = try LeastEigenvector(of: gram)
        // If the sum is off by a matrix of norm e, the eigenvector turns so far that the energy
        // along it grows by e^2 over the gap.
        let error =
            StoragePrecision.float32.halfUnit * Double(width).squareRoot() * least.greatestValue
        let arithmetic = error * error / max(least.gap, .leastNormalMagnitude)
        let components = try least.vector.values().map(Double.init)
        var greatest = 0.0
        var isNull = true
        for writer in writers {
            var sum = Tensor.zeros([1, writer.entry.columns])
            try RowBlocks(writer.entry).forEach(of: writer.entry, in: source) { rows, memory in
                try willRead(writer.entry, rows.count * writer.entry.columns)
                let part = least.vector.slice(
                    axis: 0, from: rows.lowerBound, to: rows.upperBound)
                let block = memory.tensor([rows.count, writer.entry.columns])
                sum = try (sum + part.transposed().matmul(block)).evaluated()
            }
            let written = Double(try sum.square().sum().item())
            let rounding = zip(components, writer.rowPowers)
                .reduce(0) { $0 + $1.0 * $1.0 * $1.1 * writer.unit * writer.unit / 3 }
            if written > rounding + arithmetic * writer.energy { isNull = false }
            greatest = max(greatest, (written * Double(width) / writer.energy).squareRoot())
        }
        // A coordinate that no matrix writes to is a dead coordinate, not a removed direction.
        let isCoordinate = components.contains { $0 * $0 > 0.5 }
        var seen: Set<String> = []
        return Result(
            isFound: isNull && !isCoordinate, names: Set(writers.map(\.entry.name)),
            modules: writers.map(\.entry.module).filter { seen.insert($0).inserted },
            layers: Set(writers.compactMap(\.entry.layer)).sorted(), greatestShare: greatest,
            remark: isNull && isCoordinate
                ? "One coordinate of the residual stream is written by no matrix." : nil)
    }
}
