// SPDX-License-Identifier: Apache-2.0
// The stream that layers read from and add to. A sum and the following norm are one operation.

import Tensors

/// The residual stream, `[tokens, width]`, during a pass through the layers.
struct ResidualStream {
    private var sum: Tensor
    /// The last output, which is added together with the next norm.
    private var pending: Tensor?
    private let normalisation: DecoderConfiguration.Normalisation
    private let edit: ResidualEdit?
    /// The number of blocks that have written, including the embedding.
    private var writes = 1

    init(_ start: Tensor, normalisation: DecoderConfiguration.Normalisation, edit: ResidualEdit?) {
        sum = edit?.written(start, index: 0) ?? start
        self.normalisation = normalisation
        self.edit = edit
    }

    /// The sum of all outputs.
    var value: Tensor { pending.map { sum + $0 } ?? sum }

    /// Adds the output of a block.
    mutating func add(_ written: Tensor) {
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

    /// Returns the input of a block: the stream, normalised and multiplied by a weight.
    mutating func normalised(by weight: Tensor) -> Tensor {
        guard let written = pending else { return normalisation.apply(weight, to: sum) }
        let joint = sum.addingThenRMSNorm(
            written, weight: normalisation.scaling(weight), epsilon: normalisation.epsilon)
        sum = joint.sum
        pending = nil
        return joint.normalised
    }
}

extension DecoderConfiguration.Normalisation {
    /// Returns the last axis normalised by its root mean square and multiplied by a stored weight.
    func apply(_ weight: Tensor, to input: Tensor) -> Tensor {
        input.rmsNorm(weight: scaling(weight), epsilon: epsilon)
    }

    fileprivate func scaling(_ weight: Tensor) -> Tensor {
        weightOffset == 0 ? weight : weight + weightOffset
    }
}
