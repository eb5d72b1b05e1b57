// SPDX-License-Identifier: Apache-2.0
// The largest singular values of a difference and their vectors, without the matrix in memory.

import Foundation
import Tensors

/// The leading singular triplets of a difference, by subspace iteration from random probes
/// (arXiv:0909.4061). It takes one pass over the rows besides that of its ``RangeSketch``, and
/// memory for as many columns as probes.
struct Spectrum {
    /// The singular values in descending order, one for each probe.
    let values: [Double]
    /// The left singular vectors, `[rows, probes]`.
    let left: Tensor
    /// The right singular vectors, `[columns, probes]`.
    let right: Tensor
    /// Whether there are as many probes as singular values.
    let isWhole: Bool
    /// The largest singular value with rows and columns scaled to equal energy, divided by the root
    /// mean square of the scaled values.
    let balanced: Double

    /// The number of probes beyond the greatest rank that is reported.
    static let spareProbes = 8

    /// The greatest rank that counts as low: at most half of the singular values, and few enough
    /// that the probes cannot have missed some.
    var greatestLowRank: Int { isWhole ? values.count / 2 : values.count - Self.spareProbes }

    /// Returns how many singular values are above a floor.
    func rank(above floor: Double) -> Int { values.prefix { $0 > floor }.count }

    /// Computes the triplets.
    ///
    /// - Parameters:
    ///   - difference: The matrix.
    ///   - probes: The number of triplets wanted.
    /// - Throws: Errors of reading and of the engine.
    init(of difference: Difference, probes: Int) throws {
        let scan = difference.scan
        let sketch = try difference.sketch(probes: probes)
        let count = sketch.probes
        let all = sketch.products.shape[1]
        isWhole = count == min(difference.rows, difference.columns)
        let rowScales = Tensor(
            scan.rowScales(0..<scan.rows), shape: [scan.rows, 1])
        let squares = scan.balancedSquares.prefix(scan.columns).map(Double.init)
        let mean = squares.reduce(0, +) / Double(squares.count)
        let columnScales = Tensor(
            squares.map { $0 > 0 ? Float((mean / $0).squareRoot()) : 0 },
            shape: [squares.count, 1])
        func split(_ matrix: Tensor) -> (plain: Tensor, balanced: Tensor) {
            (
                matrix.slice(axis: 1, from: 0, to: count),
                matrix.slice(axis: 1, from: count, to: all)
            )
        }
        let reached = split(sketch.products)
        let inputs = reached.plain.qrDecomposition().q
        let balancedInputs = (reached.balanced * columnScales).qrDecomposition().q
        let outputs = split(
            try difference.product(
                with: Tensor.concatenated([inputs, balancedInputs * columnScales], axis: 1)
                    .evaluated()))
        let (q, r) = outputs.plain.qrDecomposition()
        let (u, s, vt) = r.singularValueDecomposition()
        left = try q.matmul(u).evaluated()
        right = try inputs.matmul(vt.transposed()).evaluated()
        values = try s.values().map(Double.init)
        let largest = try (outputs.balanced * rowScales).qrDecomposition().r
            .singularValueDecomposition().values.values().first
        let spread = (mean / Double(scan.rows)).squareRoot()
        balanced = spread > 0 ? Double(largest ?? 0) / spread : 0
    }
}
