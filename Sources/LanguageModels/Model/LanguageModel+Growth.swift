// SPDX-License-Identifier: Apache-2.0
// Adds a layer to a model that has no effect yet.

import JSONText
import Tensors

extension LanguageModel {
    /// Returns the same model with an additional layer that does not change the residual stream
    /// (block expansion, arXiv:2401.02415).
    ///
    /// The new layer is a copy of the layer at that index, or of the last layer if it is added at
    /// the end. Its output is zero, because the weights and biases of its output and down
    /// projections are zero. The indices of later layers increase by one.
    ///
    /// - Parameter index: The index of the new layer, 0 to the number of layers.
    /// - Returns: A model without adapters that computes the same. If there were no adapters, the
    ///   results are equal to the bit.
    /// - Throws: `InputError` for an index that is out of range.
    public func insertingLayer(at index: Int) throws -> LanguageModel {
        let model = try fused()
        guard (0...configuration.layerCount).contains(index) else {
            throw InputError(
                "layer \(index)", "is not in 0...\(configuration.layerCount)",
                remedy: "choose a place in the model or behind its last layer")
        }
        let source = min(index, configuration.layerCount - 1)
        var weights: [String: Tensor] = [:]
        let shifted = configuration.insertingLayer(at: index, like: source)
        for parameter in shifted.parameters {
            guard let (layer, rest) = Self.layer(of: parameter.name) else {
                weights[parameter.name] = model.weights[parameter.name]
                continue
            }
            let old = layer == index ? source : layer > index ? layer - 1 : layer
            let isSilent =
                layer == index
                && ["o_proj", "down_proj"].contains { rest.contains(".\($0).") }
            weights[parameter.name] =
                isSilent
                ? Tensor.zeros(parameter.shape) : model.weights["model.layers.\(old).\(rest)"]
        }
        return try LanguageModel(
            name: name, configuration: shifted, weights: weights, tokenizer: tokenizer,
            chatTemplate: chatTemplate, stopTokens: stopTokens
        ).prompted(by: virtualTokens).speaking(as: self)
    }

    /// Returns the index of a weight's layer, and its name within the layer; nil for a weight
    /// without a layer.
    private static func layer(of name: String) -> (index: Int, rest: String)? {
        let parts = name.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[1] == "layers", let index = Int(parts[2]) else { return nil }
        return (index, String(parts[3]))
    }
}

extension DecoderConfiguration {
    /// Returns the same decoder with an additional layer of the kind of another layer.
    fileprivate func insertingLayer(at index: Int, like source: Int) -> DecoderConfiguration {
        func moved(_ layers: [Int]) -> [Int] {
            let moved = layers.map { $0 >= index ? $0 + 1 : $0 }
            return layers.contains(source) ? (moved + [index]).sorted() : moved
        }
        var grown = self
        grown.layerCount += 1
        grown.attention.slidingWindow?.layers = attention.slidingWindow?.layers.map(moved)
        grown.attention.layersWithoutRotary = moved(attention.layersWithoutRotary)
        if case .experts(var experts) = feedForward {
            experts.denseLayers = moved(experts.denseLayers)
            grown.feedForward = .experts(experts)
        }
        return grown
    }
}
