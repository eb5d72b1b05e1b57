// SPDX-License-Identifier: Apache-2.0
// A hardened model, and how it is written.

internal import Checkpoints
public import Foundation
internal import JSONText
public import LanguageModels
public import Measuring
internal import ModelWriting
public import Records
public import Suites
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
    /// - Parameters:
    ///   - model: what is hardened.
    ///   - defense: how.
    ///   - suite: the safeguard.
    ///   - seed: the same seed gives the same bits on the same machine.
    ///   - prices: what turns operations into dollars.
    ///   - progress: hears of each step; may throw to end the work.
    /// - Throws: `InputError` for a defense that is not Temper's own, errors of the engine
    ///   and the model, and what `progress` throws.
    public init(
        hardening model: LanguageModel, by defense: any Defense, suite: Suite, seed: UInt64,
        prices: Prices = Prices(), progress: (HardeningProgress) throws -> Void = { _ in }
    ) throws {
        try self.init(
            hardening: model, by: defense, suite: suite, seed: seed, prices: prices, saved: nil,
            progress: progress)
    }

    init(
        hardening model: LanguageModel, by defense: any Defense, suite: Suite, seed: UInt64,
        prices: Prices, saved: SavedTraining?, progress: (HardeningProgress) throws -> Void
    ) throws {
        guard DefenseCatalogue.defenses.contains(where: { $0 == type(of: defense) }) else {
            throw InputError(
                "\(type(of: defense))",
                "is no defense of Temper's own, so its models are not written",
                remedy: "add it to DefenseCatalogue")
        }
        var meter = CostMeter(model: model, prices: prices)
        self.saved = saved
        self.model = try defense.weights(
            hardening: model, suite: suite, seed: seed, meter: &meter, store: saved,
            progress: progress)
        var parameters = try parameterValues(of: defense)
        parameters["seed"] = .number(Double(seed))
        // Seconds differ from run to run, and would give equal models different digests.
        var cost = meter.cost
        cost.deviceSeconds = 0
        summary = HardeningSummary(
            defense: type(of: defense).name, parameters: parameters, cost: cost)
    }

    /// The file beside the weights that says how they were made.
    public static let summaryFile = "temper-hardening.json"

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

    /// Reads how a model was hardened, from the files that identify it.
    ///
    /// - Parameter model: The model.
    /// - Returns: What the file beside the weights says; nil if there is no such file.
    /// - Throws: An error that names the file when it does not hold a summary.
    public static func summary(of model: LoadedModel) throws -> HardeningSummary? {
        guard let data = try model.files.data(of: summaryFile) else { return nil }
        let file = model.files.url.appendingPathComponent(summaryFile)
        return try RecordJSON.decode(HardeningSummary.self, from: data, file: file.path)
    }
}
