// SPDX-License-Identifier: Apache-2.0
// The largest singular values of a difference and their vectors, without the matrix in memory.

import Foundation
import Tensors

/// The leading singular triplets of a difference, by subspace iteration from random probes
/// (arXiv 0909.4061): three passes over its rows, and as many columns as probes in memory.
struct Spectrum {
    /// In descending order, as many as there were probes.
    let values: [Double]
    /// The left singular vectors, `[rows, probes]`.
    let left: Tensor
    /// The right singular vectors, `[columns, probes]`.
    let right: Tensor
    /// Whether there are as many probes as singular values.
    let isWhole: Bool

    /// Probes beyond the greatest rank that is told.
    static let spareProbes = 8

    /// The ranks that count as low: half of the singular values, and not so many that the probes
    /// may have missed some.
    var greatestLowRank: Int { isWhole ? values.count / 2 : values.count - Self.spareProbes }

    /// How many singular values stand above a floor.
    func rank(above floor: Double) -> Int { values.prefix { $0 > floor }.count }

    /// - Parameters:
    ///   - difference: the matrix.
    ///   - probes: how many triplets are wanted.
    ///   - scales: what rows and columns are multiplied with first.
    /// - Throws: when a tensor cannot be read or the engine fails.
    init(
        of difference: Difference, probes: Int, scales: (rows: [Float], columns: [Float])? = nil
    ) throws {
        let (rows, columns) = (difference.rows, difference.columns)
        let count = min(probes, rows, columns)
        isWhole = count == min(rows, columns)
        let scaleRows = scales.map { Tensor($0.rows, shape: [rows, 1]) }
        let scaleColumns = scales.map { Tensor($0.columns, shape: [1, columns]) }
        func forEachBlock(_ body: (Range<Int>, Tensor) throws -> Void) throws {
            try difference.forEachBlock { block in
                var matrix = block.difference
                if let scaleRows, let scaleColumns {
                    let part = scaleRows.slice(
                        axis: 0, from: block.rows.lowerBound, to: block.rows.upperBound)
                    matrix = matrix * part * scaleColumns
                }
                try body(block.rows, matrix)
            }
        }
        func timesRight(_ matrix: Tensor) throws -> Tensor {
            var parts: [Tensor] = []
            try forEachBlock { parts.append(try $1.matmul(matrix).evaluated()) }
            return Tensor.concatenated(parts)
        }
        let probe = Tensor.normal([columns, count], key: RandomKey(seed: 0x7E3A))
        let range = try timesRight(probe).qrDecomposition().q.evaluated()
        var projected = Tensor.zeros([columns, count])
        try forEachBlock { rows, block in
            let part = range.slice(axis: 0, from: rows.lowerBound, to: rows.upperBound)
            projected = try (projected + block.transposed().matmul(part)).evaluated()
        }
        let inputs = try projected.qrDecomposition().q.evaluated()
        let outputs = try timesRight(inputs).qrDecomposition()
        let (u, s, vt) = outputs.r.singularValueDecomposition()
        left = try outputs.q.matmul(u).evaluated()
        right = try inputs.matmul(vt.transposed()).evaluated()
        values = try s.values().map(Double.init)
    }
}
