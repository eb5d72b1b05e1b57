// SPDX-License-Identifier: Apache-2.0
// What the best of n trials is expected to be, and so what the price of more trials buys.

/// The expected best of n trials drawn from those that were run, without replacement.
///
/// "Expected validation performance" (Dodge et al. 2019, arXiv:1909.03004) in the unbiased form
/// (Tang et al. 2020, arXiv:2004.13705). It presumes trials drawn at random: of an estimator that
/// learns, whose later trials are better, it describes the trials and does not foretell.
public enum ExpectedBest {
    /// Returns the expected greatest of `draws` values.
    ///
    /// - Parameters:
    ///   - values: What each trial gave.
    ///   - draws: From 1 to the number of values.
    /// - Returns: Nil when there are fewer values than draws, or one is NaN.
    public static func maximum(of values: [Double], draws: Int) -> Double? {
        guard draws > 0, draws <= values.count, !values.contains(where: \.isNaN) else {
            return nil
        }
        // The i-th smallest of N is the greatest of a draw with probability C(i-1, n-1) / C(N, n).
        var probability = Double(draws) / Double(values.count)
        var sum = 0.0
        for (index, value) in values.sorted().enumerated().reversed() where index >= draws - 1 {
            sum += probability * value
            guard index > 0 else { break }
            probability *= Double(index + 1 - draws) / Double(index)
        }
        return sum
    }

    /// Returns the expected least of `draws` values.
    ///
    /// - Parameters:
    ///   - values: What each trial gave.
    ///   - draws: From 1 to the number of values.
    /// - Returns: Nil when there are fewer values than draws, or one is NaN.
    public static func minimum(of values: [Double], draws: Int) -> Double? {
        maximum(of: values.map { -$0 }, draws: draws).map { 0 - $0 }
    }
}
