// SPDX-License-Identifier: Apache-2.0
// The expected best of n trials, which shows the benefit of paying for more trials.

/// The expected best of n trials, drawn without replacement from the trials that were run.
///
/// "Expected validation performance" (Dodge et al. 2019, arXiv:1909.03004) in the unbiased form
/// (Tang et al. 2020, arXiv:2004.13705). It assumes trials drawn at random. The later trials of an
/// estimator that learns are better; for those it describes the trials, but does not predict.
public enum ExpectedBest {
    /// Returns the expected maximum of `draws` values.
    ///
    /// - Parameters:
    ///   - values: The result of each trial.
    ///   - draws: From 1 to the number of values.
    /// - Returns: The expected maximum; nil when there are fewer values than draws, or one is NaN.
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

    /// Returns the expected minimum of `draws` values.
    ///
    /// - Parameters:
    ///   - values: The result of each trial.
    ///   - draws: From 1 to the number of values.
    /// - Returns: The expected minimum; nil when there are fewer values than draws, or one is NaN.
    public static func minimum(of values: [Double], draws: Int) -> Double? {
        maximum(of: values.map { -$0 }, draws: draws).map { 0 - $0 }
    }
}
