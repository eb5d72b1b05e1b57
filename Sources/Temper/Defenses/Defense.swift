// SPDX-License-Identifier: Apache-2.0
// What a defense is: a published way of hardening.

public import Foundation
public import LanguageModels
public import Records

/// A published way of hardening a model.
///
/// A defense is a configuration, like an attack, so that it can be swept and recorded.
public protocol Defense: Configurable {
    /// The name by which `temper harden --defense` refers to it.
    static var name: String { get }

    /// Hardens a copy of a model.
    /// - Parameters:
    ///   - model: what is hardened; a value, which stays as it is.
    ///   - suite: the safeguard.
    ///   - seed: the same seed gives the same bits on the same machine.
    ///   - meter: counts what hardening takes.
    ///   - saved: where the training is saved on its way, if it is.
    ///   - progress: hears of each step; may throw to end the work.
    /// - Returns: the hardened model.
    /// - Throws: errors of the engine and the model, and what `progress` throws.
    func weights(
        hardening model: LanguageModel, suite: Suite, seed: UInt64, meter: inout CostMeter,
        saved: SavedTraining?, progress: (HardeningProgress) throws -> Void
    ) throws -> LanguageModel
}

/// How far a hardening has come.
public struct HardeningProgress: Sendable {
    /// What it is doing.
    public let phase: String
    /// How much of the phase is done.
    public let done: Int
    /// The size of the phase; 0 where it has no parts, and is a word to the user.
    public let total: Int
    /// A word on how it goes, such as the loss.
    public let note: String
}

/// All defenses that can be named.
public enum DefenseCatalogue {
    /// In the order in which they are listed.
    public static let defenses: [any Defense.Type] = [
        RefusalTraining.self, AnswerReplacement.self,
    ]

    /// The name of the conventional defense for a safeguard.
    public static func conventional(for safeguard: Safeguard) -> String {
        switch safeguard {
        case .refusal: RefusalTraining.name
        case .knowledgeRestriction: AnswerReplacement.name
        }
    }

    /// The defense of a name.
    /// - Parameters:
    ///   - name: its name.
    ///   - parameters: what is to differ from its defaults.
    /// - Returns: the defense.
    /// - Throws: ``AdversaryError`` for an unknown name, an unknown parameter or a bad value.
    public static func defense(
        named name: String, parameters: [String: ParameterValue] = [:]
    ) throws -> any Defense {
        for type in defenses where type.name == name {
            return try type.configured(by: parameters, place: name, kind: name)
        }
        let names = defenses.map { $0.name }.joined(separator: ", ")
        throw AdversaryError(
            place: name, problem: "there is no such defense; there are: \(names)")
    }
}

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
    /// - Throws: ``AdversaryError`` for a defense that is not Temper's own, errors of the engine
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
            throw AdversaryError(
                place: "\(type(of: defense))",
                problem: "is no defense of Temper's own, so its models are not written; add it to "
                    + "DefenseCatalogue")
        }
        var meter = CostMeter(model: model, prices: prices)
        self.saved = saved
        self.model = try defense.weights(
            hardening: model, suite: suite, seed: seed, meter: &meter, saved: saved,
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
    /// - Throws: `LanguageModelError` or `CheckpointError` when it cannot be written; then nothing
    ///   is left behind, and what stood there stands.
    public func write(to directory: URL, replacing isReplacing: Bool = false) throws {
        try model.write(
            to: directory, replacing: isReplacing,
            adding: [Self.summaryFile: RecordJSON.encoder().encode(summary)])
        saved?.remove()
    }

    /// How a model in a directory was hardened, when it says so.
    public static func summary(at directory: URL) throws -> HardeningSummary? {
        let file = directory.appendingPathComponent(summaryFile)
        guard let data = FileManager.default.contents(atPath: file.path) else { return nil }
        return try RecordJSON.decode(HardeningSummary.self, from: data, file: file.path)
    }
}

extension LanguageModel {
    /// Writes a directory; one that is replaced stands until the new one is complete.
    func write(
        to directory: URL, replacing isReplacing: Bool, adding extra: [String: Data]
    ) throws {
        let files = FileManager.default
        guard isReplacing, files.fileExists(atPath: directory.path) else {
            return try write(to: directory, adding: extra)
        }
        let target = directory.deletingLastPathComponent()
            .appendingPathComponent(".\(directory.lastPathComponent).\(UUID().uuidString)")
        try write(to: target, adding: extra)
        try files.removeItem(at: directory)
        try files.moveItem(at: target, to: directory)
    }
}
