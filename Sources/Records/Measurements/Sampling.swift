// SPDX-License-Identifier: Apache-2.0
// A small deterministic generator for resampling.

/// SplitMix64 (Steele, Lea and Flood 2014): the same numbers from a seed on every machine.
public struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    /// Starts from a seed.
    public init(seed: UInt64) { state = seed }

    /// Returns the next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Returns a whole number below `bound`, from the high half of the product. The bias is below
    /// 2^-50 for the sample sizes used here.
    mutating func next(below bound: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }
}

extension Array {
    /// Draws elements without replacement.
    ///
    /// - Parameters:
    ///   - count: How many; all in random order if there are fewer.
    ///   - seed: The seed of the random choice.
    /// - Returns: The elements drawn.
    public func sample(_ count: Int, seed: UInt64) -> [Element] {
        var generator = SplitMix64(seed: seed)
        return Array(shuffled(using: &generator).prefix(count))
    }

    /// Cuts the array into consecutive pieces.
    ///
    /// - Parameter size: The greatest length of a piece.
    /// - Returns: The pieces in their order.
    package func chunked(into size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
