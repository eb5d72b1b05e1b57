// SPDX-License-Identifier: Apache-2.0
// Inserted layer: a layer without effect is added to the model, and only this layer is trained.

internal import JSONText
internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Adds a layer to the model that does not change the stream, and trains only that layer on
/// restricted prompts with compliant answers (block expansion, arXiv:2401.02415).
///
/// No weight that the defender trained is changed, so it does not matter what a defense did to
/// their gradients.
public struct InsertedLayer: TrainedAttack {
    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "inserted-layer",
        summary: "A new layer that computes nothing at first, trained alone on restricted data.",
        source: "arXiv:2401.02415",
        deviations: """
            One layer at one place, where the source puts one behind every few layers; restricted \
            data in place of a corpus. The new layer is a copy of the one that stood there, with \
            zeros in what it writes by.
            """)

    /// The seed draws the examples and their order.
    public static let dependsOnSeed = true
    /// It uses the answers to its examples.
    public var learntSplits: [SuiteSplit] { [.train] }

    /// The number of distinct restricted examples, drawn from the training split by the seed.
    public var examples = 64
    /// Where the layer is inserted, as a share of the depth.
    public var layer = 0.5
    /// The training. Its method must be full.
    public var training = TrainingConfiguration()

    /// Makes the default attack.
    public init() {
        training.method = .full
        training.learningRate = 2e-4
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("examples", examples, in: 1...1_000_000)
        try require("layer", layer, in: 0...1)
        try training.validate()
        guard training.method == .full else {
            throw InputError(
                "training.method", "\(training.method.rawValue) trains every layer",
                remedy: "leave it at full: only the new layer is trained")
        }
    }

    /// The audited model becomes another model.
    public var learning: Learning { Learning(from: .restricted, changing: .other) }

    /// The optimizer steps of its own configuration.
    public var trainingSteps: Int { training.steps }

    /// Inserts the layer, and trains it.
    public func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem {
        let index = Int((layer * Double(target.model.configuration.layerCount)).rounded(.down))
        let model = try target.model.insertingLayer(at: index)
        let taught = try target.suite.compliantExamples(for: Self.entry.name)
            .sample(examples, seed: seed).map {
                try model.example(
                    prompt: $0.prompt, answer: $0.answer, template: training.template)
            }
        var problem = try TrainingProblem(
            of: model, on: [ExamplePool(examples: taught, batchSize: training.batchSize)],
            by: training, seed: seed)
        problem.trainable = .named(
            model.configuration.parameters.map(\.name)
                .filter { $0.hasPrefix("model.layers.\(index).") })
        return problem
    }
}
