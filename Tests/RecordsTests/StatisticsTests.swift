// SPDX-License-Identifier: Apache-2.0
// Statistics against lifelines, statsmodels and NumPy (Goldens/make-statistics.py).

import Foundation
import Testing

@testable import Records

private struct StatisticsGoldens: Decodable {
    struct Study: Decodable {
        struct Step: Decodable {
            let cost: Double
            let atRisk: Int
            let broken: Int
            let survival: Double
            let lower: Double?
            let upper: Double?
        }
        let costs: [Double]
        let broken: [Bool]
        let steps: [Step]
        let median: Double?
        let middle: Double
        let lower: [Double]
        let upper: [Double]

        var observations: [SurvivalObservation] {
            zip(costs, broken).map { SurvivalObservation(cost: $0, isBroken: $1) }
        }
    }
    struct Rates: Decodable {
        let first: [Int]
        let second: [Int]
        let lower: Double
        let upper: Double
        let probability: Double
    }
    struct Pairs: Decodable {
        let table: [Int]
        let lower: Double
        let upper: Double
        let probability: Double

        /// Cases of which both, only the first, only the second, and neither count.
        var cases: [(Bool, Bool)] {
            zip([(true, true), (true, false), (false, true), (false, false)], table)
                .flatMap { Array(repeating: $0, count: $1) }
        }
    }
    struct Correction: Decodable {
        let probabilities: [Double]
        let corrected: [Double]
    }
    struct Best: Decodable {
        let values: [Double]
        let draws: Int
        let maximum: Double
        let minimum: Double
    }
    let survival: [Study]
    let rates: [Rates]
    let pairs: [Pairs]
    let corrections: [Correction]
    let best: [Best]

    static func load() throws -> StatisticsGoldens {
        let file = try #require(
            Bundle.module.url(
                forResource: "statistics", withExtension: "json", subdirectory: "Goldens"))
        return try JSONDecoder().decode(StatisticsGoldens.self, from: Data(contentsOf: file))
    }
}

@Suite struct StatisticsTests {
    @Test("survival curves, their medians and their intervals equal those of lifelines")
    func survival() throws {
        for study in try StatisticsGoldens.load().survival {
            let curve = try #require(SurvivalCurve(study.observations))
            #expect(curve.steps.map(\.cost) == study.steps.map(\.cost))
            #expect(curve.median == study.median)
            #expect(curve.censored.count == study.broken.count { !$0 })
            for (step, golden) in zip(curve.steps, study.steps) {
                #expect(step.atRisk == golden.atRisk && step.broken == golden.broken)
                #expect(abs(step.survival - golden.survival) < 1e-12)
                #expect(curve.survival(at: step.cost) == step.survival)
                let interval = curve.interval(at: step.cost)
                #expect((interval == nil) == (golden.lower == nil))
                if let interval, let lower = golden.lower, let upper = golden.upper {
                    #expect(abs(interval.lower - lower) < 1e-9, "\(golden)")
                    #expect(abs(interval.upper - upper) < 1e-9, "\(golden)")
                }
            }
        }
    }

    @Test("bootstrap intervals of survival are those of lifelines on resampled seeds")
    func bootstrap() throws {
        for study in try StatisticsGoldens.load().survival {
            let curve = try #require(SurvivalCurve(study.observations))
            let statistics = { (sample: SurvivalCurve) in [sample.survival(at: study.middle)] }
            let intervals = try #require(
                curve.bootstrap(seed: 1, resamples: 4_000, statistics))
            #expect(intervals == curve.bootstrap(seed: 1, resamples: 4_000, statistics))
            let interval = try #require(intervals.first)
            #expect((study.lower[0]...study.lower[1]).contains(interval.lower), "\(study)")
            #expect((study.upper[0]...study.upper[1]).contains(interval.upper), "\(study)")
        }
    }

    @Test("Greenwood's variance of uncensored seeds is that of a share")
    func greenwood() throws {
        let curve = try #require(
            SurvivalCurve([1, 2, 3, 4, 5].map { SurvivalObservation(cost: $0, isBroken: true) }))
        for step in curve.steps {
            let variance = step.survival * (1 - step.survival) / 5
            #expect(abs(step.variance - variance) < 1e-12)
        }
    }

    @Test("a median that resamples do not reach has no upper bound")
    func medians() throws {
        let costs: [(Double, Bool)] = [(8, true), (8, true), (16, true), (64, false), (64, false)]
        let curve = try #require(
            SurvivalCurve(costs.map { SurvivalObservation(cost: $0.0, isBroken: $0.1) }))
        #expect(curve.median == 16)
        let interval = try #require(curve.medianInterval())
        #expect(interval.lower == 8 && interval.upper == .infinity)
        let standing = SurvivalCurve([SurvivalObservation(cost: 9, isBroken: false)])
        #expect(standing?.median == nil && standing?.survival(at: 9) == 1)
        #expect(standing?.interval(at: 9) == nil && standing?.medianInterval() == nil)
        #expect(SurvivalCurve([]) == nil)
        #expect(SurvivalCurve([SurvivalObservation(cost: .nan, isBroken: true)]) == nil)
    }

    @Test("cells give the observations of every part of the cost")
    func cells() {
        let cells = RecordFixture.record().cells.filter { $0.adversary.hasPrefix("LoRA") }
        #expect(
            cells.survival(.steps) == [
                SurvivalObservation(cost: 16, isBroken: true),
                SurvivalObservation(cost: 8, isBroken: true),
                SurvivalObservation(cost: 24, isBroken: false),
            ])
        #expect(cells.survival(.examples).map(\.cost) == [96, 64, 96])
        #expect(
            cells.survival(.floatingPointOperations).map(\.cost)
                == [4.83075072e12, 2.41537536e12, 7.24612608e12])
        #expect(cells.survival(.dollars).allSatisfy { $0.cost > 0 && $0.cost < 1e-4 })
    }

    @Test("Newcombe's intervals and the z test of two shares equal statsmodels'")
    func rates() throws {
        for golden in try StatisticsGoldens.load().rates {
            let difference = try #require(
                RateDifference(
                    (golden.first[0], golden.first[1]), minus: (golden.second[0], golden.second[1]))
            )
            #expect(abs(difference.lower - golden.lower) < 1e-12, "\(golden)")
            #expect(abs(difference.upper - golden.upper) < 1e-12, "\(golden)")
            #expect(abs(difference.probability - golden.probability) < 1e-12, "\(golden)")
        }
        #expect(RateDifference((1, 0), minus: (1, 2)) == nil)
        #expect(RateDifference((3, 2), minus: (1, 2)) == nil)
    }

    @Test("paired intervals are Newcombe's, and the test is McNemar's with the mid-p value")
    func paired() throws {
        for golden in try StatisticsGoldens.load().pairs {
            let (first, second) = (golden.cases.map(\.0), golden.cases.map(\.1))
            let difference = try #require(RateDifference(paired: first, minus: second))
            #expect(abs(difference.lower - golden.lower) < 1e-12, "\(golden)")
            #expect(abs(difference.upper - golden.upper) < 1e-12, "\(golden)")
            #expect(abs(difference.probability - golden.probability) < 1e-12, "\(golden)")
            #expect(difference.isPaired)
            let turned = try #require(RateDifference(paired: second, minus: first))
            #expect(abs(turned.lower + difference.upper) < 1e-12)
        }
        #expect(RateDifference(paired: [], minus: []) == nil)
        #expect(RateDifference(paired: [true], minus: [true, false]) == nil)
    }

    @Test("shares that know their cases are compared case by case, others as independent")
    func pairedMeasurements() throws {
        let one = MeasuredValue.share("x", [true, true, false, true], split: .test)
        let two = MeasuredValue.share("x", [true, false, false, true], split: .test)
        #expect(one.cases == "1101" && one.value == 0.75 && one.count == 4)
        #expect(
            RateDifference(one, minus: two)
                == RateDifference(
                    paired: [true, true, false, true], minus: [true, false, false, true]))
        let plain = MeasuredValue.share("x", 2, of: 4, split: .test)
        #expect(RateDifference(one, minus: plain) == RateDifference((3, 4), minus: (2, 4)))
        var lying = two
        lying.cases = "1111"
        #expect(RateDifference(one, minus: lying)?.isPaired == false)
    }

    @Test("measured shares are compared by their counts, other measures not at all")
    func measured() throws {
        let one = MeasuredValue.share(MeasureName.refusal, 94, of: 96, split: .test)
        let two = MeasuredValue.share(MeasureName.refusal, 2, of: 96, split: .test)
        #expect(
            RateDifference(one, minus: two) == RateDifference((94, 96), minus: (2, 96)))
        var loss = two
        loss.unit = .nats
        #expect(RateDifference(one, minus: loss) == nil)
    }

    @Test("seeds that differ in sign bear no difference out, and bounds hold those of every seed")
    func seeds() throws {
        let up = try #require(RateDifference((90, 96), minus: (10, 96)))
        let little = try #require(RateDifference((14, 96), minus: (10, 96)))
        let down = try #require(RateDifference((10, 96), minus: (90, 96)))
        let same = try #require(RateDifference(ofSeeds: [up, little]))
        #expect(same.probability == little.probability)
        #expect(same.lower == little.lower && same.upper == up.upper)
        #expect(same.difference == (up.difference + little.difference) / 2)
        #expect(RateDifference(ofSeeds: [up, down])?.probability == 1)
        #expect(RateDifference(ofSeeds: []) == nil)
    }

    @Test("Holm's correction equals statsmodels'")
    func holm() throws {
        for golden in try StatisticsGoldens.load().corrections {
            for (own, theirs) in zip(holmCorrected(golden.probabilities), golden.corrected) {
                #expect(abs(own - theirs) < 1e-12, "\(golden)")
            }
        }
        #expect(holmCorrected([]).isEmpty)
    }

    @Test("the expected best of n is the mean over all sets of n trials")
    func expectedBest() throws {
        for golden in try StatisticsGoldens.load().best {
            let most = try #require(
                ExpectedBest.maximum(of: golden.values, draws: golden.draws))
            let least = try #require(
                ExpectedBest.minimum(of: golden.values, draws: golden.draws))
            #expect(abs(most - golden.maximum) < 1e-12, "\(golden)")
            #expect(abs(least - golden.minimum) < 1e-12, "\(golden)")
        }
        #expect(ExpectedBest.maximum(of: [1, 2], draws: 3) == nil)
        #expect(ExpectedBest.maximum(of: [1, 2], draws: 0) == nil)
        #expect(ExpectedBest.minimum(of: [1, .nan], draws: 1) == nil)
    }
}
