// SPDX-License-Identifier: Apache-2.0
// Chooses the next point to try from the results so far.

import Foundation
internal import Records

/// A multivariate tree-structured Parzen estimator (Bergstra and others, 2011; arXiv:2304.11127).
///
/// Trials are divided into a few good ones and the others. Each group becomes a density over the
/// unit cube: a mixture of one kernel around each trial, and one over the whole cube. Candidates
/// are drawn from the good density, and the candidate where it exceeds the other density most is
/// tried. Kernels are products over all parameters, so that correlated parameters are moved
/// together.
///
/// The reference is Optuna 4.9, `TPESampler(multivariate=True)`. These are as in Optuna: the number
/// of good trials (a tenth, 25 at most), the 24 candidates, the truncated normal kernels of one
/// width, the least width, and the choice among candidates. Equal seeds and trials give equal
/// suggestions.
///
/// Deviations from Optuna, with n trials in a density and d parameters:
/// - The kernel over the whole cube is flat. Optuna's is a normal of standard deviation 1 around
///   the middle.
/// - A kernel has the width 0.2 (n + 1)^(-1 / (d + 4)), where Optuna has n in place of n + 1. A
///   choice keeps the share n / (n + choices) for itself, where Optuna has n + 1 in place of n.
/// - All trials have the same weight. Optuna gives the oldest less weight once a density has 25
///   trials.
/// - Whole numbers are drawn as real numbers and rounded. Optuna's kernels have a probability for
///   each.
///
/// Optuna 5 changed its widths to the distances between trials; this estimator did not follow.
struct TreeParzenEstimator {
    /// A point of the unit cube that was tried, and its loss; lower is better.
    struct Trial: Sendable, Hashable {
        let place: [Double]
        let loss: Double
    }

    /// The number of values of each parameter that is a choice; 0 for a number.
    let choices: [Int]
    /// The number of random trials before the estimate begins.
    let randomTrials: Int
    private(set) var trials: [Trial] = []
    private var generator: SplitMix64
    /// The number of candidates drawn for a suggestion.
    static let candidates = 24

    /// Makes an estimator.
    ///
    /// - Parameters:
    ///   - choices: The number of values of each parameter that is a choice; 0 for a number.
    ///   - randomTrials: The number of random trials at the start.
    ///   - seed: The seed. Equal seeds give equal suggestions for equal trials.
    init(choices: [Int], randomTrials: Int, seed: UInt64) {
        self.choices = choices
        self.randomTrials = randomTrials
        generator = SplitMix64(seed: seed)
    }

    /// Adds the loss of a trial. A loss that is not a number counts as the worst.
    mutating func add(_ place: [Double], loss: Double) {
        trials.append(Trial(place: place, loss: loss.isNaN ? .infinity : loss))
    }

    /// Returns the next point to try.
    mutating func suggestion() -> [Double] {
        guard trials.count >= randomTrials, trials.count > 1 else { return uniform() }
        let (better, worse) = densities
        let drawn = (0..<Self.candidates).map { _ in better.sample(using: &generator) }
        let gains = drawn.map { better.logDensity(at: $0) - worse.logDensity(at: $0) }
        let best = gains.indices.max { (gains[$0], $1) < (gains[$1], $0) } ?? 0
        return drawn[best]
    }

    /// The densities of the good trials and of the others.
    var densities: (better: ParzenDensity, worse: ParzenDensity) {
        let order = trials.indices.sorted { (trials[$0].loss, $0) < (trials[$1].loss, $1) }
        let good = Self.goodTrials(of: trials.count)
        return (
            ParzenDensity(order.prefix(good).map { trials[$0].place }, choices: choices),
            ParzenDensity(order.dropFirst(good).map { trials[$0].place }, choices: choices)
        )
    }

    /// Returns how many of a number of trials count as good.
    static func goodTrials(of count: Int) -> Int {
        min(25, Int((0.1 * Double(count)).rounded(.up)))
    }

    private mutating func uniform() -> [Double] {
        choices.map { _ in Double.random(in: 0..<1, using: &generator) }
    }
}

/// A density over the unit cube: kernels around points, and one over the whole cube.
struct ParzenDensity {
    let centres: [[Double]]
    private let choices: [Int]
    /// The standard deviation of a kernel along a number.
    private let width: Double

    init(_ centres: [[Double]], choices: [Int]) {
        self.centres = centres
        self.choices = choices
        // Scott's rule, with the kernel over the whole cube counted as a point.
        let count = Double(centres.count + 1)
        width = max(0.2 * pow(count, -1 / Double(choices.count + 4)), 1 / min(100, 1 + count))
    }

    func sample(using generator: inout SplitMix64) -> [Double] {
        let kernel = Int.random(in: 0...centres.count, using: &generator)
        return choices.indices.map { index in
            let flat = Double.random(in: 0..<1, using: &generator)
            guard kernel < centres.count else { return flat }
            let centre = centres[kernel][index]
            if choices[index] > 0 {
                let stays = Double.random(in: 0..<1, using: &generator) < share(index)
                return stays ? centre : flat
            }
            // Drawn again until it is within the cube: a truncated normal.
            for _ in 0..<64 {
                let value = centre + width * normal(using: &generator)
                if (0..<1).contains(value) { return value }
            }
            return centre
        }
    }

    /// Returns the logarithm of the density, in nats. It is 0 for a flat density over the cube.
    func logDensity(at place: [Double]) -> Double {
        let kernels = centres.map { centre in
            choices.indices.reduce(0.0) { sum, index in
                sum + log(factor(index, at: place[index], around: centre[index]))
            }
        }
        // The kernel over the whole cube has density 1.
        let all = kernels + [0]
        let greatest = all.max() ?? 0
        let sum = all.reduce(0) { $0 + exp($1 - greatest) }
        return greatest + log(sum / Double(all.count))
    }

    private func factor(_ index: Int, at place: Double, around centre: Double) -> Double {
        let count = Double(choices[index])
        if choices[index] > 0 {
            let isSame = Int(place * count) == Int(centre * count)
            return (1 - share(index)) + (isSame ? share(index) * count : 0)
        }
        let offset = (place - centre) / width
        let inside = cumulative((1 - centre) / width) - cumulative(-centre / width)
        return exp(-0.5 * offset * offset) / (width * (2 * .pi).squareRoot() * inside)
    }

    /// Returns the share of a kernel at its own choice.
    private func share(_ index: Int) -> Double {
        Double(centres.count) / Double(centres.count + choices[index])
    }

    private func cumulative(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    private func normal(using generator: inout SplitMix64) -> Double {
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &generator))).squareRoot()
        return radius * cos(2 * .pi * Double.random(in: 0..<1, using: &generator))
    }
}
