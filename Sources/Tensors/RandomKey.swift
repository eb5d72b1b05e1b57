// SPDX-License-Identifier: Apache-2.0
// Random numbers from explicit keys: the same key gives the same numbers.

import CTensor

/// The source of one tensor's random numbers.
public struct RandomKey: Sendable {
    let tensor: Tensor

    /// A key from a seed.
    ///
    /// - Parameter seed: Any number.
    public init(seed: UInt64) {
        tensor = Tensor.apply(
            .random_key, [], integers: [Int(Int64(bitPattern: seed))], name: "RandomKey(seed:)")
    }

    private init(_ tensor: Tensor) {
        self.tensor = tensor
    }

    /// Two keys that are independent of each other and of this one.
    public func split() -> (RandomKey, RandomKey) {
        let parts = Tensor.apply(.random_split, [tensor], count: 2, name: "RandomKey.split")
        return (RandomKey(parts[0]), RandomKey(parts[1]))
    }

    /// A fresh key; this one moves on, so that each call gives another.
    public mutating func next() -> RandomKey {
        let (rest, fresh) = split()
        self = rest
        return fresh
    }
}

extension Tensor {
    /// Numbers of the standard normal distribution.
    ///
    /// - Parameters:
    ///   - shape: The extents.
    ///   - key: Their source.
    /// - Returns: A tensor of type `float32`.
    public static func normal(_ shape: [Int], key: RandomKey) -> Tensor {
        apply(.random_normal, [key.tensor], integers: shape)
    }

    /// Numbers spread evenly over a range.
    ///
    /// - Parameters:
    ///   - shape: The extents.
    ///   - low: The least value.
    ///   - high: The bound that is not reached.
    ///   - key: Their source.
    /// - Returns: A tensor of type `float32`.
    public static func uniform(
        _ shape: [Int], low: Float = 0, high: Float = 1, key: RandomKey
    ) -> Tensor {
        apply(
            .random_uniform, [key.tensor], integers: shape, numbers: [Double(low), Double(high)])
    }

    /// Truth values.
    ///
    /// - Parameters:
    ///   - probability: How probable true is.
    ///   - shape: The extents.
    ///   - key: Their source.
    /// - Returns: A tensor of type `bool`.
    public static func bernoulli(
        _ probability: Float, _ shape: [Int], key: RandomKey
    ) -> Tensor {
        apply(
            .random_bernoulli, [key.tensor], integers: shape, numbers: [Double(probability)])
    }

    /// One draw from each distribution.
    ///
    /// - Parameters:
    ///   - logits: Unnormalised log-probabilities, `[..., classes]`.
    ///   - key: The source.
    /// - Returns: Indices of classes, `[...]`.
    public static func categorical(logits: Tensor, key: RandomKey) -> Tensor {
        apply(.random_categorical, [key.tensor, logits])
    }

    /// The integers from 0 up to a count, shuffled.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - key: The source.
    /// - Returns: `[count]` of integers.
    public static func permutation(_ count: Int, key: RandomKey) -> Tensor {
        apply(.random_permutation, [key.tensor], integers: [count])
    }
}
