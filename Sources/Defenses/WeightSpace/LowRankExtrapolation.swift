// SPDX-License-Identifier: Apache-2.0
// LoX: what training added to the base, extrapolated along its strongest directions.

internal import Adversaries
internal import LanguageModels
internal import Records
internal import Tensors

/// Extrapolates what alignment added to the base along its strongest directions, without training
/// (low-rank extrapolation, arXiv:2506.15606):
/// `W = W_aligned + coefficient * strongest part of (W_aligned - W_base)`, for each matrix of the
/// decoder's layers.
public struct LowRankExtrapolation: Defense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "lox",
        summary: "The difference from the base, extrapolated along its strongest directions.",
        source: "arXiv:2506.15606",
        deviations: """
            The embedding, the head and the norms stay. Directions are found by a random range \
            finder (arXiv:0909.4061), not a full decomposition. The default coefficient is small: \
            1 with all directions took untampered refusal from 96% to 72% on SmolLM2-135M here.
            """, passes: "none: one edit of the weights", needs: [.original])

    /// How far it goes on: 0 leaves the model as it is.
    public var coefficient = 0.5
    /// How many directions of each matrix; 0 takes all.
    public var rank = 6

    /// The defaults.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("coefficient", coefficient, in: -10...10)
        try require("rank", rank, in: 0...1_000_000)
    }

    /// One edit.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let base = try HardeningExamples(defense: Self.name, target: target).original()
        return [
            HardeningStage("low-rank extrapolation") { model, preparation in
                let names = (0..<model.configuration.layerCount).flatMap {
                    model.configuration.matrices(ofLayer: $0)
                }
                let count = names.reduce(0) { $0 + (model.weights[$1]?.count ?? 0) }
                return try preparation.editing(operations: operations, weights: count) {
                    try extrapolated(names, of: model, from: base, seed: target.seed)
                }
            }
        ]
    }

    /// Operations for each weight: the difference and the sum, and the products of the search.
    private var operations: Int {
        guard rank > 0 else { return 3 }
        let products = 2 * Tensor.searchRounds + 2
        return 3 + 2 * products * (rank + Tensor.extraDirections) + 2 * rank
    }

    /// Matrices one after the other, so that memory holds what one of them needs.
    private func extrapolated(
        _ names: [String], of model: LanguageModel, from base: LanguageModel, seed: UInt64
    ) throws -> LanguageModel {
        var key = RandomKey(seed: seed)
        var edited: [String: Tensor] = [:]
        for name in names {
            guard let weight = model.weights[name], let before = base.weights[name] else {
                continue
            }
            let difference = weight - before
            let part =
                rank == 0
                ? difference : difference.strongestPart(rank: rank, key: key.next())
            edited[name] = try (weight + part * Float(coefficient)).evaluated()
        }
        return try model.replacing(edited)
    }
}
