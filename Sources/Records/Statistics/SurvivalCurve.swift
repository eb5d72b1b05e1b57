// SPDX-License-Identifier: Apache-2.0
// The share of seeds whose safeguard still holds after a cost (Kaplan and Meier 1958).

import Foundation

/// The cost to break in one seed.
public struct SurvivalObservation: Sendable, Hashable {
    /// The cost at which the safeguard broke, or the whole cost that did not break it.
    public var cost: Double
    /// Whether it broke; if not, its cost is right-censored.
    public var isBroken: Bool

    /// Makes an observation.
    public init(cost: Double, isBroken: Bool) {
        self.cost = cost
        self.isBroken = isBroken
    }
}

extension Sequence<CellRecord> {
    /// Returns a part of the cost to break in each cell. Cells without an outcome are omitted.
    public func survival(_ quantity: CostQuantity) -> [SurvivalObservation] {
        compactMap(\.broken).map {
            SurvivalObservation(cost: quantity.value(of: $0.cost), isBroken: $0.isBroken)
        }
    }
}

/// The Kaplan-Meier estimate of the cost up to which a safeguard holds against one adversary.
///
/// A break is seen at the next point of a trace, so each cost may be too high by up to the distance
/// of two points. A seed censored at a cost counts as holding there.
public struct SurvivalCurve: Sendable, Hashable {
    /// A cost at which seeds broke.
    public struct Step: Sendable, Hashable {
        /// The cost.
        public let cost: Double
        /// The number of seeds that held just before it.
        public let atRisk: Int
        /// The number of seeds that broke at it.
        public let broken: Int
        /// The share that holds after it.
        public let survival: Double
        /// The sum of d / (n (n - d)) up to here: Greenwood's variance divided by the squared
        /// survival.
        let relativeVariance: Double

        /// Greenwood's variance of ``survival``; 0 if no seed holds any more.
        public var variance: Double {
            survival > 0 ? survival * survival * relativeVariance : 0
        }
    }

    /// The steps, in ascending order of cost.
    public let steps: [Step]
    /// The costs of the seeds that never broke, in ascending order.
    public let censored: [Double]
    /// The observations of the curve.
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

    /// Returns the share of seeds that hold after a cost.
    public func survival(at cost: Double) -> Double {
        steps.last { $0.cost <= cost }?.survival ?? 1
    }

    /// The least cost at which at most half of the seeds hold; nil when more hold to the end.
    public var median: Double? { steps.first { $0.survival <= 0.5 }?.cost }

    /// Returns the interval of the share that holds after a cost, by Greenwood's variance on the
    /// scale of log(-log(share)), which keeps it between 0 and 1.
    ///
    /// - Parameters:
    ///   - cost: The cost.
    ///   - confidence: The coverage, between 0 and 1.
    /// - Returns: The interval, or nil if all seeds hold or none does, because the variance is not
    ///   defined then.
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

    /// Returns the percentile bootstrap intervals of statistics of the curve, over resampled seeds.
    ///
    /// - Parameters:
    ///   - seed: The same seed gives the same intervals on every machine.
    ///   - resamples: The number of resamples.
    ///   - confidence: The coverage, between 0 and 1.
    ///   - statistics: The statistics, the same number for every curve. Infinite values are
    ///     allowed.
    /// - Returns: An interval for each statistic, or nil with fewer than two seeds.
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

    /// Returns the bootstrap interval of the median. It has no upper bound if it includes seeds
    /// that never broke. Nil with fewer than two seeds, or when the lower bound is infinite.
    public func medianInterval(seed: UInt64 = 0) -> Interval? {
        bootstrap(seed: seed) { [$0.median ?? .infinity] }?.first
            .flatMap { $0.lower.isFinite ? $0 : nil }
    }
}
