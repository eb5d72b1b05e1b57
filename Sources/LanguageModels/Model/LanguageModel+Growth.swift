// SPDX-License-Identifier: Apache-2.0
// A model with one layer more, which computes nothing yet.

import JSONText
import Tensors

extension LanguageModel {
    /// Returns the same model with a layer more that leaves the residual stream as it is (block
    /// expansion, arXiv:2401.02415).
    ///
    /// The new layer is a copy of the one that stood there, or of the last one behind all; what it
    /// writes is zero, because the weights and biases of its output and down projections are. Layers
    /// behind it count one more.
    ///
    /// - Parameter index: Where the new layer is, 0 to the number of layers.
    /// - Returns: A model without adapters that computes the same, to the bit where there were none.
    /// - Throws: `InputError` for a place that is not in the model.
    public func insertingLayer(at index: Int) throws -> LanguageModel {
        let model = try fused()
        guard (0...configuration.layerCount).contains(index) else {
            throw InputError(
                "layer \(index)", "is not in 0...\(configuration.layerCount)",
                remedy: "choose a place in the model or behind its last layer")
        }
        let source = min(index, configuration.layerCount - 1)
        var weights: [String: Tensor] = [:]
        let shifted = try configuration.insertingLayer(at: index, like: source)
        for parameter in shifted.parameters {
            guard let (layer, rest) = Self.layer(of: parameter.name) else {
                weights[parameter.name] = model.weights[parameter.name]
                continue
            }
            let old = layer == index ? source : layer > index ? layer - 1 : layer
            let isSilent =
                layer == index
                && [LayerProjection.output, .down].contains { rest.hasPrefix($0.path) }
            weights[parameter.name] =
                isSilent
                ? Tensor.zeros(parameter.shape) : model.weights["model.layers.\(old).\(rest)"]
        }
        return try LanguageModel(
            name: name, configuration: shifted, weights: weights, tokenizer: tokenizer,
            chatTemplate: chatTemplate, stopTokens: stopTokens
        ).prompted(by: virtualTokens).toldNotToThink(isToldNotToThink)
    }

    /// Returns the number of a weight's layer, and its name within that; nil for one of no layer.
    private static func layer(of name: String) -> (index: Int, rest: String)? {
        let parts = name.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[1] == "layers", let index = Int(parts[2]) else { return nil }
        return (index, String(parts[3]))
    }
}

extension DecoderConfiguration {
    /// Returns the same decoder with a layer more, windowed as another is.
    fileprivate func insertingLayer(at index: Int, like source: Int) throws -> DecoderConfiguration
    {
        var attention = attention
        if let layers = attention.slidingWindow?.layers {
            let moved = layers.map { $0 >= index ? $0 + 1 : $0 }
            attention.slidingWindow?.layers =
                layers.contains(source) ? (moved + [index]).sorted() : moved
        }
        return try DecoderConfiguration(
            family: family, vocabularySize: vocabularySize, width: width,
            feedForwardWidth: feedForwardWidth, layerCount: layerCount + 1,
            contextLength: contextLength, attention: attention, normalisation: normalisation,
            activation: activation, biasedProjections: biasedProjections,
            embeddingScale: embeddingScale, logitSoftCap: logitSoftCap, headIsTied: headIsTied)
    }
}
