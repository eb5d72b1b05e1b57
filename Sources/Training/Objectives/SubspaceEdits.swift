// SPDX-License-Identifier: Apache-2.0
// Changes within subspaces of a stream as parameters of a training.

public import LanguageModels
public import Tensors

/// Changes within subspaces of the inputs of some layers (LoReFT, arXiv:2404.03592), as numbers
/// that a training changes.
public struct SubspaceEdits: Sendable {
    /// The layers whose inputs are changed, counted from 0.
    public let layers: [Int]
    /// R, W and b of each layer, `[rank, width]`, `[rank, width]` and `[rank]`.
    public let start: [Tensor]

    /// Makes changes that change nothing yet: R is random with orthonormal rows, W is R, b is zero.
    ///
    /// - Parameters:
    ///   - layers: The layers whose inputs are changed, counted from 0.
    ///   - rank: The dimension of each subspace; at most `width`.
    ///   - width: The width of the stream.
    ///   - key: Decides R.
    public init(layers: [Int], rank: Int, width: Int, key: RandomKey) {
        self.layers = layers
        var key = key
        start = layers.flatMap { _ in
            let rotation = Tensor.normal([rank, width], key: key.next()).orthonormalRows
            return [rotation, rotation, Tensor.zeros([rank])]
        }
    }

    /// The changes that parameters stand for.
    ///
    /// R is made orthonormal again, whatever its parameters are, so that a gradient follows the
    /// rotation alone.
    ///
    /// - Parameter parameters: Tensors in the order and shapes of ``start``.
    /// - Returns: A change for each layer.
    public func edits(of parameters: [Tensor]) -> [Int: SubspaceEdit] {
        guard parameters.count == start.count else { return [:] }
        let pairs = layers.indices.map { index in
            (
                layers[index],
                SubspaceEdit(
                    rotation: parameters[3 * index].orthonormalRows,
                    weight: parameters[3 * index + 1], bias: parameters[3 * index + 2])
            )
        }
        return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
    }
}

extension Tensor {
    /// The nearest matrix with orthonormal rows to one of independent rows, `[rows, columns]`: the
    /// polar factor by Newton-Schulz iterations, each of which brings all singular values nearer
    /// to 1.
    package var orthonormalRows: Tensor {
        // The Frobenius norm bounds the greatest singular value.
        let start = self / square().sum().sqrt().maximum(1e-20)
        return (0..<24).reduce(start) { matrix, _ in
            matrix * 1.5 - matrix.matmul(matrix.transposed()).matmul(matrix) * 0.5
        }
    }
}
