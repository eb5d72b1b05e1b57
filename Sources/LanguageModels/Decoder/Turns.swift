// SPDX-License-Identifier: Apache-2.0
// The rotation of queries and keys in one forward pass.

import Foundation
import Tensors

/// What is done to queries and keys before attention, and what attention's kernels do themselves.
struct Turns {
    /// The frequencies by which the kernels rotate, `[pairs]`, in radians per position.
    let frequencies: Tensor
    /// The factor of all scores.
    private(set) var scale: Float = 1
    /// The factors of the coordinates of a query, `[head width]`, or of its tokens, `[tokens, 1, 1]`.
    private var factors: [Tensor] = []
    /// The number of coordinates that are stored in neighbouring pairs; 0 for none.
    private var interleaved = 0
    /// Cosines and sines, `[tokens, 1, pairs]` each, where frequencies depend on a sequence's
    /// length. The kernels do not rotate then.
    private var angles: (cosine: Tensor, sine: Tensor)?

    /// Makes no rotation.
    init() { frequencies = Tensor([Float(0)], shape: [1]) }

    /// Prepares a rotation.
    ///
    /// - Parameters:
    ///   - rotary: The embedding.
    ///   - dimension: The width of a head.
    ///   - positions: The positions of the tokens.
    init(_ rotary: RotaryEmbedding, dimension: Int, positions: [TokenPosition]) {
        if rotary.dependsOnLength {
            frequencies = Tensor([Float(0)], shape: [1])
            angles = Self.angles(rotary, dimension: dimension, positions: positions)
        } else {
            let values = rotary.frequencies(dimension: dimension)
            frequencies = Tensor(values, shape: [values.count])
        }
        let rotated = rotary.rotatedWidth(of: dimension)
        if rotary.isInterleaved { interleaved = rotated }
        let square = Float(rotary.amplitude * rotary.amplitude)
        if rotated == dimension {
            scale = square
        } else if square != 1 {
            let row = (0..<dimension).map { $0 < rotated ? square : 1 }
            factors.append(Tensor(row, shape: [dimension]))
        }
        if let growth = rotary.growth,
            positions.contains(where: { $0.index >= growth.originalContextLength })
        {
            let values = positions.map { growth.factor(at: $0.index) }
            factors.append(Tensor(values, shape: [positions.count, 1, 1]))
        }
    }

    private static func angles(
        _ rotary: RotaryEmbedding, dimension: Int, positions: [TokenPosition]
    ) -> (Tensor, Tensor) {
        var known: [Int: [Float]] = [:]
        let rows = positions.flatMap { position -> [Float] in
            let regime = rotary.regime(ofLength: position.length)
            let values =
                known[regime]
                ?? rotary.frequencies(dimension: dimension, length: position.length)
            known[regime] = values
            return values.map { Float(position.index) * $0 }
        }
        let pairs = rotary.rotatedWidth(of: dimension) / 2
        let angles = Tensor(rows, shape: [positions.count, 1, pairs])
        return (angles.cos(), angles.sin())
    }

    /// Returns keys as attention takes them: coordinates that turn together are half the rotated
    /// width apart.
    func keys(_ heads: Tensor) -> Tensor {
        rotated(split(heads))
    }

    /// Returns queries as attention takes them.
    func queries(_ heads: Tensor) -> Tensor {
        factors.reduce(keys(heads)) { $0 * $1 }
    }

    private func split(_ heads: Tensor) -> Tensor {
        guard interleaved > 0 else { return heads }
        let outer = Array(heads.shape.dropLast())
        let turned = heads.slice(axis: -1, from: 0, to: interleaved)
            .reshaped(outer + [interleaved / 2, 2]).transposed().reshaped(outer + [interleaved])
        return Tensor.concatenated([turned] + rest(of: heads, from: interleaved), axis: -1)
    }

    private func rotated(_ heads: Tensor) -> Tensor {
        guard let (cosine, sine) = angles, let pairs = cosine.shape.last else { return heads }
        let left = heads.slice(axis: -1, from: 0, to: pairs)
        let right = heads.slice(axis: -1, from: pairs, to: 2 * pairs)
        return Tensor.concatenated(
            [left * cosine - right * sine, right * cosine + left * sine]
                + rest(of: heads, from: 2 * pairs), axis: -1)
    }

    private func rest(of heads: Tensor, from start: Int) -> [Tensor] {
        guard let width = heads.shape.last, start < width else { return [] }
        return [heads.slice(axis: -1, from: start, to: width)]
    }
}
