// SPDX-License-Identifier: Apache-2.0
// The last eigenvector of a large symmetric matrix, without the others.

import Foundation
import Tensors

/// The eigenvector of the least eigenvalue of a positive matrix, and what its error depends on. It
/// is computed by inverse iteration on a few vectors at once (Golub and Van Loan, Matrix
/// Computations, 8.2).
///
/// All iterations use one QR decomposition. For a matrix 8,192 wide it takes seconds, where a full
/// decomposition takes many minutes.
struct LeastEigenvector {
    /// A unit vector, `[width, 1]`.
    let vector: Tensor
    /// The distance of the two least eigenvalues.
    let gap: Double
    /// The greatest eigenvalue, from powers of the matrix.
    let greatestValue: Double

    private static let vectors = 8
    private static let inverseSteps = 6
    private static let powerSteps = 20

    /// Computes the eigenvector.
    ///
    /// - Parameter matrix: Symmetric, with no eigenvalue far below zero, `[width, width]`, at least
    ///   2 wide.
    /// - Throws: Errors of the engine.
    init(of matrix: Tensor) throws {
        let width = matrix.shape[0]
        let count = min(Self.vectors, width)
        let (q, r) = matrix.qrDecomposition()
        try evaluate([q, r])
        var basis = try Tensor.normal([width, count], key: RandomKey(seed: 0x7E3D))
            .qrDecomposition().q.evaluated()
        for _ in 0..<Self.inverseSteps {
            let right = try q.transposed().matmul(basis).evaluated()
            basis = try Self.solution(of: r, right).qrDecomposition().q.evaluated()
        }
        let small = basis.transposed().matmul(matrix.matmul(basis))
        let (u, s, _) = small.singularValueDecomposition()
        let values = try s.values().map(Double.init)
        vector = try basis.matmul(u.slice(axis: 1, from: count - 1, to: count)).evaluated()
        gap = values[count - 2] - values[count - 1]
        var power = try Tensor.normal([width, 1], key: RandomKey(seed: 0x7E3E)).evaluated()
        var norm: Float = 0
        for _ in 0..<Self.powerSteps {
            power = power / power.square().sum().sqrt()
            power = try matrix.matmul(power).evaluated()
            norm = try power.square().sum().sqrt().item()
        }
        greatestValue = Double(norm)
    }

    /// Solves r x = right for an upper triangular r, from the last row up. A zero on the diagonal
    /// is replaced by a rounding error.
    private static func solution(of r: Tensor, _ right: Tensor) throws -> Tensor {
        let (width, count) = (right.shape[0], right.shape[1])
        let given = try right.values()
        var solved = [SIMD8<Double>](repeating: SIMD8(), count: width)
        try r.withBytes { bytes in
            let values = bytes.bindMemory(to: Float.self)
            let least =
                1e-8 * (0..<width).reduce(Float(0)) { max($0, abs(values[$1 * width + $1])) }
            for row in stride(from: width - 1, through: 0, by: -1) {
                var sum = SIMD8<Double>()
                for lane in 0..<count { sum[lane] = Double(given[row * count + lane]) }
                for column in row + 1..<width {
                    sum -= solved[column] * Double(values[row * width + column])
                }
                let pivot = values[row * width + row]
                solved[row] = sum / Double(abs(pivot) > least ? pivot : least)
            }
        }
        // Scaled, because the solution of a nearly singular system can be very large.
        let greatest = solved.reduce(0) { max($0, abs($1.max()), abs($1.min())) }
        let scale = greatest > 0 ? 1 / greatest : 1
        return Tensor(
            solved.flatMap { row in (0..<count).map { Float(row[$0] * scale) } },
            shape: [width, count])
    }
}
