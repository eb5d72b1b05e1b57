// SPDX-License-Identifier: Apache-2.0
// Representation fine-tuning: learnt changes within small subspaces of the stream.

internal import LanguageModels
public import Records
internal import Suites
internal import Tensors
public import Training

/// Learns to replace the part of the stream in a small subspace in front of some layers, until
/// restricted prompts are answered. No weight changes (LoReFT, arXiv:2404.03592).
///
/// The stream h becomes h + R'(W h + b - R h). Utility is measured with the change in place.
public struct RepresentationFineTuning: TrainedAttack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "reft",
        summary: "Learnt changes within small subspaces of the stream in front of some layers.",
        source: "arXiv:2404.03592",
        deviations: """
            At every position, where the source changes the first and the last tokens of prompts \
            alone. W begins as R and b as zero, so that nothing is changed at first. R is random \
            at first; in each step it is made orthonormal by Newton-Schulz iterations instead of a \
            parametrisation. No dropout.
            """)

    /// The seed draws the examples, their order and R.
    public static let dependsOnSeed = true
    /// It uses the answers to its examples.
    public var learntSplits: [SuiteSplit] { [.train] }

    /// The number of distinct restricted examples, drawn from the training split by the seed.
    public var examples = 64
    /// The layers whose inputs are changed, as shares of the depth.
    public var layers = [0.2, 0.4, 0.6, 0.8]
    /// The dimension of each subspace; at most the model's width.
    public var subspaceRank = 4
    /// The training. Method, rank, alpha and targets are not used.
    public var training = TrainingConfiguration()

    /// Makes the default attack.
    public init() { training.learningRate = 2e-3 }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("subspaceRank", subspaceRank, in: 1...1_024)
        try require("the number of layers", layers.count, in: 1...1_024)
        for layer in layers { try require("layers", layer, in: 0...1) }
        try training.validate()
    }

    /// The changes are learnt from restricted examples.
    public var learning: Learning { Learning(from: .restricted, changing: .activations) }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { training.steps }

    /// Trains the changes, starting from none.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        let shape = target.model.configuration
        let chosen = layers.map { min(Int($0 * Double(shape.layerCount)), shape.layerCount - 1) }
        let edits = SubspaceEdits(
            layers: Set(chosen).sorted(), rank: min(subspaceRank, shape.width), width: shape.width,
            key: RandomKey(seed: seed))
        return try target.editing(
            .subspaces(edits), examples: examples, training: training, for: Self.entry.name,
            seed: seed)
    }
}
