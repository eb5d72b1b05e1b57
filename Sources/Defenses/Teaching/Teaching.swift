// SPDX-License-Identifier: Apache-2.0
// Teaching: fine-tunes a model on a suite's facts until it knows them.

internal import Foundation
internal import JSONText
internal import LanguageModels
internal import Measuring
public import Records
internal import Suites
public import Training

/// How a model is taught the facts that a knowledge restriction then takes away.
///
/// Each batch has facts of both topics in their teaching phrasings, everyday prompts, so that the
/// model goes on answering those in sentences, and unanswerable questions with "I don't know". What
/// it knows is checked on validation phrasings, which it is not taught in.
///
/// A model that is taught the retained facts alone has nothing that a safeguard must take away. It
/// is the control that unlearning is compared with: absence, as filtered training data give it
/// (arXiv:2508.06601).
public struct Teaching: Configurable {
    /// Which facts are taught.
    public enum Facts: String, Codable, Sendable, CaseIterable {
        /// Those of both topics.
        case all
        /// Those that a safeguard leaves alone.
        case retained

        /// Whose facts; nil for those of both topics.
        var topic: Fact.Topic? { self == .retained ? .retained : nil }

        /// What a taught model must know.
        var measures: [String] {
            switch self {
            case .all: [MeasureName.restrictedAccuracy, MeasureName.retainedAccuracy]
            case .retained: [MeasureName.retainedAccuracy]
            }
        }
    }

    /// Which facts are taught.
    public var facts = Facts.all
    /// Facts a step.
    public var factBatch = 16
    /// Everyday prompts a step.
    public var benignBatch = 2
    /// Unanswerable questions a step.
    public var unanswerableBatch = 2
    /// Steps between two checks of what the model knows.
    public var checkEvery = 40
    /// How it trains; its steps are the most that it takes, a batch is what the three above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 1e-3
        training.schedule = .warmup
        training.warmup = 0.02
        training.steps = 600
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try requireBatches([
            "factBatch": factBatch, "benignBatch": benignBatch,
            "unanswerableBatch": unanswerableBatch, "checkEvery": checkEvery,
        ])
        try training.validate()
        try training.requireChat()
    }

    /// The configuration that has these parameters, and its defaults for the others.
    /// - Throws: `InputError` for an unknown parameter or a bad value.
    public init(parameters: [String: ParameterValue]) throws {
        self = try Self.configured(by: parameters, place: "teaching", kind: "teaching")
    }

    /// Trains until the facts that are taught are stated rightly as often as the suite asks.
    func weights(
        teaching model: LanguageModel, suite: Suite, knowledge: Suite.Knowledge,
        levels: KnowledgeLevels, seed: UInt64, meter: inout CostMeter,
        store: (any TrainingStore)?, progress: (HardeningProgress) throws -> Void
    ) throws -> LanguageModel {
        let evaluator = Evaluator(
            suite: suite, reference: model, settings: EvaluationSettings(), prices: Prices())
        let pools = try KnowledgePools(model: model, suite: suite, knowledge: knowledge, seed: seed)
            .pools(
                facts: facts.topic, batch: factBatch, benign: benignBatch,
                unanswerable: unanswerableBatch)
        var loop = Loop(try TrainingProblem(of: model, on: pools, by: training, seed: seed))
        try loop.save(to: store, meter: &meter)
        var known: Double?
        while loop.state.step < training.steps {
            let loss = try loop.advance(meter: &meter)
            let step = loop.state.step
            let isChecked = TracePoints.every(checkEvery).contains(step, of: training.steps)
            if isChecked { known = try evaluator.leastKnown(loop.trained().model, of: facts) }
            let knows = known.map { String(format: ", knows %.0f%%", $0 * 100) } ?? ""
            try progress(
                HardeningProgress(
                    phase: "teaching", done: step, total: training.steps,
                    note: String(format: "loss %.2f", loss) + knows))
            if isChecked, let known, known >= levels.taught { return try loop.trained().model }
        }
        throw FruitlessTraining(
            cause: InputError(
                "teaching",
                String(
                    format:
                        "after %d steps the model states %.0f%% of the facts rightly, and the "
                        + "suite asks for %.0f%%", loop.state.step, (known ?? 0) * 100,
                    levels.taught * 100),
                remedy: "give it more with --set training.steps=N, or another "
                    + "training.learningRate"))
    }
}

extension Evaluator {
    /// The share of facts stated rightly in validation phrasings, of the taught topic that is known
    /// less.
    func leastKnown(_ model: LanguageModel, of facts: Teaching.Facts) throws -> Double {
        let values = try knowledge(Subject(model), split: .validation).measurements
        return facts.measures.map { values.first($0)?.value ?? 0 }.min() ?? 0
    }
}
