// SPDX-License-Identifier: Apache-2.0
// Reads a configuration from config.json.

public import Foundation
import JSONText

extension DecoderConfiguration {
    /// Reads a Hugging Face config.json of a supported family.
    ///
    /// - Parameters:
    ///   - data: The file's bytes.
    ///   - file: The file's name, for errors.
    /// - Throws: `InputError` that names the file and the key.
    public init(huggingFace data: Data, file: String) throws {
        let (keys, family) = try HuggingFaceConfiguration.read(data, file: file)
        func refused(_ key: String, _ problem: String) -> InputError {
            InputError(
                file: file, position: key, problem,
                remedy: "use a checkpoint without this feature")
        }
        let activationName = keys.hiddenActivation ?? keys.activation
        var activation = family.activation
        if let activationName, keys.hiddenActivation != nil || family.activation == .silu {
            guard let named = Activation(rawValue: activationName) else {
                throw refused("hidden_act", "\"\(activationName)\" is not supported")
            }
            activation = named
        }
        if let factor = keys.partialRotaryFactor, factor != 1 {
            throw refused("partial_rotary_factor", "\(factor) is not supported")
        }
        let headCount = keys.headCount
        if keys.headDimension == nil, headCount < 1 || keys.width % headCount != 0 {
            throw InputError(
                file: file, position: "num_attention_heads",
                "\(headCount) does not divide hidden_size, which is \(keys.width)",
                remedy: "use an intact checkpoint")
        }
        var attention = Attention(
            headCount: headCount, keyValueHeadCount: keys.keyValueHeadCount ?? headCount,
            headDimension: keys.headDimension ?? keys.width / headCount)
        attention.normalisesHeads = family.normalisesHeads
        attention.slidingWindow = keys.slidingWindow(of: family)
        attention.rotary = try keys.rotary(file: file)
        attention.softCap = keys.attentionSoftCap
        attention.scale = keys.attentionScalar.map { 1 / $0.squareRoot() }
        var normalisation = Normalisation(epsilon: keys.epsilon ?? 1e-6)
        normalisation.weightOffset = family.normWeightOffset
        normalisation.isOnBothSides = family.normalisesBothSides
        var biased = family.biasedProjections ?? []
        if family.biasedProjections == nil {
            if keys.attentionHasBias == true { biased += [.query, .key, .value, .output] }
            if keys.feedForwardHasBias == true { biased += [.gate, .up, .down] }
        }
        try self.init(
            family: family.modelType, vocabularySize: keys.vocabularySize, width: keys.width,
            feedForwardWidth: keys.feedForwardWidth, layerCount: keys.layerCount,
            contextLength: keys.contextLength ?? 2048, attention: attention,
            normalisation: normalisation, activation: activation, biasedProjections: biased,
            embeddingScale: family.scalesEmbeddings ? Float(keys.width).squareRoot() : 1,
            logitSoftCap: keys.logitSoftCap,
            headIsTied: keys.headIsTied ?? family.headIsTiedByDefault)
    }
}

extension HuggingFaceConfiguration {
    func slidingWindow(of family: Family) -> DecoderConfiguration.SlidingWindow? {
        let size: Int?
        if family.slidingWindowIsOptIn {
            guard usesSlidingWindow == true else { return nil }
            size = slidingWindow ?? 4096
        } else if family.slidingWindowByDefault != nil {
            size = slidingWindow ?? family.slidingWindowByDefault
        } else {
            return nil
        }
        guard let size else { return nil }
        if let layerTypes {
            let windowed = layerTypes.indices.filter { layerTypes[$0] == "sliding_attention" }
            return windowed.count == layerTypes.count
                ? .init(size: size) : .init(size: size, layers: windowed)
        }
        if family.slidesEveryOtherLayer {
            return .init(size: size, layers: Array(stride(from: 0, to: layerCount, by: 2)))
        }
        if family.slidingWindowIsOptIn {
            let first = max(0, firstWindowedLayer ?? 28)
            return .init(size: size, layers: Array(first..<max(first, layerCount)))
        }
        return .init(size: size)
    }

    func rotary(file: String) throws -> RotaryEmbedding {
        let rope = ropeParameters ?? ropeScaling
        let place = ropeParameters == nil ? "rope_scaling" : "rope_parameters"
        func required<Number>(_ number: Number?, _ key: String) throws -> Number {
            guard let number else {
                throw InputError(
                    file: file, position: "\(place).\(key)", "is missing",
                    remedy: "use an intact checkpoint")
            }
            return number
        }
        let base = rope?.ropeTheta ?? ropeTheta ?? 10_000
        let type = rope?.ropeType ?? rope?.type ?? "default"
        switch type {
        case "default":
            return RotaryEmbedding(base: base)
        case "linear":
            return RotaryEmbedding(
                base: base, scaling: .linear(factor: try required(rope?.factor, "factor")))
        case "llama3":
            return RotaryEmbedding(
                base: base,
                scaling: .llama3(
                    .init(
                        factor: try required(rope?.factor, "factor"),
                        lowFrequencyFactor: try required(
                            rope?.lowFrequencyFactor, "low_freq_factor"),
                        highFrequencyFactor: try required(
                            rope?.highFrequencyFactor, "high_freq_factor"),
                        originalContextLength: try required(
                            rope?.originalContextLength, "original_max_position_embeddings"))))
        default:
            throw InputError(
                file: file, position: "\(place).rope_type", "\"\(type)\" is not supported",
                remedy: "supported are default, linear, llama3")
        }
    }
}
