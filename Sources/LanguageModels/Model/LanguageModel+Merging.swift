// SPDX-License-Identifier: Apache-2.0
// Merges adapters into the weights.

import Tensors

extension LanguageModel {
    /// Adds the adapters to the weights, and computes the sums.
    ///
    /// - Returns: A model without adapters that computes the same.
    /// - Throws: `TensorError` when the sums cannot be computed.
    public func fused() throws -> LanguageModel {
        guard let adapters else { return self }
        let merged = try merged()
        try evaluate(
            (0..<configuration.layerCount).flatMap { layer in
                adapters.configuration.targets.compactMap {
                    merged.weights[$0.weightName(inLayer: layer)]
                }
            })
        return merged
    }

    /// Adds the adapters to the weights without computing the sums, so that gradients flow to them.
    ///
    /// - Returns: A model without adapters that computes the same.
    /// - Throws: `InputError` when a weight is missing.
    public func merged() throws -> LanguageModel {
        guard let adapters else { return self }
        var sums: [String: Tensor] = [:]
        for layer in 0..<configuration.layerCount {
            for target in adapters.configuration.targets {
                guard configuration.shape(of: target, inLayer: layer) != nil,
                    let adapter = adapters.adapter(of: target, layer: layer)
                else { continue }
                let name = target.weightName(inLayer: layer)
                sums[name] =
                    try weight(name) + adapter.up.matmul(adapter.down) * adapter.scale
            }
        }
        return try replacing(sums).adapted(by: nil)
    }
}
