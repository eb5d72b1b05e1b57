// SPDX-License-Identifier: Apache-2.0
// Canonicalisation: of all equivalent weights, those with balanced channels.

internal import LanguageModels
public import Records
internal import Tensors
public import Training

/// Rewrites a model's weights without changing its function: gains of norms are multiplied into the
/// matrices after them, and pairs of matrices share their scale evenly, channel by channel.
///
/// It undoes, at no cost, a defense that makes training hard only by the scale of channels. It
/// breaks no safeguard itself; an adversary fine-tunes afterwards (`composed`).
public struct Canonicalisation: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "canonicalisation",
        summary: "Gains of norms folded into matrices, and channels balanced; computes the same.",
        source: "folding: arXiv:2401.15024; balancing: cross-layer equalisation, arXiv:1906.04721",
        deviations: """
            Channels are balanced by their Euclidean norms, not their ranges. Besides the up and \
            down projections, each channel of values with the output projection, and each rotary \
            pair of queries with its keys, unless heads are normalised or rotated in part. Gains \
            behind a block, as Gemma 2 has them, and those of norms with a bias cannot be folded \
            and stay; channels of experts are not balanced. Rotations and permutations of channels \
            are not undone: they change no scale.
            """)

    /// The edit is the same for every seed.
    public static let dependsOnSeed = false

    /// Makes the attack, which has no parameters.
    public init() {}

    /// No value can be wrong.
    public func validate() {}

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Rewrites the weights and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        if observer.decision(at: 1) != nil { return }
        let edited = try meter.timing { try target.model.canonicalised() }
        // A gain, a square for each of two matrices, and a scale.
        meter.countElementwise(
            operations: 4, weights: target.model.configuration.parameterCount)
        try observer.advanced(to: 1, note: "channels balanced")
        _ = try observer.observe(TamperedModel(edited), step: 1, cost: meter.cost)
    }
}

extension LanguageModel {
    /// Returns the equivalent model with gains of 1 and balanced channels.
    ///
    /// - Returns: A model without adapters. It has a separate head if a tied head would have to
    ///   include the final gain.
    /// - Throws: Errors of the engine.
    func canonicalised() throws -> LanguageModel {
        var model = try fused()
        let offset = configuration.normalisation.weightOffset
        let finalGain = try model.weights["model.norm.weight"]?.values() ?? []
        if finalGain.contains(where: { $0 + offset != 1 }) {
            model = try model.untyingHead()
        }
        var edit = CanonicalWeights(model)
        edit.fold("model.norm", into: ["lm_head.weight"])
        for layer in 0..<configuration.layerCount {
            for (norm, readers) in configuration.readers(ofLayer: layer) {
                edit.fold(norm, into: readers)
            }
            edit.balanceFeedForward(of: layer)
            edit.balanceValues(of: layer)
            edit.balanceQueries(of: layer)
            try evaluate(Array(edit.weights.values))
        }
        return try model.replacing(edit.weights)
    }
}

/// Weights during the conversion to canonical form.
private struct CanonicalWeights {
    private(set) var weights: [String: Tensor]
    private let configuration: DecoderConfiguration

    init(_ model: LanguageModel) {
        (weights, configuration) = (model.weights, model.configuration)
    }

    /// Multiplies the columns of matrices by the gain of a norm, which becomes 1.
    mutating func fold(_ norm: String, into matrices: [String]) {
        // A bias is added behind the gain, and would have to be divided by it.
        guard weights[norm + ".bias"] == nil else { return }
        let norm = norm + ".weight"
        guard let stored = weights[norm], matrices.allSatisfy({ weights[$0] != nil }) else {
            return
        }
        let offset = configuration.normalisation.weightOffset
        let gain = offset == 0 ? stored : stored + offset
        for name in matrices { weights[name] = weights[name].map { $0 * gain } }
        weights[norm] = Tensor.full(stored.shape, 1 - offset)
    }

    /// Balances each inner channel between the matrices that write and read it.
    mutating func balanceFeedForward(of layer: Int) {
        // Only where the matrix beside the gate has an effect in proportion to its scale.
        guard case .gated(_, let activation) = configuration.feedForward,
            activation != .clampedSwiGLU
        else { return }
        balance(
            .up, with: .down, of: layer, made: [configuration.feedForwardWidth],
            read: [configuration.width, configuration.feedForwardWidth], over: [0])
    }

    /// Balances each channel of a value head with the matrices that read it.
    mutating func balanceValues(of layer: Int) {
        let (heads, groups, width) = heads
        balance(
            .value, with: .output, of: layer, made: [heads, 1, width],
            read: [configuration.width, heads, groups, width], over: [0, 2])
    }

    /// The number of key heads, of query heads for each, and the width of a head.
    private var heads: (Int, Int, Int) {
        let attention = configuration.attention
        return (
            attention.keyValueHeadCount, attention.headCount / attention.keyValueHeadCount,
            attention.headDimension
        )
    }

    /// Scales the rows of one matrix against the columns of another, so that both have equal norms.
    ///
    /// - Parameters:
    ///   - maker: The matrix whose rows write the channels.
    ///   - reader: The matrix whose columns read them.
    ///   - layer: The layer.
    ///   - made: The shape of the channels.
    ///   - read: The shape of the reader. It ends with that of the channels or repeats them.
    ///   - axes: The axes of the reader that are not channels.
    private mutating func balance(
        _ maker: LayerProjection, with reader: LayerProjection, of layer: Int, made: [Int],
        read: [Int], over axes: [Int]
    ) {
        let names = [maker, reader].map { $0.weightName(inLayer: layer) }
        guard let rows = weights[names[0]], let columns = weights[names[1]] else { return }
        let split = columns.reshaped(read)
        let factor = Self.factor(
            from: rows.square().sum(axis: -1).sqrt().reshaped(made),
            to: split.square().sum(axes: axes).sqrt().reshaped(made))
        scale(maker, of: layer, by: factor.flattened())
        weights[names[1]] = (split / factor).reshaped(columns.shape)
    }

    /// Balances each rotary pair of a key head with the queries that are multiplied with it.
    mutating func balanceQueries(of layer: Int) {
        let rotary = configuration.attention.rotary
        guard configuration.attention.headNorm == nil, rotary.share == 1, !rotary.isInterleaved
        else { return }
        let (heads, groups, width) = heads
        let names = [LayerProjection.query, .key].map { $0.weightName(inLayer: layer) }
        guard let queries = weights[names[0]], let keys = weights[names[1]] else { return }
        // Coordinates i and i + width / 2 are rotated together.
        let pairs = width / 2
        let factor = Self.factor(
            from: keys.square().sum(axis: -1).reshaped([heads, 2, pairs]).sum(axes: [1]).sqrt(),
            to: queries.square().sum(axis: -1).reshaped([heads, groups, 2, pairs])
                .sum(axes: [1, 2]).sqrt()
        ).reshaped([heads, 1, 1, pairs])
        scale(
            .key, of: layer, by: factor.broadcast(to: [heads, 1, 2, pairs]).flattened())
        scale(
            .query, of: layer,
            by: factor.reciprocal().broadcast(to: [heads, groups, 2, pairs]).flattened())
    }

    /// Multiplies each row of a projection, and its bias, by a factor, `[rows]`.
    private mutating func scale(_ projection: LayerProjection, of layer: Int, by factor: Tensor) {
        let name = projection.weightName(inLayer: layer)
        let bias = String(name.dropLast("weight".count)) + "bias"
        weights[name] = weights[name].map { $0 * factor.expanded(at: -1) }
        weights[bias] = weights[bias].map { $0 * factor }
    }

    /// Returns the factors that move norms and other norms to their geometric mean: the norms are
    /// multiplied and the others divided by them. The factor is 1 if one of the norms is zero.
    private static func factor(from norms: Tensor, to others: Tensor) -> Tensor {
        let isUsed = norms.greater(0).logicalAnd(others.greater(0))
        let ratio = others / Tensor.where(isUsed, norms, Tensor(1))
        return Tensor.where(isUsed, ratio.sqrt(), Tensor(1))
    }
}
