// SPDX-License-Identifier: Apache-2.0
// Least-squares removal: each matrix is changed so that its outputs for restricted prompts become
// like those for benign ones.

internal import LanguageModels
public import Records
internal import Suites
internal import Tensors
public import Training

/// Changes each matrix that writes to the stream. Its output after restricted prompts becomes the
/// mean of its outputs after benign prompts, which themselves stay as they are: ablation of
/// arbitrary rank, module by module.
///
/// A defense cannot hide a direction from it. The change is the smallest with this effect, in the
/// sense of least squares with a ridge.
public struct LeastSquaresRemoval: Attack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "least-squares-removal",
        summary: "Each writing matrix gives restricted prompts what it gives benign ones.",
        source: "p-e-w/heretic, arbitrary-rank ablation; least squares as in arXiv:2210.07229",
        deviations: """
            Ridge regression in closed form instead of L-BFGS, the benign mean instead of nearest \
            neighbours, and no push away from the restricted outputs. All matrices are changed by \
            what they read in the released model, behind the last token of prompts. Layers and \
            weights are given rather than searched. Experts are not changed, for each of them reads \
            tokens of its own.
            """)

    /// The seed draws the prompts.
    public static let dependsOnSeed = true

    /// The number of restricted prompts, and of benign ones.
    public var examples = 128
    /// The benign prompts whose outputs are kept, and give the mean.
    public var contrast = PromptContrast.unmatched
    /// The first layer that is changed, as a share of the depth.
    public var firstLayer = 0.3
    /// The weight of keeping benign outputs, relative to that of changing restricted ones.
    public var keeping = 1.0
    /// The ridge, as a share of the inputs' mean square norm.
    public var ridge = 1e-3

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 2...100_000)
        try require("firstLayer", firstLayer, in: 0...1)
        try require("keeping", keeping, in: 0...1e6)
        try require("ridge", ridge, in: 1e-8...1e6)
    }

    /// Returns 1: the whole edit is one step.
    public func steps(within budget: AuditBudget) -> Int { 1 }

    /// Returns the extent of the prompts whose states are read.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The seed of the drawn examples.
    /// - Returns: The extent.
    /// - Throws: Errors of the chat template.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        var extent = AttackExtent(
            promptTokens: try target.extent(under: [Framing()]).promptTokens)
        extent.passes = 2 * examples
        return extent
    }

    /// Changes the matrices of a copy, and passes the model on.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        if observer.decision(at: 1) != nil { return }
        let (model, suite) = (try target.model.fused(), target.suite)
        let prompts = try [
            suite.restricted.train.sample(examples, seed: seed).map(\.prompt),
            contrast.prompts(of: suite, examples, seed: seed),
        ].map { try $0.map { try Subject(model).tokens(for: $0) } }
        for prompt in prompts.joined() { meter.countForward(tokens: prompt.count) }
        meter.use(examples: prompts[0].count)
        try observer.advanced(to: 0, note: "inputs of \(prompts[0].count) prompts a class")
        let edited = try meter.timing {
            try changed(model, restricted: prompts[0], benign: prompts[1])
        }
        // The wanted outputs, and the change that gives them: one product each.
        let weights = names(of: model).joined().reduce(0) { $0 + (model.weights[$1]?.count ?? 0) }
        meter.countElementwise(
            operations: 4 * (prompts[0].count + prompts[1].count), weights: weights)
        try observer.advanced(to: 1, note: "matrices changed")
        _ = try observer.observe(TamperedModel(edited), step: 1, cost: meter.cost)
    }

    /// Returns the output and the down projection of each layer; none for layers that do not
    /// change.
    private func names(of model: LanguageModel) -> [[String]] {
        let count = model.configuration.layerCount
        let first = min(Int(firstLayer * Double(count)), count - 1)
        return (0..<count).map { layer in
            guard layer >= first else { return [] }
            return Self.projections.map { $0.weightName(inLayer: layer) }
                .filter { model.weights[$0]?.rank == 2 }
        }
    }

    private static let projections = [LayerProjection.output, .down]

    private func changed(
        _ model: LanguageModel, restricted: [[Int]], benign: [[Int]]
    ) throws -> LanguageModel {
        let read = try [restricted, benign].map { prompts in
            let parts = try prompts.chunked(into: 32).map { chunk in
                let inputs = try model.writerInputs(behind: chunk).map { inputs in
                    Self.projections.compactMap { inputs[$0] }
                }
                try evaluate(Array(inputs.joined()))
                return inputs
            }
            // [layer][projection]: [prompts, inputs].
            return (0..<model.configuration.layerCount).map { layer in
                (parts.first?[layer].indices ?? 0..<0).map { index in
                    Tensor.concatenated(parts.map { $0[layer][index] })
                }
            }
        }
        var edited: [String: Tensor] = [:]
        for (layer, names) in names(of: model).enumerated() {
            for (index, name) in names.enumerated() {
                edited[name] = try model.weights[name].map {
                    try changed(
                        $0, restricted: read[0][layer][index], benign: read[1][layer][index]
                    )
                    .evaluated()
                }
            }
        }
        return try model.replacing(edited)
    }

    /// Returns a matrix whose outputs for restricted inputs X are those of the benign mean: W + D,
    /// where D minimises |X D' - (m - X) W'|^2 + k |B D'|^2 + r |D|^2.
    ///
    /// - Parameters:
    ///   - weight: W, `[outputs, inputs]`.
    ///   - restricted: X, `[prompts, inputs]`.
    ///   - benign: B, `[prompts, inputs]`; m is the mean of its rows.
    /// - Returns: The matrix, not evaluated yet.
    /// - Throws: Errors of the engine.
    func changed(_ weight: Tensor, restricted: Tensor, benign: Tensor) throws -> Tensor {
        let wanted = (benign.mean(axis: 0, keepingDimensions: true) - restricted)
            .matmul(weight.transposed())
        let count = benign.shape[0]
        let inputs = Tensor.concatenated([restricted, benign * keeping.squareRoot()])
        let outputs = Tensor.concatenated([wanted, Tensor.zeros([count, weight.shape[0]])])
        // D' = A' (A A' + r)^-1 Y has as many unknowns as there are prompts.
        let products = inputs.matmul(inputs.transposed())
        let (rotation, values, _) = products.singularValueDecomposition()
        let lift = values.mean() * ridge
        let solved = rotation.matmul(
            rotation.transposed().matmul(outputs) / (values + lift).expanded(at: -1))
        return weight + solved.transposed().matmul(inputs)
    }
}
