// SPDX-License-Identifier: Apache-2.0
// The share of seeds whose safeguard still stands after so much was paid (Kaplan and Meier 1958).

import Foundation

/// What one seed says of a cost to break.
public struct SurvivalObservation: Sendable, Hashable {
    /// The cost at which the safeguard broke, or the whole cost that did not break it.
    public var cost: Double
    /// Whether it broke; if not, its cost is right-censored.
    public var isBroken: Bool

    /// Holds one observation.
    public init(cost: Double, isBroken: Bool) {
        self.cost = cost
        self.isBroken = isBroken
    }
}

extension Sequence<CellRecord> {
    /// Returns what the cells say of a part of the cost to break; those without an outcome say
    /// nothing.
    public func survival(_ quantity: CostQuantity) -> [SurvivalObservation] {
        compactMap(\.broken).map {
            SurvivalObservation(cost: quantity.value(of: $0.cost), isBroken: $0.isBroken)
        }
    }
}

/// The Kaplan-Meier estimate of how long a safeguard stands against one adversary.
///
/// A break is seen at the next point of a trace, so that each cost is an upper bound by up to the
/// distance of two points. A seed censored at a cost counts as standing there.
public struct SurvivalCurve: Sendable, Hashable {
    /// A cost at which seeds broke.
    public struct Step: Sendable, Hashable {
        /// The cost.
        public let cost: Double
        /// How many seeds stood just before it.
        public let atRisk: Int
        /// How many broke at it.
        public let broken: Int
        /// The share that stands after it.
        public let survival: Double
        /// The sum of d / (n (n - d)) up to here: Greenwood's variance over the squared survival.
        let relativeVariance: Double

        /// Greenwood's variance of ``survival``; 0 where nothing stands any more.
        public var variance: Double {
            survival > 0 ? survival * survival * relativeVariance : 0
        }
    }

    /// The steps, by rising cost.
    public let steps: [Step]
    /// The costs of the seeds that never broke, rising.
    public let censored: [Double]
    /// The observations that it was made from.
    public let observations: [SurvivalObservation]

    /// Estimates a curve; nil without observations or when a cost is not finite.
    public init?(_ observations: [SurvivalObservation]) {
        guard !observations.isEmpty, observations.allSatisfy(\.cost.isFinite) else { return nil }
        self.observations = observations
        censored = observations.filter { !$0.isBroken }.map(\.cost).sorted()
        var steps: [Step] = []
        var survival = 1.0
        var variance = 0.0
        for cost in Set(observations.filter(\.isBroken).map(\.cost)).sorted() {
            let atRisk = observations.count { $0.cost >= cost }
            let broken = observations.count { $0.cost == cost && $0.isBroken }
            survival *= Double(atRisk - broken) / Double(atRisk)
            variance += Double(broken) / (Double(atRisk) * Double(atRisk - broken))
            steps.append(
                Step(
                    cost: cost, atRisk: atRisk, broken: broken, survival: survival,
                    relativeVariance: variance))
        }
        self.steps = steps
    }

    /// Returns the share that stands after a cost was paid.
    public func survival(at cost: Double) -> Double {
        steps.last { $0.cost <= cost }?.survival ?? 1
    }

    /// The least cost at which no more than half of the seeds stand; nil when more do to the end.
    public var median: Double? { steps.first { $0.survival <= 0.5 }?.cost }

    /// Returns the interval of the share that stands after a cost, by Greenwood's variance on the
    /// scale of log(-log(share)), which keeps it between 0 and 1.
    ///
    /// - Parameters:
    ///   - cost: The cost.
    ///   - confidence: The coverage, between 0 and 1.
    /// - Returns: The interval, or nil where all seeds stand or none does: there the variance
    ///   knows nothing.
    public func interval(at cost: Double, confidence: Double = 0.95) -> Interval? {
        guard let step = steps.last(where: { $0.cost <= cost }), step.survival > 0 else {
            return nil
        }
        let logarithm = log(step.survival)
        let z = Interval.normalQuantile(upperTail: (1 - confidence) / 2)
        let half = z * step.relativeVariance.squareRoot() / logarithm
        return Interval(
            lower: exp(logarithm * exp(-half)), upper: exp(logarithm * exp(half)),
            confidence: confidence, method: .normal)
    }

    /// Returns the percentile bootstrap intervals of numbers read off the curve, over resampled
    /// seeds.
    ///
    /// - Parameters:
    ///   - seed: The same seed gives the same intervals on every machine.
    ///   - resamples: How many resamples are drawn.
    ///   - confidence: The coverage, between 0 and 1.
    ///   - statistics: The numbers, as many of every curve; infinite ones are allowed.
    /// - Returns: An interval for each number, or nil with fewer than two seeds.
    public func bootstrap(
        seed: UInt64, resamples: Int = 2_000, confidence: Double = 0.95,
        _ statistics: (SurvivalCurve) -> [Double]
    ) -> [Interval]? {
        guard observations.count > 1, resamples > 0 else { return nil }
        var generator = SplitMix64(seed: seed)
        var drawn: [[Double]] = []
        for _ in 0..<resamples {
            let sample = observations.indices.map { _ in
                observations[generator.next(below: observations.count)]
            }
            guard let curve = SurvivalCurve(sample) else { return nil }
            drawn.append(statistics(curve))
        }
        let tail = (1 - confidence) / 2
        return (0..<(drawn.map(\.count).min() ?? 0)).map { index in
            let values = drawn.map { $0[index] }.sorted()
            return Interval(
                lower: Interval.percentile(tail, ofSorted: values),
                upper: Interval.percentile(1 - tail, ofSorted: values), confidence: confidence,
                method: .bootstrap)
        }
    }

    /// Returns the bootstrap interval of the median, without an upper bound where it reaches into
    /// seeds that never broke; nil with fewer than two seeds, or when the lower bound is infinite.
    public func medianInterval(seed: UInt64 = 0) -> Interval? {
        bootstrap(seed: seed) { [$0.median ?? .infinity] }?.first
            .flatMap { $0.lower.isFinite ? $0 : nil }
    }
}
