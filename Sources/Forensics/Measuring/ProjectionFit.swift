// SPDX-License-Identifier: Apache-2.0
// Tests whether a matrix was changed by removing a direction from its output: D = -s r r' W.

import Foundation
import Tensors

/// The best explanation of a difference as directions removed from the residual stream.
///
/// Orthogonalisation makes D = -s r r' W (arXiv:2406.11717), so that the right singular vector of D
/// is W' r: the difference follows from the base and one direction. The right singular vector of a
/// trained update is independent of the base. With the leading left vectors U of D, least squares
/// gives the matrix A for which D = -U A U' W fits best. For a reflection I - 2 r r' it is 2, for
/// weaker edits less than 1.
struct ProjectionFit {
    /// The share of the difference's energy that the fit explains, 0 to 1. Random directions in
    /// place of W' r would explain the number of directions divided by the number of columns.
    let explained: Double
    /// The strength s of the strongest direction.
    let strength: Double
    /// The strongest direction r, `width` numbers.
    let direction: [Float]
    /// The most directions allowed.
    let directions: Int

    /// Fits directions to a difference.
    ///
    /// - Parameters:
    ///   - difference: The change of a matrix that writes to the stream.
    ///   - side: The axis of the matrix that is the stream.
    ///   - spectrum: The spectrum of the difference.
    ///   - directions: The most directions allowed.
    ///   - total: The energy of the difference to be explained.
    /// - Throws: Errors of reading and of the engine.
    init?(
        _ difference: Difference, side: StreamSide, spectrum: Spectrum, directions: Int,
        total: Double
    ) throws {
        let count = min(directions, spectrum.values.count)
        let (stream, other) =
            side == .rows
            ? (spectrum.left, spectrum.right) : (spectrum.right, spectrum.left)
        let basis = stream.slice(axis: 1, from: 0, to: count)  // [width, count]
        let values = spectrum.values.prefix(count).map(Float.init)
        // The part of D along the basis, [other, count].
        let held = other.slice(axis: 1, from: 0, to: count) * Tensor(values, shape: [1, count])
        var parts: [Tensor] = []
        try difference.forEachBaseBlock { rows, block in
            switch side {
            case .columns: parts.append(try block.matmul(basis).evaluated())
            case .rows:
                let part = basis.slice(axis: 0, from: rows.lowerBound, to: rows.upperBound)
                let product = try block.transposed().matmul(part).evaluated()
                parts = [try parts.first.map { try ($0 + product).evaluated() } ?? product]
            }
        }
        let base = Tensor.concatenated(parts)  // [other, count]: what W holds along the basis
        let (u, s, vt) = base.transposed().matmul(base).singularValueDecomposition()
        let scales = try s.values()
        guard let largest = scales.first, largest > 0 else { return nil }
        let inverses = scales.map { $0 > largest * 1e-5 ? 1 / $0 : 0 }
        let inverse = vt.transposed().matmul(
            u.transposed() * Tensor(inverses, shape: [count, 1]))
        // held = -base A', so A' = -(base' base)^-1 base' held.
        let factors = inverse.matmul(base.transposed().matmul(held)) * Float(-1)
        let fitted = base.matmul(factors)
        let residual = Double(try (held + fitted).square().sum().item())
        let energy = values.reduce(0.0) { $0 + Double($1) * Double($1) }
        explained = total > 0 ? max(0, min(1, (energy - residual) / total)) : 0
        let strongest = factors.transposed().singularValueDecomposition()
        strength = Double(try strongest.values.values().first ?? 0)
        direction = try basis.matmul(strongest.u.slice(axis: 1, from: 0, to: 1)).values()
        self.directions = count
    }
}
