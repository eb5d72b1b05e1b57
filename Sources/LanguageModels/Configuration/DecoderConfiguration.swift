// SPDX-License-Identifier: Apache-2.0
// The one description of a decoder: a model family is a value of this type.

import JSONText

/// The shape of a decoder-only transformer and the choices in which families differ.
public struct DecoderConfiguration: Sendable, Hashable, Codable {
    /// The function between the two halves of the feed-forward network.
    public enum Activation: String, Sendable, Hashable, Codable {
        /// x * sigmoid(x).
        case silu
        /// The Gaussian error linear unit, exact.
        case gelu
        /// The Gaussian error linear unit by its tanh approximation.
        case geluTanh = "gelu_pytorch_tanh"
    }

    /// The layers that see only the last positions.
    public struct SlidingWindow: Sendable, Hashable, Codable {
        /// The number of positions that a query sees, including its own.
        public var size: Int
        /// The layers that are windowed; nil means all of them.
        public var layers: [Int]?

        /// Makes a window.
        ///
        /// - Parameters:
        ///   - size: The number of positions that a query sees, including its own.
        ///   - layers: The layers that are windowed; nil means all of them.
        public init(size: Int, layers: [Int]? = nil) {
            self.size = size
            self.layers = layers
        }
    }

    /// The configuration of attention.
    public struct Attention: Sendable, Hashable, Codable {
        /// The number of query heads.
        public var headCount: Int
        /// The number of key and value heads, a divisor of `headCount`.
        public var keyValueHeadCount: Int
        /// The width of a head, even.
        public var headDimension: Int
        /// The factor of scores; nil means one over the root of `headDimension`.
        public var scale: Float? = nil
        /// Whether queries and keys are normalised per head before they are rotated.
        public var normalisesHeads = false
        /// The cap of scores: a score s becomes cap * tanh(s / cap).
        public var softCap: Float? = nil
        /// The layers that see only the last positions.
        public var slidingWindow: SlidingWindow? = nil
        /// The encoding of positions.
        public var rotary = RotaryEmbedding()

        /// Makes grouped-query attention with rotary positions.
        ///
        /// - Parameters:
        ///   - headCount: The number of query heads.
        ///   - keyValueHeadCount: The number of key and value heads.
        ///   - headDimension: The width of a head.
        public init(headCount: Int, keyValueHeadCount: Int, headDimension: Int) {
            self.headCount = headCount
            self.keyValueHeadCount = keyValueHeadCount
            self.headDimension = headDimension
        }
    }

    /// The normalisation of the residual stream: root mean square over the width.
    public struct Normalisation: Sendable, Hashable, Codable {
        /// The number added to the mean square.
        public var epsilon: Float
        /// The number added to each stored weight (Gemma stores weights around zero).
        public var weightOffset: Float = 0
        /// Whether the output of a block is normalised too, not only its input.
        public var isOnBothSides = false

        /// Makes a normalisation.
        ///
        /// - Parameter epsilon: The number added to the mean square.
        public init(epsilon: Float) { self.epsilon = epsilon }
    }

    /// The family, as config.json's `model_type` names it.
    public let family: String
    /// The number of tokens that have an embedding.
    public let vocabularySize: Int
    /// The width of the residual stream.
    public let width: Int
    /// The inner width of the feed-forward network.
    public let feedForwardWidth: Int
    /// The number of layers.
    public let layerCount: Int
    /// The longest sequence, in tokens.
    public let contextLength: Int
    /// The configuration of attention.
    public let attention: Attention
    /// The normalisation of the residual stream.
    public let normalisation: Normalisation
    /// The function between the two halves of the feed-forward network.
    public let activation: Activation
    /// The projections that add a bias.
    public let biasedProjections: [LayerProjection]
    /// The factor of embeddings.
    public let embeddingScale: Float
    /// The cap of logits: a logit x becomes cap * tanh(x / cap).
    public let logitSoftCap: Float?
    /// Whether the embedding is also the head.
    public private(set) var headIsTied: Bool

    /// Makes a configuration and checks its ranges.
    ///
    /// - Parameters:
    ///   - family: The family, as config.json's `model_type` names it.
    ///   - vocabularySize: The number of tokens that have an embedding.
    ///   - width: The width of the residual stream.
    ///   - feedForwardWidth: The inner width of the feed-forward network.
    ///   - layerCount: The number of layers.
    ///   - contextLength: The longest sequence, in tokens.
    ///   - attention: The configuration of attention.
    ///   - normalisation: The normalisation of the residual stream.
    ///   - activation: The function between the two halves of the feed-forward network.
    ///   - biasedProjections: The projections that add a bias.
    ///   - embeddingScale: The factor of embeddings.
    ///   - logitSoftCap: The cap of the logits, if any.
    ///   - headIsTied: Whether the embedding is also the head.
    /// - Throws: `InputError` that names the first number out of range.
    public init(
        family: String = "llama", vocabularySize: Int, width: Int, feedForwardWidth: Int,
        layerCount: Int, contextLength: Int, attention: Attention, normalisation: Normalisation,
        activation: Activation = .silu, biasedProjections: [LayerProjection] = [],
        embeddingScale: Float = 1, logitSoftCap: Float? = nil, headIsTied: Bool = false
    ) throws {
        self.family = family
        self.vocabularySize = vocabularySize
        self.width = width
        self.feedForwardWidth = feedForwardWidth
        self.layerCount = layerCount
        self.contextLength = contextLength
        self.attention = attention
        self.normalisation = normalisation
        self.activation = activation
        // In a fixed order, so that equal configurations have equal encodings.
        self.biasedProjections = LayerProjection.allCases.filter(biasedProjections.contains)
        self.embeddingScale = embeddingScale
        self.logitSoftCap = logitSoftCap
        self.headIsTied = headIsTied
        try checkRanges()
    }

    /// Reads a configuration and checks its ranges.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            family: box.decode(String.self, forKey: .family),
            vocabularySize: box.decode(Int.self, forKey: .vocabularySize),
            width: box.decode(Int.self, forKey: .width),
            feedForwardWidth: box.decode(Int.self, forKey: .feedForwardWidth),
            layerCount: box.decode(Int.self, forKey: .layerCount),
            contextLength: box.decode(Int.self, forKey: .contextLength),
            attention: box.decode(Attention.self, forKey: .attention),
            normalisation: box.decode(Normalisation.self, forKey: .normalisation),
            activation: box.decode(Activation.self, forKey: .activation),
            biasedProjections: box.decode([LayerProjection].self, forKey: .biasedProjections),
            embeddingScale: box.decode(Float.self, forKey: .embeddingScale),
            logitSoftCap: box.decodeIfPresent(Float.self, forKey: .logitSoftCap),
            headIsTied: box.decode(Bool.self, forKey: .headIsTied))
    }
}

extension DecoderConfiguration {
    /// Refuses numbers that no real model has, before anything of that size is allocated.
    private func checkRanges() throws {
        let sizes: [(key: String, value: Int, maximum: Int)] = [
            ("vocab_size", vocabularySize, 1 << 22),
            ("hidden_size", width, 1 << 17),
            ("intermediate_size", feedForwardWidth, 1 << 19),
            ("num_hidden_layers", layerCount, 1 << 10),
            ("max_position_embeddings", contextLength, 1 << 27),
            ("num_attention_heads", attention.headCount, 1 << 12),
            ("num_key_value_heads", attention.keyValueHeadCount, 1 << 12),
            ("head_dim", attention.headDimension, 1 << 12),
            ("sliding_window", attention.slidingWindow?.size ?? 1, 1 << 27),
        ]
        for size in sizes where size.value < 1 || size.value > size.maximum {
            throw Self.outOfRange(size.key, "\(size.value) is not in 1...\(size.maximum)")
        }
        if attention.headCount % attention.keyValueHeadCount != 0 {
            throw Self.outOfRange(
                "num_key_value_heads",
                "\(attention.keyValueHeadCount) does not divide the \(attention.headCount) heads")
        }
        if attention.headDimension % 2 != 0 {
            throw Self.outOfRange("head_dim", "\(attention.headDimension) is odd")
        }
        let numbers: [(key: String, value: Float, isGood: Bool)] = [
            (
                "rms_norm_eps", normalisation.epsilon,
                normalisation.epsilon >= 0 && normalisation.epsilon < 1
            ),
            ("norm offset", normalisation.weightOffset, normalisation.weightOffset.isFinite),
            ("embedding scale", embeddingScale, embeddingScale.isFinite && embeddingScale > 0),
            ("attention scale", attentionScale, attentionScale.isFinite && attentionScale > 0),
            ("attn_logit_softcapping", attention.softCap ?? 1, (attention.softCap ?? 1) > 0),
            ("final_logit_softcapping", logitSoftCap ?? 1, (logitSoftCap ?? 1) > 0),
        ]
        for number in numbers where !number.isGood || !number.value.isFinite {
            throw Self.outOfRange(number.key, "\(number.value) is out of range")
        }
        if let (key, problem) = attention.rotary.problems().first {
            throw Self.outOfRange(key, problem)
        }
    }

    private static func outOfRange(_ key: String, _ problem: String) -> InputError {
        InputError(
            "model configuration, \(key)", problem,
            remedy: "correct the configuration or use an intact checkpoint")
    }

    /// Returns the same decoder with a separate head.
    func untyingHead() -> DecoderConfiguration {
        var configuration = self
        configuration.headIsTied = false
        return configuration
    }

    /// The factor of attention scores.
    var attentionScale: Float {
        attention.scale ?? 1 / Float(attention.headDimension).squareRoot()
    }
}

extension DecoderConfiguration.Attention {
    /// Returns the number of positions that a query of a layer sees; nil for all.
    func window(ofLayer layer: Int) -> Int? {
        guard let slidingWindow, slidingWindow.layers?.contains(layer) ?? true else { return nil }
        return slidingWindow.size
    }
}
