// SPDX-License-Identifier: Apache-2.0
// Quantisation round trip: weights rounded to few bits and back.

internal import LanguageModels
public import Records
internal import Tensors
public import Training

/// Rounds every decoder matrix to few bits and back, as for use on small hardware (its effect on
/// safeguards: arXiv:2404.04392).
///
/// Rounding is symmetric and to nearest. A group of neighbours in a row shares one quantum: the
/// largest absolute value of the group divided by 2^(bits - 1) - 1. The levels are 0 and the same
/// number of multiples of the quantum on either side. `bits: 8, groupSize: 0` is 8 bits per channel
/// (arXiv:2208.07339), `bits: 4, groupSize: 128` the round-to-nearest baseline of arXiv:2210.17323.
/// Norms, biases, the embedding and the head keep their weights.
public struct QuantisationRoundTrip: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "quantisation-round-trip",
        summary: "Decoder matrices rounded to few bits, symmetrically in groups, and back.",
        source: "arXiv:2404.04392; rounding as in 2208.07339 (8 bits, by row) and the "
            + "round-to-nearest baseline of 2210.17323 (4 bits, by group)",
        deviations: """
            Symmetric at every width, without outlier columns and without calibration; scales stay \
            in 32 bits. Activations are not quantised. A row's last group is shorter where \
            groupSize does not divide the row.
            """)

    /// Rounding is the same for every seed.
    public static let dependsOnSeed = false

    /// The number of bits a weight, 2 to 8.
    public var bits = 4
    /// The number of neighbours in a row that share a scale; 0 means the whole row.
    public var groupSize = 128

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("bits", bits, in: 2...8)
        try require("groupSize", groupSize, in: 0...1_000_000)
    }

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Rounds the weights and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        // The absolute value, its maximum, a division, the rounding and a product.
        try tamperOnce(
            with: target.model.decoderMatrices, of: target.model, operations: 5,
            note: "\(bits) bits", meter: &meter, observer: &observer
        ) { _, weight in rounded(weight) }
    }

    /// Returns a matrix, `[rows, columns]`, with every weight at the nearest level of its group.
    private func rounded(_ matrix: Tensor) -> Tensor {
        let columns = matrix.shape[1]
        let size = groupSize == 0 ? columns : min(groupSize, columns)
        let whole = columns / size * size
        let parts = [(0, whole), (whole, columns)].filter { $0 < $1 }
        return .concatenated(
            parts.map { start, end in
                rounded(
                    matrix.slice(axis: 1, from: start, to: end), groupSize: min(size, end - start))
            }, axis: 1)
    }

    /// Returns the same for a matrix whose rows hold whole groups.
    private func rounded(_ matrix: Tensor, groupSize: Int) -> Tensor {
        let groups = matrix.reshaped([matrix.shape[0], -1, groupSize])
        let levels = Float((1 << (bits - 1)) - 1)
        // A group of zeros stays unchanged.
        let quantum = (groups.abs().max(axis: -1, keepingDimensions: true) / levels)
            .maximum(Float.leastNormalMagnitude)
        return ((groups / quantum).round() * quantum).reshaped(matrix.shape)
    }
}
