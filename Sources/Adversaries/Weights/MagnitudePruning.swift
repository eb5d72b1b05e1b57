// SPDX-License-Identifier: Apache-2.0
// Magnitude pruning: the smallest weights of each matrix become zero.

internal import LanguageModels
public import Records
internal import Tensors
public import Training

/// Sets the smallest weights of every decoder matrix to zero (arXiv:1506.02626), unstructured and
/// matrix by matrix, as the baseline of arXiv:2306.11695 does.
///
/// Exactly the rounded share of each matrix is set to zero. Of equal weights, the first ones are
/// removed, row by row. Norms, biases, the embedding and the head keep their weights.
public struct MagnitudePruning: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "magnitude-pruning",
        summary: "The smallest weights of each decoder matrix set to zero.",
        source: "arXiv:1506.02626; matrix by matrix as the baseline of 2306.11695",
        deviations: "No retraining, and 30% by default rather than 50%.")

    /// The edit is the same for every seed.
    public static let dependsOnSeed = false

    /// The share of each matrix that is set to zero, 0 to 1.
    public var share = 0.3

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("share", share, in: 0...1)
    }

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Prunes the weights and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        // The absolute value, the selection, and the comparison with the selected value.
        try tamperOnce(
            with: target.model.decoderMatrices, of: target.model, operations: 3,
            note: "share \(share)", meter: &meter, observer: &observer
        ) { _, weight in pruned(weight) }
    }

    /// Returns a tensor without its smallest elements.
    private func pruned(_ tensor: Tensor) -> Tensor {
        let pruned = Int((share * Double(tensor.count)).rounded())
        guard pruned > 0 else { return tensor }
        let magnitudes = tensor.flattened().abs()
        let largestPruned = magnitudes.top(magnitudes.count - pruned + 1, axis: 0).min()
        let isSmaller = magnitudes.less(largestPruned)
        let isEqual = magnitudes.equal(largestPruned)
        // Counted in integers, because sums of ones in fp32 end at 2^24.
        let smaller = isSmaller.converted(to: .int32).sum()
        let equalUpToHere = isEqual.converted(to: .int32).cumulativeSum(axis: 0)
        let goes = isSmaller.logicalOr(
            isEqual.logicalAnd((equalUpToHere + smaller).lessOrEqual(pruned)))
        return Tensor.where(goes.reshaped(tensor.shape), Tensor(0), tensor)
    }
}
