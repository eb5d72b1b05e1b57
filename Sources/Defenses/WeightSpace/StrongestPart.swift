// SPDX-License-Identifier: Apache-2.0
// The strongest directions of a matrix, found without a decomposition of the whole.

import Tensors

extension Tensor {
    /// Directions that are searched for besides those that are wanted.
    static let extraDirections = 8
    /// How often the search goes through the matrix and its transpose.
    static let searchRounds = 3

    /// A matrix `[rows, columns]` reduced to its strongest directions: the truncated singular value
    /// decomposition.
    ///
    /// A random range finder with power iterations (arXiv:0909.4061) takes the place of the
    /// decomposition of the whole: it is exact where the matrix has no more directions than are
    /// searched for, and close where singular values fall off.
    ///
    /// - Parameters:
    ///   - rank: How many directions; as many as the matrix has, or more, give the matrix itself.
    ///   - key: Where the search begins.
    /// - Returns: `[rows, columns]`, of that rank at most.
    func strongestPart(rank: Int, key: RandomKey) -> Tensor {
        guard rank < Swift.min(shape[0], shape[1]) else { return self }
        let width = Swift.min(rank + Self.extraDirections, shape[0], shape[1])
        let turned = transposed()
        var basis = matmul(Tensor.normal([shape[1], width], key: key)).qrDecomposition().q
        for _ in 0..<Self.searchRounds {
            basis = matmul(turned.matmul(basis).qrDecomposition().q).qrDecomposition().q
        }
        // The matrix is basis x basis' x matrix, and the latter two are (other x rest)'.
        let (other, rest) = turned.matmul(basis).qrDecomposition()
        let (left, values, right) = rest.transposed().singularValueDecomposition()
        let columns = left.slice(axis: 1, from: 0, to: rank)
        let scaled = columns * values.slice(axis: 0, from: 0, to: rank)
        let rows = right.slice(axis: 0, from: 0, to: rank).matmul(other.transposed())
        return basis.matmul(scaled).matmul(rows)
    }
}
