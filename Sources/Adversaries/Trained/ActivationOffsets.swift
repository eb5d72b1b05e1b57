// SPDX-License-Identifier: Apache-2.0
// Activation offsets: a learnt vector added to the stream in front of every layer.

internal import LanguageModels
public import Records
internal import Suites
internal import Tensors
public import Training

/// Learns a vector for each layer that is added to its input, until restricted prompts are
/// answered. No weight changes (LoFiT does the same with heads, arXiv:2406.01563).
///
/// Utility is measured with the vectors in place, because a model with built-in vectors always has
/// them.
public struct ActivationOffsets: TrainedAttack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "activation-offsets",
        summary: "A learnt vector added to the residual stream in front of every layer.",
        source: "arXiv:2406.01563",
        deviations: """
            The vectors are added to the residual stream in front of all layers, at every \
            position; the source adds them to the outputs of a few attention heads, which it \
            chooses first.
            """)

    /// The seed draws the examples and their order.
    public static let dependsOnSeed = true
    /// It uses the answers to its examples.
    public var learntSplits: [SuiteSplit] { [.train] }

    /// The number of distinct restricted examples, drawn from the training split by the seed.
    public var examples = 64
    /// The training. Method, rank, alpha and targets are not used.
    public var training = TrainingConfiguration()

    /// Makes the default attack.
    public init() { training.learningRate = 5e-3 }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try training.validate()
    }

    /// The vectors are learnt from restricted examples.
    public var learning: Learning { Learning(from: .restricted, changing: .activations) }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { training.steps }

    /// Trains the vectors, from zero.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        let shape = target.model.configuration
        return try target.editing(
            .layerOffsets(Tensor.zeros([shape.layerCount, shape.width])), examples: examples,
            training: training, for: Self.entry.name, seed: seed)
    }
}

extension AttackTarget {
    /// Returns a training of a change of the stream, on restricted prompts with compliant answers.
    ///
    /// - Parameters:
    ///   - trainable: The change of the stream.
    ///   - examples: The number of distinct examples.
    ///   - training: The training. Its settings about weights are not used.
    ///   - attack: The name of the attack in errors.
    ///   - seed: The seed of the examples and their order.
    /// - Returns: The training.
    /// - Throws: Errors of the chat template; `InputError` for a suite without answers.
    func editing(
        _ trainable: Trainable, examples: Int, training: TrainingConfiguration,
        for attack: String, seed: UInt64
    ) throws -> TrainingProblem {
        let taught = try suite.compliantExamples(for: attack).sample(examples, seed: seed).map {
            try model.example(prompt: $0.prompt, answer: $0.answer, template: training.template)
        }
        var whole = training
        // Otherwise adapters would be made and not used.
        whole.method = .full
        var problem = try TrainingProblem(
            of: model, on: [ExamplePool(examples: taught, batchSize: training.batchSize)],
            by: whole, seed: seed)
        problem.trainable = trainable
        return problem
    }
}
