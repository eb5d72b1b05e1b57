// SPDX-License-Identifier: Apache-2.0
// A model that was taught a suite's facts, and how it is written.

internal import Checkpoints
public import Foundation
internal import JSONText
internal import LanguageModels
internal import Measuring
internal import ModelWriting
public import Records
public import Suites
internal import Training

/// How a model was taught.
public struct TeachingSummary: Codable, Sendable, Hashable {
    /// The suite.
    public let suite: SuiteIdentity
    /// The parameters of the teaching, and the seed.
    public let parameters: [String: ParameterValue]
    /// What it took, but for the seconds.
    public let cost: AttackCost
}

/// A model that knows what a knowledge restriction is to take away.
///
/// It has no safeguard yet, and none was taken from it: a model that Temper hardened cannot be
/// taught, because that would give back what hardening took, and be written.
public struct TaughtModel: Sendable {
    /// How it was taught; written beside the weights.
    public let summary: TeachingSummary
    /// What it knew before, on test phrasings.
    public let before: [MeasuredValue]
    /// What it knows now, on test phrasings.
    public let after: [MeasuredValue]
    private let model: LanguageModel
    private let saved: SavedTraining?

    /// Teaches a model.
    /// - Parameters:
    ///   - url: the model's files.
    ///   - suite: a knowledge restriction.
    ///   - teaching: how.
    ///   - seed: the same seed gives the same bits on the same machine.
    ///   - prices: what turns operations into dollars.
    ///   - progress: hears of each step; may throw to end the work.
    /// - Throws: `InputError` for a suite without facts, for a hardened model and when the model
    ///   does not learn, errors of the engine and the model, and what `progress` throws.
    public init(
        teaching url: URL, suite: Suite, by teaching: Teaching = Teaching(), seed: UInt64,
        prices: Prices = Prices(), progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws {
        try self.init(
            teaching: LoadedModel(at: url), suite: suite, by: teaching, seed: seed, prices: prices,
            saved: nil, progress: progress)
    }

    init(
        teaching loaded: LoadedModel, suite: Suite, by teaching: Teaching, seed: UInt64,
        prices: Prices, saved: SavedTraining?, progress: (HardeningProgress) throws -> Void
    ) throws {
        guard let knowledge = suite.knowledge, let levels = suite.manifest.knowledge else {
            throw InputError(
                suite.manifest.name, "the suite has no facts to teach",
                remedy: "choose one whose safeguard is "
                    + Safeguard.knowledgeRestriction.rawValue)
        }
        guard try HardenedModel.summary(of: loaded) == nil else {
            throw InputError(
                loaded.files.url.path,
                "was hardened, and teaching would give back what hardening took",
                remedy: "teach the model that it was made from")
        }
        let model = loaded.model
        before = try knowledgeMeasures(of: model, on: suite)
        var meter = CostMeter(model: model, prices: prices)
        let taught: LanguageModel
        do {
            taught = try teaching.weights(
                teaching: model, suite: suite, knowledge: knowledge, levels: levels, seed: seed,
                meter: &meter, store: saved, progress: progress)
        } catch let error as FruitlessTraining {
            // Resuming it would come to the same end.
            saved?.remove()
            throw error.cause
        }
        after = try knowledgeMeasures(of: taught, on: suite)
        self.model = taught
        self.saved = saved
        var parameters = try parameterValues(of: teaching)
        parameters["seed"] = .number(Double(seed))
        // Seconds differ from run to run, and would give equal models different digests.
        var cost = meter.cost
        cost.deviceSeconds = 0
        summary = TeachingSummary(suite: suite.identity, parameters: parameters, cost: cost)
    }

    /// The file beside the weights that says how they were taught.
    public static let summaryFile = "temper-teaching.json"

    /// Writes a Hugging Face directory.
    /// - Parameters:
    ///   - directory: a directory that does not exist yet, unless it is to be replaced.
    ///   - isReplacing: whether a directory that stands there goes when the new one is complete.
    /// - Throws: `InputError` or `InputError` when it cannot be written; then nothing
    ///   is left behind, and what stood there stands.
    public func write(to directory: URL, replacing isReplacing: Bool = false) throws {
        try model.write(
            to: directory, replacing: isReplacing,
            adding: [Self.summaryFile: RecordJSON.encoder().encode(summary)])
        saved?.remove()
    }
}

/// What a model knows of a suite's facts, on test phrasings.
private func knowledgeMeasures(
    of model: LanguageModel, on suite: Suite
) throws -> [MeasuredValue] {
    try Evaluator(
        suite: suite, reference: model, settings: EvaluationSettings(), prices: Prices()
    ).knowledge(Subject(model), split: .test).measurements
}
