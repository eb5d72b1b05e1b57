// SPDX-License-Identifier: Apache-2.0
// Refusal training: the conventional safeguard.

internal import Foundation
public import LanguageModels
internal import Records
internal import Tensors
internal import Tokenization

/// Fine-tunes a model to decline restricted prompts and to answer benign ones: the conventional
/// safeguard, and the control for every other defense.
///
/// A third of each batch are restricted prompts with refusals, the rest benign prompts with the
/// suite's answers. Look-alikes of restricted prompts are among the benign ones, because without them a
/// model learns to decline whatever sounds similar. The model's own answers were tried as targets,
/// too: it kept more over-refusal and lost more capability and fluency.
public struct RefusalTraining: Defense {
    /// The name by which `temper harden --defense` refers to it.
    public static let name = "refusal-training"

    /// Restricted prompts a step.
    public var restrictedBatch = 4
    /// Benign prompts a step, look-alikes included.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: Training

    /// The defaults.
    public init() {
        training = Training()
        training.learningRate = 1e-3
        training.schedule = .linear
        training.steps = 90
    }

    /// Throws an ``AdversaryError`` for a value out of range.
    public func validate() throws {
        try require("restrictedBatch", restrictedBatch, in: 1...4_096)
        try require("benignBatch", benignBatch, in: 1...4_096)
        try training.validate()
        try training.requireChat()
    }

    /// Trains, and merges what was trained into the weights.
    public func weights(
        hardening model: LanguageModel, suite: Suite, seed: UInt64, meter: inout CostMeter,
        saved: SavedTraining?, progress: (HardeningProgress) throws -> Void
    ) throws -> LanguageModel {
        var generator = SplitMix64(seed: seed)
        let declined = try suite.restricted.train.map { item in
            let text = suite.refusals.randomElement(using: &generator)?.text ?? ""
            return try model.example(prompt: item.prompt, answer: text)
        }
        let answered = try (suite.benign.train + suite.lookalike.train).map {
            try model.example(prompt: $0.prompt, answer: $0.answer)
        }
        var work = try FineTuning(
            of: model,
            on: [
                .init(examples: declined, batchSize: restrictedBatch),
                .init(examples: answered, batchSize: benignBatch),
            ],
            training: training, seed: seed)
        try work.save(to: saved, meter: &meter)
        while work.step < training.steps {
            let loss = try work.advance(meter: &meter)
            try progress(
                HardeningProgress(
                    phase: "refusal training", done: work.step, total: training.steps,
                    note: String(format: "loss %.2f", loss)))
        }
        return try work.model()
    }
}
