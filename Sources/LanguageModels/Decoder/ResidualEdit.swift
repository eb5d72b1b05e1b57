// SPDX-License-Identifier: Apache-2.0
// A change of the residual stream during a forward pass, for studies of directions.

public import Tensors

/// A change that a forward pass makes to the residual stream, without changing a weight.
public enum ResidualEdit: Sendable {
    /// Removes a unit direction `[width]` wherever something is written: x becomes x - r (r . x).
    case ablating(Tensor)
    /// Adds a vector `[width]` to the input of one layer, at every position.
    case adding(Tensor, layer: Int)

    /// The stream as a block left it, `[..., width]`, edited; nil when nothing is edited there.
    func written(_ stream: Tensor) -> Tensor? {
        guard case .ablating(let direction) = self else { return nil }
        let share = (stream * direction).sum(axis: -1, keepingDimensions: true)
        return stream - share * direction
    }

    /// The stream as a layer reads it, `[..., width]`, edited; nil when nothing is edited there.
    func read(_ stream: Tensor, layer: Int) -> Tensor? {
        guard case .adding(let vector, layer: layer) = self else { return nil }
        return stream + vector
    }
}
