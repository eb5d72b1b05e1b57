// SPDX-License-Identifier: Apache-2.0
// Rotary position embedding (arXiv:2104.09864) and its scalings.

import Foundation

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

    /// The base of the geometric series of wavelengths.
    public let base: Double
    /// The scaling of the series.
    public let scaling: Scaling

    /// Makes an embedding.
    ///
    /// - Parameters:
    ///   - base: The base of the geometric series of wavelengths, above 1.
    ///   - scaling: The scaling of the series.
    public init(base: Double = 10_000, scaling: Scaling = .none) {
        self.base = base
        self.scaling = scaling
    }

    /// Returns the angle by which one position rotates each pair of coordinates.
    ///
    /// - Parameter dimension: The width of a head, even.
    /// - Returns: `dimension / 2` angles, in radians per position.
    package func frequencies(dimension: Int) -> [Float] {
        stride(from: 0, to: dimension, by: 2).map { place in
            let frequency = pow(base, -Double(place) / Double(dimension))
            return switch scaling {
            case .none: Float(frequency)
            case .linear(let factor): Float(frequency / factor)
            case .llama3(let numbers): Float(frequency / numbers.stretch(of: frequency))
            }
        }
    }

    func problems() -> [(key: String, problem: String)] {
        var found: [(String, String)] = []
        if !(base.isFinite && base > 1) { found.append(("rope_theta", "\(base) is not above 1")) }
        switch scaling {
        case .none: break
        case .linear(let factor):
            if !(factor.isFinite && factor >= 1) {
                found.append(("rope_scaling.factor", "\(factor) is not 1 or more"))
            }
        case .llama3(let numbers):
            if !(numbers.factor.isFinite && numbers.factor >= 1) {
                found.append(("rope_scaling.factor", "\(numbers.factor) is not 1 or more"))
            }
            let low = numbers.lowFrequencyFactor
            let high = numbers.highFrequencyFactor
            if !(low.isFinite && high.isFinite && low > 0 && high > low) {
                found.append(
                    (
                        "rope_scaling.low_freq_factor",
                        "\(low) is not above 0 and below high_freq_factor, which is \(high)"
                    ))
            }
            if numbers.originalContextLength < 1 {
                found.append(
                    (
                        "rope_scaling.original_max_position_embeddings",
                        "\(numbers.originalContextLength) is not 1 or more"
                    ))
            }
        }
        return found
    }
}

extension RotaryEmbedding.Llama3 {
    /// Returns the factor by which a frequency is slowed down, between 1 and `factor`.
    fileprivate func stretch(of frequency: Double) -> Double {
        let turns = Double(originalContextLength) * frequency / (2 * Double.pi)
        if turns < lowFrequencyFactor { return factor }
        if turns > highFrequencyFactor { return 1 }
        let share =
            (turns - lowFrequencyFactor) / (highFrequencyFactor - lowFrequencyFactor)
        return 1 / ((1 - share) / factor + share)
    }
}
