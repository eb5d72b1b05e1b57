// SPDX-License-Identifier: Apache-2.0
// The one description of a decoder: a model family is a value of this type.

import JSONText

/// The shape of a decoder-only transformer and the choices in which families differ.
public struct DecoderConfiguration: Sendable, Hashable, Codable {
    /// A norm over the width.
    public struct Normalisation: Sendable, Hashable, Codable {
        /// What a norm divides by, and its parameters.
        public enum Kind: String, Sendable, Hashable, Codable {
            /// The root of the mean square (arXiv:1910.07467), with a weight.
            case rootMeanSquare
            /// The standard deviation, after the mean is subtracted (arXiv:1607.06450), with a weight.
            case layer
            /// The same with a weight and a bias.
            case biasedLayer
            /// The same without parameters.
            case plainLayer
        }

        /// What the norm divides by.
        public var kind = Kind.rootMeanSquare
        /// The number added to the mean square or the variance.
        public var epsilon: Float
        /// The number added to each stored weight (Gemma stores weights around zero).
        public var weightOffset: Float = 0

        /// Makes a root-mean-square norm.
        ///
        /// - Parameter epsilon: The number added to the mean square.
        public init(epsilon: Float) { self.epsilon = epsilon }
    }

    /// How the two blocks of a layer, their norms and the residual stream are arranged.
    public enum Arrangement: String, Sendable, Hashable, Codable {
        /// A norm in front of each block.
        case normBefore
        /// A norm behind each block (OLMo 2).
        case normAfter
        /// A norm on both sides of each block (Gemma 2, GLM-4).
        case normOnBothSides
        /// Both blocks read the same norm, and their outputs are added together (Cohere, Phi).
        case parallel
    }

    /// The family, as config.json's `model_type` names it.
    public let family: String
    /// The number of tokens that have an embedding.
    public internal(set) var vocabularySize: Int
    /// The width of the residual stream.
    public let width: Int
    /// The number of layers.
    public internal(set) var layerCount: Int
    /// The longest sequence, in tokens.
    public internal(set) var contextLength: Int
    /// The configuration of attention.
    public internal(set) var attention: Attention
    /// The feed-forward network.
    public internal(set) var feedForward: FeedForward
    /// The norms of the residual stream.
    public internal(set) var normalisation: Normalisation
    /// The order of norms and blocks.
    public internal(set) var arrangement: Arrangement
    /// The projections that add a bias.
    public internal(set) var biasedProjections: [LayerProjection] {
        // In a fixed order, so that equal configurations have equal encodings.
        didSet { biasedProjections = LayerProjection.allCases.filter(biasedProjections.contains) }
    }
    /// The factor of embeddings.
    public internal(set) var embeddingScale: Float
    /// The factor of what a block adds to the residual stream.
    public internal(set) var residualScale: Float
    /// The factor of logits.
    public internal(set) var logitScale: Float
    /// The cap of logits: a logit x becomes cap * tanh(x / cap).
    public internal(set) var logitSoftCap: Float?
    /// Whether the head adds a bias.
    public internal(set) var headIsBiased: Bool
    /// Whether the embedding is also the head.
    public internal(set) var headIsTied: Bool

    /// Makes a configuration and checks its ranges.
    ///
    /// - Parameters:
    ///   - family: The family, as config.json's `model_type` names it.
    ///   - vocabularySize: The number of tokens that have an embedding.
    ///   - width: The width of the residual stream.
    ///   - feedForward: The feed-forward network.
    ///   - layerCount: The number of layers.
    ///   - contextLength: The longest sequence, in tokens.
    ///   - attention: The configuration of attention.
    ///   - normalisation: The norms of the residual stream.
    ///   - arrangement: The order of norms and blocks.
    ///   - biasedProjections: The projections that add a bias.
    ///   - headIsTied: Whether the embedding is also the head.
    /// - Throws: `InputError` that names the first number out of range.
    public init(
        family: String = "llama", vocabularySize: Int, width: Int, feedForward: FeedForward,
        layerCount: Int, contextLength: Int, attention: Attention, normalisation: Normalisation,
        arrangement: Arrangement = .normBefore, biasedProjections: [LayerProjection] = [],
        headIsTied: Bool = false
    ) throws {
        self.init(
            unchecked: family, vocabularySize: vocabularySize, width: width,
            feedForward: feedForward, layerCount: layerCount, contextLength: contextLength,
            attention: attention, normalisation: normalisation)
        self.arrangement = arrangement
        self.biasedProjections = LayerProjection.allCases.filter(biasedProjections.contains)
        self.headIsTied = headIsTied
        try checkRanges()
    }

    /// Makes Llama's configuration, which a family then changes and checks.
    init(
        unchecked family: String, vocabularySize: Int, width: Int, feedForward: FeedForward,
        layerCount: Int, contextLength: Int, attention: Attention, normalisation: Normalisation
    ) {
        self.family = family
        self.vocabularySize = vocabularySize
        self.width = width
        self.layerCount = layerCount
        self.contextLength = contextLength
        self.attention = attention
        self.feedForward = feedForward
        self.normalisation = normalisation
        arrangement = .normBefore
        biasedProjections = []
        (embeddingScale, residualScale, logitScale) = (1, 1, 1)
        logitSoftCap = nil
        (headIsBiased, headIsTied) = (false, false)
    }

    /// Reads a configuration and checks its ranges.
    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        try self.init(
            unchecked: box.decode(String.self, forKey: .family),
            vocabularySize: box.decode(Int.self, forKey: .vocabularySize),
            width: box.decode(Int.self, forKey: .width),
            feedForward: box.decode(FeedForward.self, forKey: .feedForward),
            layerCount: box.decode(Int.self, forKey: .layerCount),
            contextLength: box.decode(Int.self, forKey: .contextLength),
            attention: box.decode(Attention.self, forKey: .attention),
            normalisation: box.decode(Normalisation.self, forKey: .normalisation))
        arrangement = try box.decode(Arrangement.self, forKey: .arrangement)
        biasedProjections = try box.decode([LayerProjection].self, forKey: .biasedProjections)
        embeddingScale = try box.decode(Float.self, forKey: .embeddingScale)
        residualScale = try box.decode(Float.self, forKey: .residualScale)
        logitScale = try box.decode(Float.self, forKey: .logitScale)
        logitSoftCap = try box.decodeIfPresent(Float.self, forKey: .logitSoftCap)
        headIsBiased = try box.decode(Bool.self, forKey: .headIsBiased)
        headIsTied = try box.decode(Bool.self, forKey: .headIsTied)
        try checkRanges()
    }
}

extension DecoderConfiguration {
    /// Returns the same decoder with a separate head.
    func untyingHead() -> DecoderConfiguration {
        var configuration = self
        configuration.headIsTied = false
        return configuration
    }

    /// Whether logits are only products of the final states with the head.
    var headIsLinear: Bool { logitSoftCap == nil && !headIsBiased }
}
