// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (arXiv:2104.09864) and its scalings.

/// The rotation of pairs of coordinates of a query or key by the position.
public struct RotaryEmbedding: Sendable, Hashable, Codable {
    /// The scaling of the embedding for contexts longer than in the first training.
    public enum Scaling: Sendable, Hashable, Codable {
        /// No scaling.
        case none
        /// All positions divided by the factor (arXiv:2306.15595).
        case linear(factor: Double)
        /// Llama 3.1's scaling: slow coordinates are divided by the factor, fast ones are kept,
        /// with a ramp between.
        case llama3(Llama3)
        /// The base grows with a sequence that is longer than the original context.
        case dynamic(factor: Double, originalContextLength: Int)
        /// A ramp between divided and kept coordinates, and larger scores (arXiv:2309.00071).
        case yarn(YaRN)
        /// A divisor for each pair of coordinates: one list for sequences up to the original
        /// context, another for longer ones, and larger scores (arXiv:2402.13753).
        case longRope(LongRope)
        /// Only the first pairs of a head turn, at the speed they have in a whole head, divided by
        /// the factor.
        case proportional(factor: Double, share: Double)
    }

    /// The numbers of Llama 3.1's scaling.
    public struct Llama3: Sendable, Hashable, Codable {
        /// The stretch of slow coordinates.
        public var factor: Double
        /// Coordinates with fewer turns than this in the original context are slow.
        public var lowFrequencyFactor: Double
        /// Coordinates with more turns than this in the original context are fast.
        public var highFrequencyFactor: Double
        /// The context length of the first training, in tokens.
        public var originalContextLength: Int
    }

    /// The numbers of YaRN.
    public struct YaRN: Sendable, Hashable, Codable {
        /// The stretch of slow coordinates.
        public var factor: Double
        /// Coordinates with more turns than this in the original context are fast.
        public var fastTurns = 32.0
        /// Coordinates with fewer turns than this in the original context are slow.
        public var slowTurns = 1.0
        /// The context length of the first training, in tokens.
        public var originalContextLength: Int
        /// Whether the ramp begins and ends at whole coordinates.
        public var truncates = true
        /// The factor of cosines and sines.
        public var amplitude: Double
    }

    /// The numbers of LongRoPE.
    public struct LongRope: Sendable, Hashable, Codable {
        /// The divisors for sequences up to the original context.
        public var short: [Double]
        /// The divisors for longer sequences.
        public var long: [Double]
        /// The context length of the first training, in tokens.
        public var originalContextLength: Int
        /// The factor of cosines and sines.
        public var amplitude: Double
    }

    /// The growth of queries behind the original context (Llama 4, Ministral 3).
    public struct Growth: Sendable, Hashable, Codable {
        /// The factor of the logarithm.
        public var rate: Double
        /// The context length of the first training, in tokens.
        public var originalContextLength: Int
    }

    /// The base of the geometric series of wavelengths.
    public var base: Double
    /// The scaling of the series.
    public var scaling: Scaling
    /// The share of a head, from its first coordinate on, that is rotated.
    public var share = 1.0
    /// Whether neighbours are rotated together, instead of coordinates half a head apart.
    public var isInterleaved = false
    /// The growth of queries behind the original context; nil means none.
    public var growth: Growth?

    /// Makes an embedding.
    ///
    /// - Parameters:
    ///   - base: The base of the geometric series of wavelengths, above 1.
    ///   - scaling: The scaling of the series.
    public init(base: Double = 10_000, scaling: Scaling = .none) {
        self.base = base
        self.scaling = scaling
    }
}

extension RotaryEmbedding {
    /// Returns the number of coordinates of a head that are rotated.
    func rotatedWidth(of dimension: Int) -> Int { Int(Double(dimension) * share) }

    /// The factor of cosines and sines.
    var amplitude: Double {
        switch scaling {
        case .yarn(let numbers): numbers.amplitude
        case .longRope(let numbers): numbers.amplitude
        case .none, .linear, .llama3, .dynamic, .proportional: 1
        }
    }

    func problems(dimension: Int) -> [(key: String, problem: String)] {
        var found: [(String, String)] = []
        func require(_ isGood: Bool, _ key: String, _ problem: String) {
            if !isGood { found.append(("rope_scaling." + key, problem)) }
        }
        func require(factor: Double) {
            require(factor.isFinite && factor >= 1, "factor", "\(factor) is not 1 or more")
        }
        func require(original: Int) {
            require(
                (1...1 << 27).contains(original), "original_max_position_embeddings",
                "\(original) is not 1 or more")
        }
        func require(amplitude: Double) {
            require(
                amplitude.isFinite && amplitude > 0, "attention_factor",
                "\(amplitude) is not above 0")
        }
        if !(base.isFinite && base > 1) { found.append(("rope_theta", "\(base) is not above 1")) }
        let rotated = share > 0 && share <= 1 ? rotatedWidth(of: dimension) : 0
        if rotated < 2 || rotated % 2 != 0 {
            found.append(
                ("partial_rotary_factor", "\(share) of \(dimension) coordinates is no even number"))
        }
        switch scaling {
        case .none: break
        case .linear(let factor): require(factor: factor)
        case .llama3(let numbers):
            require(factor: numbers.factor)
            let (low, high) = (numbers.lowFrequencyFactor, numbers.highFrequencyFactor)
            require(
                low.isFinite && high.isFinite && low > 0 && high > low, "low_freq_factor",
                "\(low) is not above 0 and below high_freq_factor, which is \(high)")
            require(original: numbers.originalContextLength)
        case .dynamic(let factor, let original):
            require(factor: factor)
            require(original: original)
            require(rotated > 2, "rope_type", "\"dynamic\" needs more than 2 rotated coordinates")
        case .yarn(let numbers):
            require(factor: numbers.factor)
            require(original: numbers.originalContextLength)
            require(
                numbers.slowTurns > 0 && numbers.fastTurns.isFinite
                    && numbers.fastTurns >= numbers.slowTurns,
                "beta_fast", "\(numbers.fastTurns) is below beta_slow, \(numbers.slowTurns)")
            require(amplitude: numbers.amplitude)
        case .longRope(let numbers):
            require(original: numbers.originalContextLength)
            require(amplitude: numbers.amplitude)
            for (key, list) in [("short_factor", numbers.short), ("long_factor", numbers.long)] {
                require(
                    list.count == rotated / 2 && list.allSatisfy { $0.isFinite && $0 > 0 }, key,
                    "is no list of \(rotated / 2) numbers above 0")
            }
        case .proportional(let factor, let share):
            require(factor: factor)
            require(share >= 0 && share <= 1, "partial_rotary_factor", "\(share) is not in 0...1")
        }
        if let growth {
            require(original: growth.originalContextLength)
            require(
                growth.rate.isFinite && growth.rate >= 0, "llama_4_scaling_beta",
                "\(growth.rate) is not 0 or more")
        }
        return found
    }
}
