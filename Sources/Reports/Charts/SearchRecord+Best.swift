// SPDX-License-Identifier: Apache-2.0
// The best of a search: so far, and expected for fewer trials.

import Records

extension SearchRecord {
    /// Returns the best value within the bounds after each trial; nil before there is one.
    func bestSoFar(_ thresholds: Thresholds) -> [Double?] {
        var best: Double?
        return trials.map { trial in
            if trial.isWithinBounds, let value = trial.value {
                best =
                    best.map { thresholds.brokenWhen == .below ? min($0, value) : max($0, value) }
                    ?? value
            }
            return best
        }
    }

    /// Returns the expected best of 1, 2, ... trials drawn from these. A trial out of bounds counts
    /// as untampered.
    ///
    /// - Parameters:
    ///   - thresholds: The thresholds, which say which side is the attacker's.
    ///   - untampered: The value of an attacker who gains nothing.
    /// - Returns: One value for each number of trials.
    func expectedBest(_ thresholds: Thresholds, untampered: Double) -> [Double] {
        let values = trials.map { trial in
            trial.isWithinBounds ? trial.value ?? untampered : untampered
        }
        return (1...max(values.count, 1)).compactMap { draws in
            thresholds.brokenWhen == .below
                ? ExpectedBest.minimum(of: values, draws: draws)
                : ExpectedBest.maximum(of: values, draws: draws)
        }
    }
}
