// SPDX-License-Identifier: Apache-2.0
// The difference of two shares with an interval and a test, and Holm's correction for many.

import Foundation

/// The difference of two independent shares.
///
/// A record holds how many prompts were refused, not which, so that two models on the same prompts
/// are compared as if on different ones. Answers to the same prompts go together, as a rule; the
/// interval is then wider than a paired one would be, and the test slower to claim a difference.
public struct RateDifference: Codable, Sendable, Hashable {
    /// The first share less the second.
    public let difference: Double
    /// The lower bound (Newcombe 1998, method 10: Wilson's bounds of both shares combined).
    public let lower: Double
    /// The upper bound.
    public let upper: Double
    /// The coverage of the bounds.
    public let confidence: Double
    /// The two-sided probability of such a difference between equal shares, by the pooled z test.
    public let probability: Double

    /// Compares two shares; nil when one of them has no cases or its numbers make no sense.
    /// - Parameters:
    ///   - first: how many of how many cases count.
    ///   - second: the same of what it is compared with.
    ///   - confidence: the coverage of the bounds, between 0 and 1.
    public init?(
        _ first: (successes: Int, count: Int), minus second: (successes: Int, count: Int),
        confidence: Double = 0.95
    ) {
        guard
            let one = Interval.wilson(
                successes: first.successes, of: first.count, confidence: confidence),
            let two = Interval.wilson(
                successes: second.successes, of: second.count, confidence: confidence)
        else { return nil }
        let p = Double(first.successes) / Double(first.count)
        let q = Double(second.successes) / Double(second.count)
        func length(_ x: Double, _ y: Double) -> Double { (x * x + y * y).squareRoot() }
        difference = p - q
        lower = difference - length(p - one.lower, two.upper - q)
        upper = difference + length(one.upper - p, q - two.lower)
        self.confidence = confidence
        let share =
            Double(first.successes + second.successes) / Double(first.count + second.count)
        let error =
            (share * (1 - share) * (1 / Double(first.count) + 1 / Double(second.count)))
            .squareRoot()
        probability = error > 0 ? erfc(abs(difference) / error / 2.0.squareRoot()) : 1
    }

    /// Compares two measured shares; nil when one is none.
    public init?(_ first: MeasuredValue, minus second: MeasuredValue) {
        guard let one = first.successes, let two = second.successes else { return nil }
        self.init((one, first.count), minus: (two, second.count))
    }

    /// The differences of several seeds as one that every seed bears out: the mean, the lowest and
    /// the highest bound, and the greatest probability, 1 where seeds differ in sign; nil without
    /// seeds.
    /// - Parameter seeds: the difference in each seed.
    public init?(ofSeeds seeds: [RateDifference]) {
        guard let first = seeds.first else { return nil }
        let differences = seeds.map(\.difference)
        difference = Interval.mean(differences)
        lower = seeds.map(\.lower).min() ?? first.lower
        upper = seeds.map(\.upper).max() ?? first.upper
        confidence = first.confidence
        let agree = differences.allSatisfy { $0 >= 0 } || differences.allSatisfy { $0 <= 0 }
        probability = agree ? seeds.map(\.probability).max() ?? 1 : 1
    }
}

extension MeasuredValue {
    /// How many cases a share counts, or nil when this is no share.
    fileprivate var successes: Int? {
        guard unit == .fraction, value.isFinite, (0...1).contains(value) else { return nil }
        return Int((value * Double(count)).rounded())
    }
}

/// Probabilities of several tests, corrected so that all true hypotheses together are rejected with
/// no more than the stated probability (Holm 1979).
/// - Parameter probabilities: of each test, between 0 and 1.
/// - Returns: the corrected ones in the same order.
public func holmCorrected(_ probabilities: [Double]) -> [Double] {
    var corrected = probabilities
    var least = 0.0
    let order = probabilities.indices.sorted { probabilities[$0] < probabilities[$1] }
    for (rank, index) in order.enumerated() {
        least = max(least, Double(probabilities.count - rank) * probabilities[index])
        corrected[index] = min(1, least)
    }
    return corrected
}
