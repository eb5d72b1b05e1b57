// SPDX-License-Identifier: Apache-2.0
// The feed-forward network as a sum: gated, plain, or experts of which a router chooses some.

extension DecoderConfiguration {
    /// The function inside the feed-forward network.
    public enum Activation: String, Sendable, Hashable, Codable {
        /// x * sigmoid(x).
        case silu
        /// The Gaussian error linear unit, exact.
        case gelu
        /// The Gaussian error linear unit by its tanh approximation.
        case geluTanh = "gelu_pytorch_tanh"
        /// x, or 0 below it.
        case relu
        /// gpt-oss's unit: g * sigmoid(1.702 g) * (u + 1), with g at most 7 and u within 7 of 0.
        case clampedSwiGLU = "swiglu_oai"
    }

    /// A feed-forward network.
    public enum FeedForward: Sendable, Hashable, Codable {
        /// down(activation(gate(x)) * up(x)).
        case gated(width: Int, activation: Activation = .silu)
        /// down(activation(up(x))).
        case plain(width: Int, activation: Activation)
        /// Gated networks of which each token takes some.
        case experts(Experts)
    }

    /// A mixture of experts.
    public struct Experts: Sendable, Hashable, Codable {
        /// The number of experts, 2 or more.
        public var count: Int
        /// The number of experts that each token takes.
        public var perToken: Int
        /// The inner width of an expert.
        public var width: Int
        /// The function inside an expert.
        public var activation = Activation.silu
        /// Whether the weights of a token's experts add up to 1. Otherwise they are shares of the
        /// softmax over all experts.
        public var weightsAddUp = true
        /// Whether the router adds a bias.
        public var routerIsBiased = false
        /// The inner width of the expert that every token takes besides; 0 for none.
        public var sharedWidth = 0
        /// The layers with one gated network instead.
        public var denseLayers: [Int] = []
        /// The inner width of that network.
        public var denseWidth = 0

        /// Makes a mixture.
        ///
        /// - Parameters:
        ///   - count: The number of experts.
        ///   - perToken: The number of experts that each token takes.
        ///   - width: The inner width of an expert.
        public init(count: Int, perToken: Int, width: Int) {
            (self.count, self.perToken, self.width) = (count, perToken, width)
        }
    }
}

extension DecoderConfiguration {
    /// Returns the feed-forward network of a layer.
    func feedForward(ofLayer layer: Int) -> FeedForward {
        guard case .experts(let experts) = feedForward, experts.denseLayers.contains(layer) else {
            return feedForward
        }
        return .gated(width: experts.denseWidth, activation: experts.activation)
    }

    /// The inner width that a token is computed with: that of all experts that it takes.
    public var feedForwardWidth: Int {
        switch feedForward {
        case .gated(let width, _), .plain(let width, _): width
        case .experts(let experts):
            max(experts.perToken * experts.width + experts.sharedWidth, experts.denseWidth)
        }
    }
}

extension DecoderConfiguration.FeedForward {
    /// The function inside.
    var activation: DecoderConfiguration.Activation {
        get {
            switch self {
            case .gated(_, let activation), .plain(_, let activation): activation
            case .experts(let experts): experts.activation
            }
        }
        set {
            switch self {
            case .gated(let width, _): self = .gated(width: width, activation: newValue)
            case .plain(let width, _): self = .plain(width: width, activation: newValue)
            case .experts(var experts):
                experts.activation = newValue
                self = .experts(experts)
            }
        }
    }
}
