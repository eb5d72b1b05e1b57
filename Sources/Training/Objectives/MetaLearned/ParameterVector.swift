// SPDX-License-Identifier: Apache-2.0
// The parameters of a training, or a gradient of them, as one vector.

package import Tensors

/// The parameters of a training, or a gradient of them, as one vector of all their numbers.
package struct ParameterVector: Sendable {
    /// The parts, in the order and shapes of the parameters.
    package var tensors: [Tensor]

    /// Makes a vector of its parts.
    package init(_ tensors: [Tensor]) { self.tensors = tensors }

    package static func + (one: Self, other: Self) -> Self {
        Self(zip(one.tensors, other.tensors).map { $0 + $1 })
    }

    package static func - (one: Self, other: Self) -> Self {
        Self(zip(one.tensors, other.tensors).map { $0 - $1 })
    }

    package static func * (vector: Self, factor: Float) -> Self {
        Self(vector.tensors.map { $0 * factor })
    }

    /// Multiplies by a scalar that may not be evaluated yet.
    package static func * (vector: Self, factor: Tensor) -> Self {
        Self(vector.tensors.map { $0 * factor })
    }

    /// The sum of the products of all numbers, a scalar.
    package func dot(_ other: Self) -> Tensor {
        Tensor.stacked(zip(tensors, other.tensors).map { ($0 * $1).sum() }).sum()
    }

    /// The Euclidean norm of all numbers, a scalar. It is above 0, so that one can divide by it.
    package var norm: Tensor { dot(self).sqrt().maximum(1e-20) }

    /// The vector of length 1 in the same direction; zero stays zero.
    package var normalised: Self { self * norm.reciprocal() }
}
