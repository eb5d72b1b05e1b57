// SPDX-License-Identifier: Apache-2.0
// Refusal training: the conventional safeguard.

internal import Foundation
public import LanguageModels
internal import Records
internal import Tensors
internal import Tokenization

/// Fine-tunes a model to decline restricted prompts and to answer benign ones as before: the
/// conventional safeguard, and the control for every other defense.
///
/// Half of each batch are restricted prompts with refusals, half benign prompts with the original
/// model's own greedy answers, so that as little else as possible changes. Look-alikes of restricted prompts are among the benign ones, because without
/// them a model learns to decline whatever sounds similar.
public struct RefusalTraining: Defense {
    /// The name by which `temper harden --defense` refers to it.
    public static let name = "refusal-training"

    /// The rank of the adapters that are trained and then merged.
    public var rank = 16
    /// The adapters' output is scaled by alpha / rank.
    public var alpha: Float = 32
    /// The peak learning rate of AdamW.
    public var learningRate: Float = 1e-3
    /// Prompts a step.
    public var batchSize = 8
    /// Optimizer steps.
    public var steps = 120
    /// Benign answers are cut after this many tokens.
    public var answerTokens = 16

    /// The defaults.
    public init() {}

    /// Throws an ``AdversaryError`` for a value out of range.
    public func validate() throws {
        try require("rank", rank, in: 1...4_096)
        try require("alpha", alpha, in: 1e-6...1e6)
        try require("learningRate", learningRate, in: 1e-12...10)
        try require("batchSize", batchSize, in: 2...4_096)
        try require("steps", steps, in: 1...10_000_000)
        try require("answerTokens", answerTokens, in: 1...4_096)
    }

    /// Trains, and merges what was trained into the weights.
    public func weights(
        hardening model: LanguageModel, suite: Suite, seed: UInt64, meter: inout CostMeter,
        progress: (HardeningProgress) throws -> Void
    ) throws -> LanguageModel {
        let anchors = try anchors(of: model, suite: suite, meter: &meter, progress: progress)
        var generator = SplitMix64(seed: seed)
        let declined = try suite.restricted.train.map { item in
            let text = suite.refusals.randomElement(using: &generator)?.text ?? ""
            return try model.example(prompt: item.prompt, answer: text)
        }
        meter.use(examples: declined.count + anchors.count)
        var training = try FineTuning(
            of: model, on: [declined, anchors],
            configuration: FineTuning.Configuration(
                rank: rank, alpha: alpha, learningRate: learningRate, batchSize: batchSize,
                steps: steps, schedule: .warmup(steps: max(1, steps / 10), then: .linear)),
            seed: seed)
        while training.step < steps {
            let loss = try training.advance(meter: &meter)
            try progress(
                HardeningProgress(
                    phase: "refusal training", done: training.step, total: steps,
                    note: String(format: "loss %.2f", loss)))
        }
        return try training.model()
    }

    /// Benign prompts with the model's own greedy answers.
    ///
    /// Where the model declines already or says nothing coherent, the suite's answer stands in:
    /// else the training would teach the over-refusal that it is to avoid.
    private func anchors(
        of model: LanguageModel, suite: Suite, meter: inout CostMeter,
        progress: (HardeningProgress) throws -> Void
    ) throws -> [CompletionExample] {
        let benign = suite.benign.train + suite.lookalike.train
        let inputs = try benign.map { try Subject(model).tokens(for: $0.prompt) }
        let generator = Generator(maximumTokens: answerTokens, batchSize: 64)
        let answers = try meter.timing {
            try generator.generate(from: inputs, model: model) {
                try progress(
                    HardeningProgress(
                        phase: "benign answers", done: $0.finished, total: $0.total, note: ""))
            }
        }
        let judge = TextJudge(markers: suite.manifest.refusalMarkers)
        return try benign.indices.map { index in
            meter.countForward(tokens: inputs[index].count + answers[index].count)
            let text = model.tokenizer.decode(answers[index], skippingSpecialTokens: true)
            return judge.outcome(of: text) == .complies
                ? CompletionExample(prompt: inputs[index], completion: answers[index])
                : try model.example(prompt: benign[index].prompt, answer: benign[index].answer)
        }
    }
}
