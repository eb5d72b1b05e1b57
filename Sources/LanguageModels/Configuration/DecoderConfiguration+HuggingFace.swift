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
        try self.init(keys, family: family, file: file)
    }

    /// Makes the configuration of a family from the keys of config.json.
    init(_ keys: HuggingFaceConfiguration, family: Family, file: String) throws {
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
        attention.rotary = try keys.rotary(of: family, file: file)
        self.init(
            unchecked: family.modelType, vocabularySize: keys.vocabularySize, width: keys.width,
            feedForward: .gated(width: keys.feedForwardWidth), layerCount: keys.layerCount,
            contextLength: keys.contextLength ?? 2048, attention: attention,
            normalisation: Normalisation(epsilon: keys.epsilon ?? 1e-6))
        headIsTied = keys.headIsTied ?? family.headIsTiedByDefault
        try keys.refuseUnsupported(file: file)
        // Before lists of layers are made.
        try checkRanges()
        try family.adapt(&self, keys, file)
        if case .dynamic(let factor, let original) = attention.rotary.scaling, factor.isFinite,
            (1...1e6).contains(factor)
        {
            contextLength = max(contextLength, Int(factor * Double(original)))
        }
        try checkRanges()
    }
}

extension HuggingFaceConfiguration {
    private func refused(_ key: CodingKeys, _ problem: String, _ file: String) -> InputError {
        InputError(
            file: file, position: key.rawValue, problem,
            remedy: "use a checkpoint without this feature")
    }

    /// Refuses what no family here computes.
    fileprivate func refuseUnsupported(file: String) throws {
        if let clip { throw refused(.clip, "\(clip) is not supported", file) }
        if isBidirectional == true { throw refused(.isBidirectional, "is not supported", file) }
        if let gateSlope, gateSlope != 1.702 {
            throw refused(.gateSlope, "\(gateSlope) is not supported", file)
        }
        if let gateLimit, gateLimit != 7 {
            throw refused(.gateLimit, "\(gateLimit) is not supported", file)
        }
    }

    /// Returns the named activation.
    ///
    /// - Throws: `InputError` for an unknown name.
    func activation(file: String, default fallback: DecoderConfiguration.Activation = .silu)
        throws -> DecoderConfiguration.Activation
    {
        guard let name = hiddenActivation ?? activation else { return fallback }
        let spellings = ["gelu_new": "gelu_pytorch_tanh", "swish": "silu"]
        guard let named = DecoderConfiguration.Activation(rawValue: spellings[name] ?? name) else {
            let key = hiddenActivation == nil ? CodingKeys.activation : .hiddenActivation
            throw refused(key, "\"\(name)\" is not supported", file)
        }
        return named
    }

    /// Returns the layers of a type of `layer_types`; nil if the file does not name the layers.
    func layers(ofType type: String) -> [Int]? {
        layerTypes.map { types in types.indices.filter { types[$0] == type } }
    }

    /// Returns a window.
    ///
    /// - Parameters:
    ///   - size: The size where the file has none. (A null there means no window.)
    ///   - layers: The windowed layers where the file does not name them; nil for all.
    /// - Returns: The window; nil if no layer has one.
    func window(default size: Int?, layers: [Int]? = nil) -> DecoderConfiguration.SlidingWindow? {
        guard let size = slidingWindow ?? size else { return nil }
        let named = self.layers(ofType: "sliding_attention") ?? layers
        if let named, named.isEmpty { return nil }
        return .init(size: size, layers: named?.count == layerCount ? nil : named)
    }

    /// Returns all layers except each one at the end of a number of layers.
    func layers(exceptEach interval: Int) -> [Int] {
        (0..<max(layerCount, 0)).filter { interval < 1 || ($0 + 1) % interval != 0 }
    }

    /// Returns the mixture of experts.
    ///
    /// - Throws: `InputError` that names a missing key.
    func experts(width: Int?, file: String) throws -> DecoderConfiguration.Experts {
        func required(_ value: Int?, _ key: CodingKeys) throws -> Int {
            guard let value else {
                throw InputError(
                    file: file, position: key.rawValue, "is missing",
                    remedy: "use an intact checkpoint")
            }
            return value
        }
        var experts = DecoderConfiguration.Experts(
            count: try required(expertCount ?? localExpertCount, .expertCount),
            perToken: try required(expertsPerToken, .expertsPerToken),
            width: try required(width, .expertWidth))
        experts.activation = try activation(file: file)
        let interval = max(expertInterval ?? 1, 1)
        experts.denseLayers = (0..<max(layerCount, 0)).filter {
            denseLayers?.contains($0) == true || ($0 + 1) % interval != 0
        }
        if !experts.denseLayers.isEmpty { experts.denseWidth = feedForwardWidth }
        return experts
    }
}
