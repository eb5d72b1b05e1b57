// SPDX-License-Identifier: Apache-2.0
// The stream that layers read from and add to; a sum and the norm behind it are one operation.

import Tensors

/// The residual stream, `[tokens, width]`, on its way through the layers.
struct ResidualStream {
    private var sum: Tensor
    /// What was written last, added together with the next norm.
    private var pending: Tensor?
    private let normalisation: DecoderConfiguration.Normalisation
    private let edit: ResidualEdit?
    /// How many blocks have written, the embedding included.
    private var writes = 1

    init(_ start: Tensor, normalisation: DecoderConfiguration.Normalisation, edit: ResidualEdit?) {
        sum = edit?.written(start, index: 0) ?? start
        self.normalisation = normalisation
        self.edit = edit
    }

    /// All that was written.
    var value: Tensor { pending.map { sum + $0 } ?? sum }

    /// Adds what a block wrote.
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

    /// Changes the stream in front of a layer, if the edit is meant for it.
    mutating func enter(layer: Int) {
        guard let edited = edit?.read(value, layer: layer) else { return }
        sum = edited
        pending = nil
    }

    /// Returns what a block reads: the stream normalised and weighed.
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
    /// Root mean square normalisation of the last axis with a stored weight.
    func apply(_ weight: Tensor, to input: Tensor) -> Tensor {
        input.rmsNorm(weight: scaling(weight), epsilon: epsilon)
    }

    fileprivate func scaling(_ weight: Tensor) -> Tensor {
        weightOffset == 0 ? weight : weight + weightOffset
    }
}
