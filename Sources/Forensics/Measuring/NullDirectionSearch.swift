// SPDX-License-Identifier: Apache-2.0
// The direction of the residual stream that the matrices write to least.

import Foundation
import Tensors

/// Looks for a direction r with r' W = 0 for every matrix W that writes to the residual stream, as
/// orthogonalisation at strength 1 leaves it (arXiv 2406.11717).
///
/// The sum of all W W' over their norms has r as its last eigenvector. It counts as found where
/// every r' W is within the rounding of W's values and the error of the eigenvector in fp32.
struct NullDirectionSearch {
    /// Wider streams are left alone: the sum's factorisation takes the cube of the width.
    static let greatestWidth = 4_096

    private let source: any WeightSource
    private var writers: [WeightEntry] = []
    private var gram: Tensor?
    private var tooWide: Int?

    init(_ source: any WeightSource) { self.source = source }

    /// Takes in a matrix that writes with its rows; others are not looked at.
    mutating func add(_ entry: WeightEntry) throws {
        guard entry.writes == .rows else { return }
        guard entry.rows <= Self.greatestWidth else {
            tooWide = entry.rows
            return
        }
        if let first = writers.first, first.rows != entry.rows { return }
        let matrix = try matrix(entry)
        let energy = matrix.square().sum()
        let part = matrix.matmul(matrix.transposed()) / energy
        gram = try (gram.map { $0 + part } ?? part).evaluated()
        writers.append(entry)
    }

    /// What was found.
    struct Result {
        let isFound: Bool
        let width: Int
        let names: Set<String>
        let modules: [String]
        let layers: [Int]
        /// The greatest norm of r' W over what a random direction would give.
        let greatestShare: Double
        let remark: String?
    }

    /// The direction that is written least, or nil when no matrix was looked at.
    func result() throws -> Result? {
        guard let gram, let width = writers.first?.rows, width > 1 else {
            return tooWide.map {
                Result(
                    isFound: false, width: $0, names: [], modules: [], layers: [],
                    greatestShare: .nan,
                    remark: "A stream \($0) wide is too wide to look for a missing direction.")
            }
        }
        let (u, values, _) = gram.singularValueDecomposition()
        let spectrum = try values.values().map(Double.init)
        let vector = try u.slice(axis: 1, from: width - 1, to: width).evaluated()
        let components = try vector.values().map(Double.init)
        // A perturbation of the sum by fp32's unit turns an eigenvector by its norm over the gap.
        let gap = spectrum[width - 2] - spectrum[width - 1]
        let turn =
            StoragePrecision.float32.halfUnit * Double(width).squareRoot()
            * spectrum[0] / max(gap, .leastNormalMagnitude)
        var greatest = 0.0
        var isNull = true
        for entry in writers {
            let matrix = try matrix(entry)
            let written = Double(try vector.transposed().matmul(matrix).square().sum().item())
            let energy = Double(try matrix.square().sum().item())
            var scan = ElementScan(rows: entry.rows, columns: entry.columns)
            let spare = FloatMemory(count: entry.count)
            try matrix.withBytes { bytes in
                guard let start = bytes.bindMemory(to: Float.self).baseAddress else { return }
                scan.add(
                    base: start, derived: start, difference: spare.values, rows: 0..<entry.rows)
            }
            let unit = 2 * TensorJudge.precision(scan.derivedFits).halfUnit
            let rounding = zip(components, scan.rowPowers)
                .reduce(0) { $0 + $1.0 * $1.0 * $1.1 * unit * unit / 3 }
            if written > rounding + turn * turn * energy { isNull = false }
            greatest = max(greatest, (written * Double(width) / energy).squareRoot())
            source.release(entry)
        }
        // A coordinate that no matrix writes to is a dead one, not a direction taken out.
        let isCoordinate = components.contains { $0 * $0 > 0.5 }
        var seen: Set<String> = []
        return Result(
            isFound: isNull && !isCoordinate, width: width, names: Set(writers.map(\.name)),
            modules: writers.map(\.module).filter { seen.insert($0).inserted },
            layers: Set(writers.compactMap(\.layer)).sorted(), greatestShare: greatest,
            remark: isNull && isCoordinate
                ? "One coordinate of the residual stream is written by no matrix." : nil)
    }

    private func matrix(_ entry: WeightEntry) throws -> Tensor {
        let memory = FloatMemory(count: entry.count)
        try source.read(entry, rows: 0..<entry.rows, into: memory.values)
        source.release(entry)
        return memory.tensor([entry.rows, entry.columns])
    }
}
