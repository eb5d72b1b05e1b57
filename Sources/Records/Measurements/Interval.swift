// SPDX-License-Identifier: Apache-2.0
// Confidence intervals: Wilson for shares, normal for means, bootstrap for the rest.

import Foundation

/// A confidence interval.
public struct Interval: Codable, Sendable, Hashable {
    /// How an interval was computed.
    public enum Method: String, Codable, Sendable, Hashable, CaseIterable {
        /// Wilson's score interval of a share (Wilson 1927), without continuity correction.
        case wilson
        /// The mean plus or minus z standard errors.
        case normal
        /// Percentiles of a statistic over resamples.
        case bootstrap
    }

    /// The lower bound; `-Infinity` in JSON when there is none.
    public var lower: Double
    /// The upper bound; `Infinity` in JSON when there is none, as for a censored cost.
    public var upper: Double
    /// The share of such intervals that contain the true value, between 0 and 1.
    public var confidence: Double
    /// How it was computed.
    public var method: Method

    /// Makes an interval from bounds.
    public init(lower: Double, upper: Double, confidence: Double = 0.95, method: Method) {
        self.lower = lower
        self.upper = upper
        self.confidence = confidence
        self.method = method
    }

    /// Returns Wilson's score interval of a share.
    ///
    /// - Parameters:
    ///   - successes: The number of cases that count.
    ///   - count: The number of cases.
    ///   - confidence: The coverage, between 0 and 1.
    /// - Returns: The interval, or nil when there are no cases or the numbers are impossible.
    public static func wilson(
        successes: Int, of count: Int, confidence: Double = 0.95
    ) -> Interval? {
        guard count > 0, (0...count).contains(successes) else { return nil }
        let n = Double(count)
        let share = Double(successes) / n
        let z = normalQuantile(upperTail: (1 - confidence) / 2)
        let centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half =
            z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        // At the ends the bound is exact; rounding must not move it past the share.
        return Interval(
            lower: successes == 0 ? 0 : max(0, centre - half),
            upper: successes == count ? 1 : min(1, centre + half),
            confidence: confidence, method: .wilson)
    }

    /// Returns the normal interval of a mean.
    ///
    /// - Parameters:
    ///   - values: The value of each case.
    ///   - confidence: The coverage, between 0 and 1.
    /// - Returns: The interval, or nil with fewer than two values or a value that is not finite.
    public static func normal(of values: [Double], confidence: Double = 0.95) -> Interval? {
        guard values.count > 1 else { return nil }
        let mean = mean(values)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let error = (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
        return normal(mean: mean, standardError: error, confidence: confidence)
    }

    /// Returns the normal interval around a mean whose standard error is known.
    ///
    /// - Parameters:
    ///   - mean: The mean.
    ///   - standardError: Its standard error.
    ///   - confidence: The coverage, between 0 and 1.
    /// - Returns: The interval, or nil when it would not be finite.
    public static func normal(
        mean: Double, standardError: Double, confidence: Double = 0.95
    ) -> Interval? {
        let half = normalQuantile(upperTail: (1 - confidence) / 2) * standardError
        guard mean.isFinite, half.isFinite else { return nil }
        return Interval(
            lower: mean - half, upper: mean + half, confidence: confidence, method: .normal)
    }

    /// Returns the percentile bootstrap interval of a statistic.
    ///
    /// - Parameters:
    ///   - values: The value of each case. Infinite values are allowed, for censored costs.
    ///   - seed: The same seed gives the same interval on every machine.
    ///   - resamples: The number of resamples.
    ///   - confidence: The coverage, between 0 and 1.
    ///   - statistic: The statistic; the mean by default.
    /// - Returns: The interval, or nil with fewer than two values or when a resample has no
    ///   statistic.
    public static func bootstrap(
        _ values: [Double], seed: UInt64, resamples: Int = 2_000, confidence: Double = 0.95,
        statistic: ([Double]) -> Double = Interval.mean
    ) -> Interval? {
        guard values.count > 1, resamples > 0 else { return nil }
        var generator = SplitMix64(seed: seed)
        var statistics: [Double] = []
        statistics.reserveCapacity(resamples)
        var resample = values
        for _ in 0..<resamples {
            for index in resample.indices {
                resample[index] = values[generator.next(below: values.count)]
            }
            statistics.append(statistic(resample))
        }
        guard !statistics.contains(where: \.isNaN) else { return nil }
        statistics.sort()
        let tail = (1 - confidence) / 2
        return Interval(
            lower: percentile(tail, ofSorted: statistics),
            upper: percentile(1 - tail, ofSorted: statistics),
            confidence: confidence, method: .bootstrap)
    }

    /// Returns the arithmetic mean; NaN for no values.
    public static func mean(_ values: [Double]) -> Double {
        values.isEmpty ? .nan : values.reduce(0, +) / Double(values.count)
    }

    /// Returns the linearly interpolated percentile, like NumPy's default.
    static func percentile(_ share: Double, ofSorted values: [Double]) -> Double {
        let place = share * Double(values.count - 1)
        let below = Int(place.rounded(.down))
        let above = min(below + 1, values.count - 1)
        // Without this, infinity * 0 would turn a censored bound into NaN.
        if values[below] == values[above] || place == Double(below) { return values[below] }
        return values[below] + (values[above] - values[below]) * (place - Double(below))
    }

    /// Returns the z that the standard normal exceeds with this probability.
    static func normalQuantile(upperTail: Double) -> Double {
        guard upperTail > 0, upperTail < 0.5 else { return upperTail <= 0 ? .infinity : 0 }
        var (low, high) = (0.0, 40.0)
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { return middle }
            if erfc(middle / 2.0.squareRoot()) / 2 > upperTail {
                low = middle
            } else {
                high = middle
            }
        }
    }
}
