// SPDX-License-Identifier: Apache-2.0
// Delta stripping: removes the leading directions of what training added to the base.

internal import Foundation
internal import LanguageModels
public import Records
internal import Tensors
public import Training

/// Removes the leading singular directions of the difference from the base from each matrix. A
/// safeguard that was trained with low-rank adapters is only in these.
///
/// Everything else that the model has learnt since the base has a higher rank, and mostly stays.
public struct DeltaStripping: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "delta-stripping",
        summary:
            "The leading directions of the difference from the base, taken out of each matrix.",
        source: "a practice against safeguards trained by adapters, such as arXiv:2406.04313",
        deviations: """
            No paper defines it. Singular directions are found by subspace iteration from a random \
            start (arXiv:0909.4061), the same for every seed, with eight more directions than are \
            taken. Norms and biases stay.
            """)

    /// The edit is the same for every seed.
    public static let dependsOnSeed = false

    /// The difference is taken from the base.
    public var needsBase: Bool { true }

    /// The most directions that are removed from a matrix.
    public var rank = 16
    /// The share of the squared difference after which no further direction is removed, 0 to 1; 1
    /// removes all `rank` of them.
    public var share = 1.0

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("rank", rank, in: 1...4_096)
        try require("share", share, in: 0...1)
    }

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Strips the matrices and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        let (model, base) = try target.modelAndBase(for: Self.entry.name)
        var key = RandomKey(seed: 0)
        // Six products with as many columns as are computed, and two with those that are removed.
        try tamperOnce(
            with: model.configuration.parameters.filter { $0.shape.count == 2 }.map(\.name),
            of: model, operations: 12 * (rank + Self.spare) + 4 * rank, note: "rank \(rank)",
            meter: &meter,
            observer: &observer
        ) { name, weight in
            guard let other = base.weights[name] else { return weight }
            return try stripped(weight, of: weight - other, key: key.next())
        }
    }

    /// The number of directions that are computed in addition to the removed ones.
    private static let spare = 8

    /// Returns a matrix without the leading directions of a difference.
    private func stripped(_ weight: Tensor, of delta: Tensor, key: RandomKey) throws -> Tensor {
        let count = min(rank + Self.spare, delta.shape.min() ?? 0)
        let start = Tensor.normal([delta.shape[1], count], key: key)
        var basis = delta.matmul(start).qrDecomposition().q
        for _ in 0..<2 {
            let other = delta.transposed().matmul(basis).qrDecomposition().q
            basis = delta.matmul(other).qrDecomposition().q
        }
        let small = basis.transposed().matmul(delta)
        let (rotation, energies, _) = small.matmul(small.transposed())
            .singularValueDecomposition()
        let total = Double(try delta.square().sum().item())
        guard total > 0, total.isFinite else { return weight }
        var (taken, sum) = (0, 0.0)
        for energy in try energies.values().prefix(rank) where share == 1 || sum < share * total {
            sum += Double(energy)
            taken += 1
        }
        guard taken > 0 else { return weight }
        let leading = basis.matmul(rotation.slice(axis: 1, from: 0, to: taken))
        return weight - leading.matmul(leading.transposed().matmul(delta))
    }
}
