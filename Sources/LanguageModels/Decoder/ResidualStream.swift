// SPDX-License-Identifier: Apache-2.0
// The stream that layers read from and add to. A sum and the following norm are one operation.

import Tensors

/// The residual stream, `[tokens, width]`, during a pass through the layers.
struct ResidualStream {
    private var sum: Tensor
    /// The last output, which is added together with the next norm.
    private var pending: Tensor?
    /// The factor of each output.
    private let scale: Float
    private let edit: ResidualEdit?
    /// The number of blocks that have written, including the embedding.
    private var writes = 1

    init(_ start: Tensor, scale: Float, edit: ResidualEdit?) {
        sum = edit?.written(start, index: 0) ?? start
        self.scale = scale
        self.edit = edit
    }

    /// The sum of all outputs.
    var value: Tensor { pending.map { sum + $0 } ?? sum }

    /// Adds the output of a block.
    mutating func add(_ output: Tensor) {
        let written = scale == 1 ? output : output * scale
        let total = value
        defer { writes += 1 }
        if let edited = edit?.written(total + written, index: writes) {
            sum = edited
            pending = nil
        } else {
            sum = total
            pending = written
        }
    }

    /// Changes the stream in front of a layer, if the edit applies to it.
    mutating func enter(layer: Int) {
        guard let edited = edit?.read(value, layer: layer) else { return }
        sum = edited
        pending = nil
    }

    /// Returns the input of a block: the stream, normalised if the block has such a norm.
    mutating func read(by norm: Norm?) -> Tensor {
        guard let norm else {
            sum = value
            pending = nil
            return sum
        }
        guard let written = pending else { return norm(sum) }
        let joint = norm(sum, adding: written)
        sum = joint.sum
        pending = nil
        return joint.normalised
    }
}
