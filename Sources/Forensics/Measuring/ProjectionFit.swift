// SPDX-License-Identifier: Apache-2.0
// Whether a matrix was changed by taking a direction out of what it writes: D = -s r r' W.

import Foundation
import Tensors

/// The best account of a difference as directions taken out of the residual stream.
///
/// Orthogonalisation makes D = -s r r' W (arXiv:2406.11717), so that the right singular vector of D
/// is W' r: the difference follows from the base and one direction. A trained update has a right
/// vector of its own. With the leading left vectors U of D, the matrix A that makes D = -U A U' W
/// fit best is found by least squares; for a reflection I - 2 r r' it is 2, for weaker edits less
/// than 1.
struct ProjectionFit {
    /// The share of the difference's energy that the fit accounts for, 0 to 1. Random directions in
    /// place of W' r would account for the number of directions over the columns.
    let explained: Double
    /// s of the strongest direction.
    let strength: Double
    /// r of the strongest direction, `width` numbers.
    let direction: [Float]
    /// How many directions were allowed.
    let directions: Int

    /// - Parameters:
    ///   - difference: What was done to a matrix that writes to the stream.
    ///   - side: The axis along which the stream lies.
    ///   - spectrum: The difference's.
    ///   - directions: How many directions are allowed.
    ///   - total: The energy of the difference that is to be accounted for.
    /// - Throws: When a tensor cannot be read or the engine fails.
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
        // [other, count]: what D holds along the basis.
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
