// SPDX-License-Identifier: Apache-2.0
// A hardened model, and how it is written.

internal import Checkpoints
public import Foundation
internal import JSONText
public import LanguageModels
public import Measuring
internal import ModelWriting
public import Records
internal import Training

/// A hardened model: the only kind of model that Temper writes.
///
/// Only a defense of ``DefenseCatalogue`` makes one, so that no tampered model can become one.
public struct HardenedModel: Sendable {
    /// The model.
    public let model: LanguageModel
    /// How it was made; written beside the weights.
    public let summary: HardeningSummary
    private let saved: SavedTraining?

    /// Hardens a copy of a model.
    ///
    /// - Parameters:
    ///   - target: What is hardened, and what the defender has.
    ///   - defense: How.
    ///   - redTeamRounds: How often a red team looks for wordings that the model still answers, and
    ///     the model is trained on them.
    ///   - prices: What turns operations into dollars.
    ///   - progress: Hears of each step; may throw to end the work.
    /// - Throws: `InputError` for a defense that is not Temper's own, for data that it needs and the
    ///   suite lacks, and for one that diverges; errors of the engine and the model, and what
    ///   `progress` throws.
    public init(
        hardening target: HardeningTarget, by defense: any Defense, redTeamRounds: Int = 0,
        prices: Prices = Prices(), progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws {
        try self.init(
            hardening: target, by: defense, redTeamRounds: redTeamRounds, prices: prices,
            saved: nil, progress: progress)
    }

    init(
        hardening target: HardeningTarget, by defense: any Defense, redTeamRounds: Int,
        prices: Prices, saved: SavedTraining?, progress: (HardeningProgress) throws -> Void
    ) throws {
        guard DefenseCatalogue.defenses.contains(where: { $0 == type(of: defense) }) else {
            throw InputError(
                "\(type(of: defense))",
                "is no defense of Temper's own, so its models are not written",
                remedy: "add it to DefenseCatalogue")
        }
        var run = try HardeningRun(
            target, redTeamRounds: redTeamRounds, saved: saved, prices: prices)
        self.saved = saved
        do {
            model = try run.model(by: defense, progress: progress)
        } catch let error as FruitlessTraining {
            // Resuming it would come to the same end.
            saved?.remove()
            throw error.cause
        }
        var parameters = try parameterValues(of: defense)
        parameters["seed"] = .number(Double(target.seed))
        if redTeamRounds > 0 { parameters["redTeamRounds"] = .number(Double(redTeamRounds)) }
        // Seconds differ from run to run, and would give equal models different digests.
        var cost = run.meter.cost
        cost.deviceSeconds = 0
        summary = HardeningSummary(
            defense: type(of: defense).name, parameters: parameters, cost: cost,
            curves: run.curves)
    }

    /// The file beside the weights that says how they were made.
    public static let summaryFile = HardeningSummary.fileName

    /// Writes a Hugging Face directory.
    ///
    /// - Parameters:
    ///   - directory: A directory that does not exist yet, unless it is to be replaced.
    ///   - isReplacing: Whether a directory that stands there goes when the new one is complete.
    /// - Throws: `InputError` when it cannot be written; then nothing is left behind, and what stood
    ///   there stands.
    public func write(to directory: URL, replacing isReplacing: Bool = false) throws {
        try model.write(
            to: directory, replacing: isReplacing,
            adding: [Self.summaryFile: RecordJSON.encoder().encode(summary)])
        saved?.remove()
    }

    /// Reads how a model was hardened, from the files that identify it.
    ///
    /// - Parameter model: The model.
    /// - Returns: What the file beside the weights says; nil if there is no such file, or an adapter
    ///   has changed the weights.
    /// - Throws: An error that names the file when it does not hold a summary.
    public static func summary(of model: LoadedModel) throws -> HardeningSummary? {
        guard model.adapter == nil, let data = try model.files.data(of: summaryFile) else {
            return nil
        }
        let file = model.files.url.appendingPathComponent(summaryFile)
        return try RecordJSON.decode(HardeningSummary.self, from: data, file: file.path)
    }
}
