// SPDX-License-Identifier: Apache-2.0
// Latent perturbation: an optimised vector added to the residual stream of one layer.

internal import LanguageModels
public import Records
internal import Suites
internal import Tensors
public import Training

/// Optimises a vector that is added to the input of one layer, at every position, until restricted
/// prompts are answered (latent adversarial perturbation, arXiv:2403.05030).
///
/// No weight changes. Utility is measured with the vector in place, because a model with a built-in
/// vector always has it.
public struct LatentPerturbation: TrainedAttack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "latent-perturbation",
        summary: "An optimised vector added to the residual stream of one layer.",
        source: "arXiv:2403.05030",
        deviations: """
            One universal vector for all prompts and positions, where the source perturbs each \
            position of each prompt. Its bound is a share of the stream's mean norm behind the \
            last token of training prompts, because a first token's can be a hundred times larger.
            """)

    /// The seed draws the examples and their order.
    public static let dependsOnSeed = true
    /// It uses the answers to its examples.
    public var learntSplits: [SuiteSplit] { [.train] }

    /// The number of distinct restricted examples, drawn from the training split by the seed.
    public var examples = 64
    /// The layer whose input is perturbed, as a share of the depth.
    public var layer = 0.5
    /// The greatest norm of the vector, as a share of the stream's mean norm there.
    public var norm = 0.5
    /// The length of a step against the gradient's direction, as a share of the greatest norm.
    public var learningRate = 0.1
    /// The number of examples a step.
    public var batchSize = 8
    /// The number of optimizer steps.
    public var steps = 64

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("layer", layer, in: 0...1)
        try require("norm", norm, in: 1e-6...1e3)
        try require("learningRate", learningRate, in: 1e-6...2)
        try require("batchSize", batchSize, in: 1...4_096)
        try require("steps", steps, in: 1...10_000_000)
    }

    /// The vector is learnt from restricted examples.
    public var learning: Learning { Learning(from: .restricted, changing: .activations) }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { steps }

    /// Optimises the vector by normalised steps within its bound.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        let model = target.model
        let index = min(
            Int(layer * Double(model.configuration.layerCount)), model.configuration.layerCount - 1)
        let taught = try target.suite.compliantExamples().sample(examples, seed: seed).map {
            try model.example(prompt: $0.prompt, answer: $0.answer)
        }
        let bound = try bound(
            of: model, layer: index, prompts: taught.map(\.prompt), preparation: &preparation)
        let rate = Float(learningRate * bound)
        return TrainingProblem(
            model: model,
            trainable: .addedVector(Tensor.zeros([model.configuration.width]), layer: index),
            pools: [ExamplePool(examples: taught, batchSize: batchSize)],
            optimizer: ProjectedSteps(radius: Float(bound)), learningRate: { _ in rate },
            steps: steps, seed: seed)
    }

    /// Returns the greatest norm of the vector.
    private func bound(
        of model: LanguageModel, layer: Int, prompts: [[Int]], preparation: inout Preparation
    ) throws -> Double {
        try preparation.reading(prompts, planned: 1) {
            let norms = try prompts.chunked(into: 32).flatMap { chunk in
                // [layer + 1, prompts, 1, width]: the stream in front of each layer up to this one.
                try model.residualStates(TokenBatch(chunk), positions: [-1], layers: layer)
                    .slice(axis: 0, from: layer, to: layer + 1).norm(axis: -1).values()
            }
            return norm * norms.reduce(0) { $0 + Double($1) } / Double(norms.count)
        }
    }
}
