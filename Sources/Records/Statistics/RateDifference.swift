// SPDX-License-Identifier: Apache-2.0
// The difference of two shares with an interval and a test, and Holm's correction for many.

import Foundation

/// The difference of two shares: of the same cases if it is known which of them count, or else of
/// independent cases.
///
/// As a rule, answers to the same prompts are correlated, so that a paired interval is narrower and
/// a paired test more sensitive.
public struct RateDifference: Codable, Sendable, Hashable {
    /// The first share minus the second.
    public let difference: Double
    /// The lower bound: Wilson's bounds of both shares combined (Newcombe 1998); for paired shares
    /// with their correlation (his method 10 for paired data).
    public let lower: Double
    /// The upper bound.
    public let upper: Double
    /// The coverage of the bounds.
    public let confidence: Double
    /// The two-sided probability of such a difference between equal shares: by the pooled z test;
    /// for paired shares by McNemar's exact test with the mid-p value.
    public let probability: Double
    /// Whether both shares are of the same cases, one by one.
    public let isPaired: Bool

    /// Compares two independent shares; nil when one of them has no cases or its numbers are
    /// impossible.
    ///
    /// - Parameters:
    ///   - first: The number of cases that count, and of all cases.
    ///   - second: The same for the second share.
    ///   - confidence: The coverage of the bounds, between 0 and 1.
    public init?(
        _ first: (successes: Int, count: Int), minus second: (successes: Int, count: Int),
        confidence: Double = 0.95
    ) {
        self.init(first, second, correlation: 0, confidence: confidence) { difference in
            let share =
                Double(first.successes + second.successes) / Double(first.count + second.count)
            let error =
                (share * (1 - share) * (1 / Double(first.count) + 1 / Double(second.count)))
                .squareRoot()
            return error > 0 ? erfc(abs(difference) / error / 2.0.squareRoot()) : 1
        }
    }

    /// Compares two shares of the same cases; nil without cases, or when the numbers of cases
    /// differ.
    ///
    /// - Parameters:
    ///   - first: Whether each case counts.
    ///   - second: The same for the second share, in the same order.
    ///   - confidence: The coverage of the bounds, between 0 and 1.
    public init?(paired first: [Bool], minus second: [Bool], confidence: Double = 0.95) {
        guard first.count == second.count else { return nil }
        let (one, two) = (first.count { $0 }, second.count { $0 })
        let both = zip(first, second).count { $0 && $1 }
        let (onlyFirst, onlySecond) = (one - both, two - both)
        self.init(
            (one, first.count), (two, second.count),
            correlation: Self.correlation(
                both: both, onlyFirst: onlyFirst, onlySecond: onlySecond, count: first.count),
            confidence: confidence, isPaired: true
        ) { _ in Self.midP(onlyFirst, onlySecond) }
    }

    private init?(
        _ first: (successes: Int, count: Int), _ second: (successes: Int, count: Int),
        correlation: Double, confidence: Double, isPaired: Bool = false,
        probability: (Double) -> Double
    ) {
        guard
            let one = Interval.wilson(
                successes: first.successes, of: first.count, confidence: confidence),
            let two = Interval.wilson(
                successes: second.successes, of: second.count, confidence: confidence)
        else { return nil }
        let p = Double(first.successes) / Double(first.count)
        let q = Double(second.successes) / Double(second.count)
        func length(_ x: Double, _ y: Double) -> Double {
            max(0, x * x - 2 * correlation * x * y + y * y).squareRoot()
        }
        difference = p - q
        lower = difference - length(p - one.lower, two.upper - q)
        upper = difference + length(one.upper - p, q - two.lower)
        self.confidence = confidence
        self.probability = probability(difference)
        self.isPaired = isPaired
    }

    /// Compares two measured shares. The comparison is case by case if both have their cases, which
    /// must be those of one suite and split. Nil when one is not a share.
    public init?(_ first: MeasuredValue, minus second: MeasuredValue) {
        if let one = first.flags, let two = second.flags, one.count == two.count {
            self.init(paired: one, minus: two)
        } else {
            guard let one = first.successes, let two = second.successes else { return nil }
            self.init((one, first.count), minus: (two, second.count))
        }
    }

    /// Returns the correlation of two paired shares, corrected for continuity (Newcombe 1998).
    private static func correlation(
        both: Int, onlyFirst: Int, onlySecond: Int, count: Int
    ) -> Double {
        let neither = count - both - onlyFirst - onlySecond
        let margins = [
            both + onlyFirst, onlySecond + neither, both + onlySecond, onlyFirst + neither,
        ].map(Double.init).reduce(1, *)
        let product = Double(both * neither - onlyFirst * onlySecond)
        guard margins > 0 else { return 0 }
        let half = Double(count) / 2
        return (product < 0 ? product : max(0, product - half)) / margins.squareRoot()
    }

    /// Returns the mid-p value of McNemar's exact test: cases that differ are equally likely on
    /// either side.
    private static func midP(_ one: Int, _ two: Int) -> Double {
        let count = Double(one + two)
        func probability(_ side: Int) -> Double {
            let side = Double(side)
            let ways = lgamma(count + 1) - lgamma(side + 1) - lgamma(count - side + 1)
            return exp(ways - count * log(2))
        }
        let least = min(one, two)
        let tail = (0...least).reduce(0) { $0 + probability($1) }
        return min(1, 2 * tail - probability(least))
    }

    /// Combines the differences of several seeds into one that holds for every seed: the mean, the
    /// lowest and the highest bound, and the greatest probability, which is 1 if seeds differ in
    /// sign. Nil without seeds.
    ///
    /// - Parameter seeds: The difference in each seed.
    public init?(ofSeeds seeds: [RateDifference]) {
        guard let first = seeds.first else { return nil }
        let differences = seeds.map(\.difference)
        difference = Interval.mean(differences)
        lower = seeds.map(\.lower).min() ?? first.lower
        upper = seeds.map(\.upper).max() ?? first.upper
        confidence = first.confidence
        isPaired = seeds.allSatisfy(\.isPaired)
        let agree = differences.allSatisfy { $0 >= 0 } || differences.allSatisfy { $0 <= 0 }
        probability = agree ? seeds.map(\.probability).max() ?? 1 : 1
    }
}

extension MeasuredValue {
    /// Whether each case counts, or nil when that is not known.
    fileprivate var flags: [Bool]? {
        guard let cases, successes == cases.utf8.count(where: { $0 == UInt8(ascii: "1") }) else {
            return nil
        }
        return cases.utf8.map { $0 == UInt8(ascii: "1") }
    }

    /// The number of cases that a share counts, or nil when this is not a share.
    fileprivate var successes: Int? {
        guard unit == .fraction, value.isFinite, (0...1).contains(value) else { return nil }
        return Int((value * Double(count)).rounded())
    }
}

/// Returns the probabilities of several tests, corrected such that the chance to reject any true
/// hypothesis is at most the stated probability (Holm 1979).
///
/// - Parameter probabilities: The probability of each test, between 0 and 1.
/// - Returns: The corrected probabilities in the same order.
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
