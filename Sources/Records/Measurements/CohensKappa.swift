// SPDX-License-Identifier: Apache-2.0
// How far two judges agree beyond chance.

/// Cohen's kappa of two raters (Cohen 1960), with the asymptotic standard error of Fleiss, Cohen
/// and Everitt (1969) in its interval.
public struct CohensKappa: Codable, Sendable, Hashable {
    /// 1 for perfect agreement, 0 for as much as by chance, negative for less. Nil if it is not
    /// defined, because both raters gave every case the same category.
    public var value: Double?
    /// The normal interval of it, within -1 and 1. Nil without a value, and also if all cases
    /// agree, because the error cannot be estimated then.
    public var interval: Interval?

    /// Computes kappa from a table of counts.
    ///
    /// - Parameters:
    ///   - table: `table[i][j]` is the number of cases that the first rater put into category i and
    ///     the second into j; square.
    ///   - confidence: The coverage of the interval, between 0 and 1.
    public init(table: [[Int]], confidence: Double = 0.95) {
        let categories = table.indices
        let total = table.reduce(0) { $1.reduce($0) { $0 + Double($1) } }
        guard total > 0, table.allSatisfy({ $0.count == table.count }) else { return }
        let share = table.map { $0.map { Double($0) / total } }
        let first = share.map { $0.reduce(0, +) }
        let second = categories.map { column in share.reduce(0) { $0 + $1[column] } }
        let observed = categories.reduce(0) { $0 + share[$1][$1] }
        let expected = categories.reduce(0) { $0 + first[$1] * second[$1] }
        guard expected < 1 else { return }
        let kappa = (observed - expected) / (1 - expected)
        // The three terms of Fleiss, Cohen and Everitt's formula 13.
        let diagonal = categories.reduce(0.0) { sum, at in
            let factor = 1 - (first[at] + second[at]) * (1 - kappa)
            return sum + share[at][at] * factor * factor
        }
        var beside = 0.0
        for row in categories {
            for column in categories where row != column {
                let weight = second[row] + first[column]
                beside += share[row][column] * weight * weight
            }
        }
        let shift = kappa - expected * (1 - kappa)
        let variance =
            (diagonal + (1 - kappa) * (1 - kappa) * beside - shift * shift)
            / ((1 - expected) * (1 - expected) * total)
        value = kappa
        guard observed < 1 else { return }
        interval = Interval.normal(
            mean: kappa, standardError: max(0, variance).squareRoot(), confidence: confidence
        ).map {
            var interval = $0
            interval.lower = max(-1, $0.lower)
            interval.upper = min(1, $0.upper)
            return interval
        }
    }
}
