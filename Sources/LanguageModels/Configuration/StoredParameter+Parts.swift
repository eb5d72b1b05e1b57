// SPDX-License-Identifier: Apache-2.0
// From a checkpoint's tensor to the parameters in it, and back.

package import Tensors

extension StoredParameter {
    /// Cuts a stored tensor into parameters.
    ///
    /// - Parameters:
    ///   - tensor: The stored tensor.
    ///   - shapes: The shapes of the parameters by name.
    /// - Returns: The parameters by name; none for a slice.
    func parts(of tensor: Tensor, shapes: [String: [Int]]) -> [String: Tensor] {
        switch content {
        case .whole(let name): return [name: tensor]
        case .transposed(let name): return [name: tensor.transposed()]
        case .slice: return [:]
        case .joined(let names, let axis):
            var found: [String: Tensor] = [:]
            var start = 0
            for name in names {
                let count = shapes[name]?[axis] ?? 0
                found[name] = tensor.slice(axis: axis, from: start, to: start + count)
                start += count
            }
            return found
        case .alternating(let names):
            let pairs = tensor.reshaped(tensor.shape.dropLast() + [-1, 2])
            var found: [String: Tensor] = [:]
            for (index, name) in names.enumerated() {
                let half = pairs.slice(axis: -1, from: index, to: index + 1).squeezed(at: -1)
                found[name] = half.rank > 2 ? half.transposed() : half
            }
            return found
        }
    }

    /// Makes the stored tensor from parameters.
    ///
    /// - Parameter parameter: Returns a parameter by its name.
    /// - Returns: A tensor of `shape`.
    /// - Throws: Errors of `parameter`.
    package func tensor(from parameter: (String) throws -> Tensor) rethrows -> Tensor {
        switch content {
        case .whole(let name): try parameter(name)
        case .transposed(let name): try parameter(name).transposed()
        case .slice(let name, let index, _):
            try parameter(name).slice(axis: 0, from: index, to: index + 1).squeezed(at: 0)
        case .joined(let names, let axis):
            try Tensor.concatenated(names.map(parameter), axis: axis)
        case .alternating(let names):
            try Tensor.stacked(
                names.map {
                    let half = try parameter($0)
                    return half.rank > 2 ? half.transposed() : half
                }, axis: -1
            ).reshaped(shape)
        }
    }
}
