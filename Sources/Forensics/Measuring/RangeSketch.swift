// SPDX-License-Identifier: Apache-2.0
// Where a matrix sends most of its rows, gathered block by block while it is read.

import Foundation
import Tensors

/// The product D'D with random probes, from one pass over the rows of D: its columns span the right
/// singular vectors that matter, as a step of subspace iteration leaves them (arXiv:0909.4061).
///
/// D'D squares the singular values, and in fp32 the small ones would be lost. So the probes are
/// turned and scaled first, such that those of the first block come out as orthonormal columns. A
/// matrix that is one block is treated as if its first product were orthonormalised.
///
/// A few probes more do the same for D with its rows made equally strong, which the test for noise
/// needs.
struct RangeSketch {
    /// Probes for the matrix whose rows are equally strong.
    static let balancedProbes = 12

    /// Probes for the matrix as it is.
    let probes: Int
    /// `[columns, probes + balancedProbes]`, or fewer where the matrix is smaller.
    private(set) var products: Tensor
    private let balanced: Int
    private var directions: Tensor?

    init(rows: Int, columns: Int, probes: Int) {
        self.probes = min(probes, rows, columns)
        balanced = min(Self.balancedProbes, rows, columns)
        products = Tensor.zeros([columns, self.probes + balanced])
    }

    /// Takes in rows.
    ///
    /// - Parameters:
    ///   - block: Rows of D that are not all zero, `[rows, columns]`.
    ///   - scales: The inverse of each row's norm.
    /// - Throws: Errors of the engine.
    mutating func add(_ block: Tensor, scales: [Float]) throws {
        let directions = try self.directions ?? turnedProbes(for: block)
        self.directions = directions
        let reached = block.matmul(directions)
        let scale = Tensor(scales, shape: [scales.count, 1])
        let weighted = Tensor.concatenated(
            [
                reached.slice(axis: 1, from: 0, to: probes),
                reached.slice(axis: 1, from: probes, to: probes + balanced) * scale * scale,
            ], axis: 1)
        products = try (products + block.transposed().matmul(weighted)).evaluated()
    }

    /// Probes such that the block's products with them are orthonormal.
    private func turnedProbes(for block: Tensor) throws -> Tensor {
        let columns = block.shape[1]
        let raw = Tensor.normal([columns, probes], key: RandomKey(seed: 0x7E3A))
        let (_, s, vt) = block.matmul(raw).qrDecomposition().r.singularValueDecomposition()
        let values = try s.values()
        let least = max((values.first ?? 1) * 1e-6, .leastNormalMagnitude)
        let scales = (0..<probes).map { 1 / max($0 < values.count ? values[$0] : 0, least) }
        let turned = raw.matmul(vt.transposed() * Tensor(scales, shape: [1, probes]))
        let others = Tensor.normal([columns, balanced], key: RandomKey(seed: 0x7E3B))
        return try Tensor.concatenated([turned, others], axis: 1).evaluated()
    }
}
