// SPDX-License-Identifier: Apache-2.0
// Attention as a sum of choices: heads and their norms, windows, sinks, positions.

extension DecoderConfiguration {
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

    /// The norm of queries and keys before they are rotated.
    public enum HeadNorm: String, Sendable, Hashable, Codable {
        /// Root mean square of each head, with one weight for all heads (Qwen 3, Gemma 3).
        case perHead
        /// Root mean square of all heads together (OLMo 2).
        case allHeads
        /// The layer norm of each head, with weights of its own (Cohere, StableLM).
        case layerPerHead
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
        /// The norm of queries and keys; nil means none.
        public var headNorm: HeadNorm? = nil
        /// The cap of scores: a score s becomes cap * tanh(s / cap).
        public var softCap: Float? = nil
        /// Whether each head has a score more that takes weight and has no value.
        public var hasSinks = false
        /// The layers that see only the last positions.
        public var slidingWindow: SlidingWindow? = nil
        /// The encoding of positions.
        public var rotary = RotaryEmbedding()
        /// The encoding of positions in windowed layers, where it is another one.
        public var windowedRotary: RotaryEmbedding? = nil
        /// The layers whose queries and keys are not rotated.
        public var layersWithoutRotary: [Int] = []

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
}

extension DecoderConfiguration.Attention {
    /// Returns the number of positions that a query of a layer sees; nil for all.
    func window(ofLayer layer: Int) -> Int? {
        guard let slidingWindow, slidingWindow.layers?.contains(layer) ?? true else { return nil }
        return slidingWindow.size
    }

    /// Returns the encoding of positions in a layer; nil for none.
    func rotary(ofLayer layer: Int) -> RotaryEmbedding? {
        if layersWithoutRotary.contains(layer) { return nil }
        return window(ofLayer: layer) == nil ? rotary : windowedRotary ?? rotary
    }

    /// All encodings of positions.
    var rotaries: [RotaryEmbedding] { [rotary] + (windowedRotary.map { [$0] } ?? []) }

    /// The factor of scores.
    var scoreScale: Float { scale ?? 1 / Float(headDimension).squareRoot() }
}
