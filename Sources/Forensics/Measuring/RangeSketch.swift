// SPDX-License-Identifier: Apache-2.0
// A sketch of the row space of a matrix, computed block by block while the matrix is read.

import Foundation
import Tensors

/// The product D'D with random probes, from one pass over the rows of D. As after a step of
/// subspace iteration, its columns span the leading right singular vectors (arXiv:0909.4061).
///
/// D'D squares the singular values, and in fp32 the small ones would be lost. So the probes are
/// first transformed such that the products with the first block are orthonormal columns. For a
/// matrix of one block this orthonormalises the first product.
///
/// A few more probes do the same for D with rows of equal norm, which the test for noise needs.
struct RangeSketch {
    /// The number of probes for the matrix with rows of equal norm.
    static let balancedProbes = 12

    /// The number of probes for the matrix as it is.
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

    /// Adds rows.
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

    /// Returns probes such that the block's products with them are orthonormal.
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
