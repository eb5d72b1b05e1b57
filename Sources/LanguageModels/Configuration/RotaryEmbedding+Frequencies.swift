// SPDX-License-Identifier: Apache-2.0
// The angles of rotary position embedding under each scaling.

import Foundation

extension RotaryEmbedding {
    /// Returns the angle by which one position rotates each pair of coordinates.
    ///
    /// - Parameters:
    ///   - dimension: The width of a head, even.
    ///   - length: The length of the sequence in tokens, on which some scalings depend.
    /// - Returns: An angle for each rotated pair, in radians per position.
    package func frequencies(dimension: Int, length: Int = 0) -> [Float] {
        let width = rotatedWidth(of: dimension)
        func series(_ base: Double, _ stretch: (_ pair: Int, _ frequency: Double) -> Double)
            -> [Float]
        {
            stride(from: 0, to: width, by: 2).map { place in
                let frequency = pow(base, -Double(place) / Double(width))
                return Float(frequency / stretch(place / 2, frequency))
            }
        }
        switch scaling {
        case .none:
            return series(base) { _, _ in 1 }
        case .linear(let factor):
            return series(base) { _, _ in factor }
        case .llama3(let numbers):
            return series(base) { numbers.stretch(of: $1) }
        case .dynamic(let factor, let original):
            let growth = factor * Double(max(length, original)) / Double(original) - (factor - 1)
            let grown = base * pow(growth, Double(width) / Double(width - 2))
            return series(grown) { _, _ in 1 }
        case .yarn(let numbers):
            let ramp = numbers.ramp(base: base, width: width)
            return series(base) { pair, _ in 1 / (1 - ramp(pair) + ramp(pair) / numbers.factor) }
        case .longRope(let numbers):
            let divisors = length > numbers.originalContextLength ? numbers.long : numbers.short
            return series(base) { pair, _ in divisors[pair] }
        case .proportional(let factor, let share):
            let turning = Int((share * Double(width)) / 2)
            return series(base) { pair, _ in pair < turning ? factor : .infinity }
        }
    }

    /// Whether frequencies depend on the length of a sequence.
    var dependsOnLength: Bool {
        switch scaling {
        case .longRope(let numbers): numbers.short != numbers.long
        case .dynamic: true
        case .none, .linear, .llama3, .yarn, .proportional: false
        }
    }

    /// Returns whether the keys of a sequence must be computed again when one token is added.
    ///
    /// - Parameter length: The length with the new token.
    /// - Returns: Whether all tokens turn otherwise from this length on.
    func restarts(atLength length: Int) -> Bool {
        guard case .longRope(let numbers) = scaling, dependsOnLength else { return false }
        return length == numbers.originalContextLength + 1
    }

    /// Returns a number that is equal for lengths with the same frequencies.
    func regime(ofLength length: Int) -> Int {
        switch scaling {
        case .longRope(let numbers): length > numbers.originalContextLength ? 1 : 0
        case .dynamic(_, let original): max(length, original)
        case .none, .linear, .llama3, .yarn, .proportional: 0
        }
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

extension RotaryEmbedding.YaRN {
    /// Returns the factor of cosines and sines where the file has none.
    static func amplitude(factor: Double, scale: Double = 1) -> Double {
        factor <= 1 ? 1 : 0.1 * scale * log(factor) + 1
    }

    /// Returns the share of the slow-down for each pair: 0 for fast coordinates, 1 for slow ones.
    fileprivate func ramp(base: Double, width: Int) -> (Int) -> Double {
        func pair(turning turns: Double) -> Double {
            Double(width) * log(Double(originalContextLength) / (turns * 2 * Double.pi))
                / (2 * log(base))
        }
        var (low, high) = (pair(turning: fastTurns), pair(turning: slowTurns))
        if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
        low = max(low, 0)
        high = min(high, Double(width - 1))
        if low == high { high += 0.001 }
        return { min(max((Double($0) - low) / (high - low), 0), 1) }
    }
}

extension RotaryEmbedding.LongRope {
    /// Returns the factor of cosines and sines where the file has none.
    static func amplitude(contextLength: Int, originalContextLength original: Int) -> Double {
        amplitude(stretch: Double(contextLength) / Double(max(original, 1)), original: original)
    }

    /// Returns the same for a stretch of the context.
    static func amplitude(stretch: Double, original: Int) -> Double {
        stretch <= 1 ? 1 : (1 + log(stretch) / log(Double(original))).squareRoot()
    }
}

extension RotaryEmbedding.Growth {
    /// Returns the factor of a query at a position.
    func factor(at position: Int) -> Float {
        let turns = Double(position / originalContextLength)
        return Float(1 + rate * log(1 + turns))
    }
}
