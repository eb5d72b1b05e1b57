// SPDX-License-Identifier: Apache-2.0
// The Parzen estimator beside Optuna's; Goldens/make-tpe.py says how its numbers were made.

import Foundation
import Testing

@testable import Adversaries

@Suite("The Parzen estimator and Optuna's")
struct ParzenKnownAnswerTests {
    /// What `make-tpe.py` wrote.
    private struct Golden: Decodable {
        struct Densities: Decodable {
            /// Log densities at the candidates, in nats.
            let good: [Double]
            let others: [Double]
        }

        struct Study: Decodable {
            /// Two numbers from 0 to 1 and the index of a choice.
            let points: [[Double]]
            let losses: [Double]
            let candidates: [[Double]]
            /// The indices of the good trials, and of the others.
            let good: [Int]
            let others: [Int]
            /// The densities of Optuna's own sampler.
            let published: Densities
            /// The densities of Optuna's mixture with the stated deviations.
            let stated: Densities
        }

        let choices: [Int]
        let candidatesDrawn: Int
        let goodOfTrials: [String: Int]
        let studies: [Study]

        enum CodingKeys: String, CodingKey {
            case choices, studies
            case candidatesDrawn = "candidates drawn"
            case goodOfTrials = "good of trials"
        }
    }

    private let reference: Golden

    init() throws {
        reference = try golden("tpe")
    }

    /// A point of Optuna's space in the unit cube: a choice is the middle of its part.
    private func place(_ point: [Double]) -> [Double] {
        zip(point, reference.choices).map { value, count in
            count > 0 ? (value + 0.5) / Double(count) : value
        }
    }

    private func estimator(_ study: Golden.Study) -> TreeParzenEstimator {
        var estimator = TreeParzenEstimator(
            choices: reference.choices, randomTrials: 0, seed: 1)
        for (point, loss) in zip(study.points, study.losses) {
            estimator.add(place(point), loss: loss)
        }
        return estimator
    }

    /// The log densities at the candidates, as Optuna counts them: a choice has a probability there
    /// and a density here.
    private func logDensities(_ study: Golden.Study) -> (good: [Double], others: [Double]) {
        let (better, worse) = estimator(study).densities
        let volume = reference.choices.reduce(0) { $0 + ($1 > 0 ? log(Double($1)) : 0) }
        func values(_ density: ParzenDensity) -> [Double] {
            study.candidates.map { density.logDensity(at: place($0)) - volume }
        }
        return (values(better), values(worse))
    }

    private func gains(_ good: [Double], _ others: [Double]) -> [Double] {
        zip(good, others).map { $0 - $1 }
    }

    /// Spearman's rank correlation.
    private func rankCorrelation(_ first: [Double], _ second: [Double]) -> Double {
        func ranks(_ values: [Double]) -> [Double] {
            let order = values.indices.sorted { values[$0] < values[$1] }
            var ranks = [Double](repeating: 0, count: values.count)
            for (rank, index) in order.enumerated() { ranks[index] = Double(rank) }
            return ranks
        }
        let count = Double(first.count)
        let squares = zip(ranks(first), ranks(second)).reduce(0.0) { sum, pair in
            sum + (pair.0 - pair.1) * (pair.0 - pair.1)
        }
        return 1 - 6 * squares / (count * (count * count - 1))
    }

    @Test("as many trials are good, and as many candidates are drawn, as in Optuna")
    func counts() {
        #expect(TreeParzenEstimator.candidates == reference.candidatesDrawn)
        for (trials, good) in reference.goodOfTrials {
            #expect(Int(trials).map(TreeParzenEstimator.goodTrials) == good, "\(trials) trials")
        }
    }

    @Test("the same trials are good as in Optuna", arguments: 0..<3)
    func split(index: Int) {
        let study = reference.studies[index]
        let densities = estimator(study).densities
        #expect(
            Set(densities.better.centres) == Set(study.good.map { place(study.points[$0]) }))
        #expect(
            Set(densities.worse.centres) == Set(study.others.map { place(study.points[$0]) }))
    }

    @Test("but for the stated deviations the densities are Optuna's", arguments: 0..<3)
    func densities(index: Int) {
        let study = reference.studies[index]
        let found = logDensities(study)
        #expect(farthest(found.good, study.stated.good) < 1e-9)
        #expect(farthest(found.others, study.stated.others) < 1e-9)
        let expected = gains(study.stated.good, study.stated.others)
        let own = gains(found.good, found.others)
        #expect(own.firstIndex(of: own.max() ?? 0) == expected.firstIndex(of: expected.max() ?? 0))
    }

    @Test(
        "with the deviations the densities stay near Optuna's, and candidates keep their ranks",
        // Nats for the good trials and for the others. Optuna lets the oldest of more than 25
        // trials count less, so that the others differ where only an old trial is near.
        arguments: [(0, 0.2, 0.2, 0.99), (1, 0.2, 2.1, 0.95), (2, 0.2, 1.1, 0.93)])
    func published(index: Int, good: Double, others: Double, correlation: Double) {
        let study = reference.studies[index]
        let found = logDensities(study)
        #expect(farthest(found.good, study.published.good) < good)
        #expect(farthest(found.others, study.published.others) < others)
        let ranked = rankCorrelation(
            gains(found.good, found.others),
            gains(study.published.good, study.published.others))
        #expect(ranked > correlation)
    }
}
