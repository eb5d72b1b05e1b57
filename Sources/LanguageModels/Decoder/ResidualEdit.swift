// SPDX-License-Identifier: Apache-2.0
// A change of the residual stream during a forward pass, for studies of directions.

public import Tensors

/// A change that a forward pass makes to the residual stream, without changing a weight.
public enum ResidualEdit: Sendable {
    /// Removes a unit direction `[width]` from everything that is written: x becomes x - r (r . x).
    case ablating(Tensor)
    /// Removes a unit direction `[width]` at some of the computed tokens. A mask, `[writes, tokens,
    /// 1]`, is 1 at these and 0 at the others. The embedding writes first, then each layer's
    /// attention and its feed-forward network: `1 + 2 layers` writes.
    case ablatingSome(Tensor, mask: Tensor)
    /// Adds a vector `[width]` to the input of one layer, at every position.
    case adding(Tensor, layer: Int)
    /// Adds a vector to each computed token, `[tokens, width]`, at the input of the named layers.
    case addingToTokens([Int: Tensor])
    /// Adds a vector of its own to the input of each layer, `[layers, width]`, at every position.
    case addingToLayers(Tensor)
    /// Moves the inputs of the named layers within a subspace for each layer, at every position.
    case movingInSubspaces([Int: SubspaceEdit])

    /// Returns the edited stream after a block, `[..., width]`; nil when nothing is edited there.
    ///
    /// - Parameters:
    ///   - stream: The stream after the block.
    ///   - index: The number of blocks that have written before it.
    /// - Returns: The edited stream, or nil.
    func written(_ stream: Tensor, index: Int) -> Tensor? {
        switch self {
        case .ablating(let direction):
            let share = (stream * direction).sum(axis: -1, keepingDimensions: true)
            return stream - share * direction
        case .ablatingSome(let direction, let mask):
            let share = (stream * direction).sum(axis: -1, keepingDimensions: true)
            let own = mask.slice(axis: 0, from: index, to: index + 1).squeezed(at: 0)
            return stream - share * own * direction
        case .adding, .addingToTokens, .addingToLayers, .movingInSubspaces: return nil
        }
    }

    /// Returns the edited stream in front of a layer, `[..., width]`; nil when nothing is edited
    /// there.
    func read(_ stream: Tensor, layer: Int) -> Tensor? {
        switch self {
        case .adding(let vector, layer: layer): stream + vector
        case .addingToTokens(let vectors): vectors[layer].map { stream + $0 }
        case .addingToLayers(let vectors):
            stream + vectors.slice(axis: 0, from: layer, to: layer + 1).flattened()
        case .movingInSubspaces(let edits): edits[layer].map { $0.applied(to: stream) }
        case .ablating, .ablatingSome, .adding: nil
        }
    }
}

/// A change within a subspace (LoReFT, arXiv:2404.03592): x becomes x + R'(W x + b - R x). The part
/// of x in the subspace is replaced, and the rest stays.
public struct SubspaceEdit: Sendable {
    /// R, `[rank, width]`, with orthonormal rows, which span the subspace.
    public let rotation: Tensor
    /// W, `[rank, width]`.
    public let weight: Tensor
    /// b, `[rank]`.
    public let bias: Tensor

    /// Makes a change.
    ///
    /// - Parameters:
    ///   - rotation: R, `[rank, width]`, with orthonormal rows.
    ///   - weight: W, `[rank, width]`.
    ///   - bias: The vector b, `[rank]`.
    public init(rotation: Tensor, weight: Tensor, bias: Tensor) {
        (self.rotation, self.weight, self.bias) = (rotation, weight, bias)
    }

    func applied(to stream: Tensor) -> Tensor {
        stream + (stream.matmul((weight - rotation).transposed()) + bias).matmul(rotation)
    }
}
