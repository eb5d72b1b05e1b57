// SPDX-License-Identifier: Apache-2.0
// The norms of a decoder with their parameters.

import Tensors

/// A norm with its parameters.
struct Norm {
    var kind: DecoderConfiguration.Normalisation
    var weight: Tensor?
    var bias: Tensor?

    /// Finds the parameters of a norm of the residual stream.
    ///
    /// - Parameters:
    ///   - name: The name without its suffix.
    ///   - model: The model with the parameters.
    /// - Throws: `InputError` that names a missing tensor.
    init(_ name: String, of model: LanguageModel) throws {
        kind = model.configuration.normalisation
        if kind.kind != .plainLayer { weight = try model.weight(name + ".weight") }
        if kind.kind == .biasedLayer { bias = try model.weight(name + ".bias") }
    }

    /// Makes a norm of heads.
    init(
        heads weight: Tensor, like norm: DecoderConfiguration.Normalisation,
        kind headNorm: DecoderConfiguration.HeadNorm
    ) {
        kind = norm
        kind.kind = headNorm == .layerPerHead ? .layer : .rootMeanSquare
        self.weight = weight
    }

    /// Returns the last axis normalised.
    func callAsFunction(_ input: Tensor) -> Tensor {
        if kind.kind == .rootMeanSquare {
            return input.rmsNorm(weight: scaling, epsilon: kind.epsilon)
        }
        let centred = input - input.mean(axis: -1, keepingDimensions: true)
        let variance = centred.square().mean(axis: -1, keepingDimensions: true)
        var found = centred * (variance + kind.epsilon).rsqrt()
        if let scaling { found = found * scaling }
        return bias.map { found + $0 } ?? found
    }

    /// Returns the sum of two tensors, and the sum normalised.
    func callAsFunction(_ sum: Tensor, adding written: Tensor) -> (sum: Tensor, normalised: Tensor)
    {
        if kind.kind == .rootMeanSquare {
            return sum.addingThenRMSNorm(written, weight: scaling, epsilon: kind.epsilon)
        }
        let total = sum + written
        return (total, self(total))
    }

    private var scaling: Tensor? {
        kind.weightOffset == 0 ? weight : weight.map { $0 + kind.weightOffset }
    }
}
