// SPDX-License-Identifier: Apache-2.0
// Intervals against SciPy and NumPy (Goldens/make-intervals.py), and against published numbers.

import Foundation
import Testing

@testable import Records

struct IntervalGoldens: Decodable {
    struct Share: Decodable {
        let successes: Int
        let count: Int
        let confidence: Double
        let lower: Double
        let upper: Double
    }
    struct Sample: Decodable {
        let values: [Double]
        let statistic: String?
        let lower: Double
        let upper: Double
    }
    struct Percentile: Decodable {
        let values: [Double]
        let share: Double
        let value: Double
    }
    let wilson: [Share]
    let normal: [Sample]
    let bootstrap: [Sample]
    let percentiles: [Percentile]

    static func load() throws -> IntervalGoldens {
        let file = try #require(
            Bundle.module.url(
                forResource: "intervals", withExtension: "json", subdirectory: "Goldens"))
        return try JSONDecoder().decode(IntervalGoldens.self, from: Data(contentsOf: file))
    }
}

func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

@Suite struct IntervalTests {
    @Test("Wilson intervals equal SciPy's")
    func wilson() throws {
        for golden in try IntervalGoldens.load().wilson {
            let interval = try #require(
                Interval.wilson(
                    successes: golden.successes, of: golden.count, confidence: golden.confidence))
            #expect(abs(interval.lower - golden.lower) < 1e-12, "\(golden)")
            #expect(abs(interval.upper - golden.upper) < 1e-12, "\(golden)")
            #expect(interval.method == .wilson && interval.confidence == golden.confidence)
        }
    }

    @Test("normal intervals equal SciPy's")
    func normal() throws {
        for golden in try IntervalGoldens.load().normal {
            let interval = try #require(Interval.normal(of: golden.values))
            #expect(abs(interval.lower - golden.lower) < 1e-12)
            #expect(abs(interval.upper - golden.upper) < 1e-12)
        }
    }

    @Test("bootstrap intervals agree with SciPy's percentile method within resampling noise")
    func bootstrap() throws {
        for golden in try IntervalGoldens.load().bootstrap {
            let statistic = golden.statistic == "mean" ? Interval.mean : median
            let interval = try #require(
                Interval.bootstrap(
                    golden.values, seed: 3, resamples: 20_000, statistic: statistic))
            let width = golden.upper - golden.lower
            #expect(abs(interval.lower - golden.lower) <= 0.03 * width, "\(golden.statistic ?? "")")
            #expect(abs(interval.upper - golden.upper) <= 0.03 * width, "\(golden.statistic ?? "")")
        }
    }

    @Test("percentiles equal NumPy's")
    func percentiles() throws {
        for golden in try IntervalGoldens.load().percentiles {
            let value = Interval.percentile(golden.share, ofSorted: golden.values)
            #expect(abs(value - golden.value) < 1e-12, "\(golden)")
        }
    }

    @Test("the same seed gives the same bootstrap interval, another seed another one")
    func bootstrapSeeds() {
        let values = (0..<30).map { Double($0 * $0) }
        let first = Interval.bootstrap(values, seed: 1)
        #expect(first == Interval.bootstrap(values, seed: 1))
        #expect(first != Interval.bootstrap(values, seed: 2))
    }

    @Test("a bootstrap over censored costs has an infinite bound, never NaN")
    func censoredBootstrap() throws {
        let interval = try #require(
            Interval.bootstrap([8, 16, .infinity, .infinity, .infinity], seed: 0) {
                $0.sorted()[($0.count - 1) / 2]
            })
        #expect(interval.lower == 8)
        #expect(interval.upper == .infinity)
    }

    @Test("no interval is made up where there is no data")
    func noData() {
        #expect(Interval.wilson(successes: 0, of: 0) == nil)
        #expect(Interval.wilson(successes: 3, of: 2) == nil)
        #expect(Interval.wilson(successes: -1, of: 2) == nil)
        #expect(Interval.normal(of: [1]) == nil)
        #expect(Interval.normal(of: [1, .nan]) == nil)
        #expect(Interval.bootstrap([1], seed: 0) == nil)
        #expect(Interval.bootstrap([1, .nan], seed: 0) == nil)
        #expect(MeasuredValue.share("x", 0, of: 0, split: .test).value.isNaN)
    }

    @Test("SplitMix64 gives the numbers published for the seed 1234567")
    func splitMix() {
        var generator = SplitMix64(seed: 1_234_567)
        let published: [UInt64] = [
            6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
            4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
        ]
        #expect(published.map { _ in generator.next() } == published)
    }
}
