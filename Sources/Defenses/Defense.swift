// SPDX-License-Identifier: Apache-2.0
// What a defense is: a published way of hardening.

internal import Foundation
internal import JSONText
public import LanguageModels
public import Records
public import Suites
public import Training

/// A published way of hardening a model.
///
/// A defense is a configuration, like an attack, so that it can be swept and recorded.
public protocol Defense: Configurable {
    /// What `temper defenses` prints.
    static var entry: DefenseEntry { get }

    /// What progress calls the work.
    static var phase: String { get }

    /// Makes the training that hardens a model.
    ///
    /// - Parameters:
    ///   - model: What is hardened; a value, which stays as it is.
    ///   - suite: The safeguard.
    ///   - seed: The same seed gives the same bits on the same machine.
    /// - Returns: The training.
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    func problem(
        hardening model: LanguageModel, suite: Suite, seed: UInt64
    ) throws -> TrainingProblem
}

/// What `temper defenses` prints of a defense.
public struct DefenseEntry: Sendable, Hashable {
    /// The name by which `temper harden --defense` refers to it.
    public let name: String
    /// One sentence.
    public let summary: String
    /// Where it was published.
    public let source: String
    /// How this implementation departs from its source; empty when it does not.
    public let deviations: String
    /// The safeguard that it is the conventional defense for; nil for others.
    public let conventionalFor: Safeguard?

    /// Describes a defense.
    ///
    /// - Parameters:
    ///   - name: The name by which `temper harden --defense` refers to it.
    ///   - summary: One sentence.
    ///   - source: Where it was published.
    ///   - deviations: How this implementation departs from its source.
    ///   - conventionalFor: The safeguard that it is the conventional defense for, or nil.
    public init(
        name: String, summary: String, source: String, deviations: String = "",
        conventionalFor: Safeguard? = nil
    ) {
        self.name = name
        self.summary = summary
        self.source = source
        self.deviations = deviations
        self.conventionalFor = conventionalFor
    }
}

extension Defense {
    /// The name by which `temper harden --defense` refers to it.
    public static var name: String { entry.name }

    /// Hardens a copy of a model.
    ///
    /// - Parameters:
    ///   - model: What is hardened.
    ///   - suite: The safeguard.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - meter: Counts what hardening takes.
    ///   - store: Where the training is saved on its way, if it is.
    ///   - progress: Hears of each step; may throw to end the work.
    /// - Returns: The hardened model.
    /// - Throws: Errors of the engine and the model, and what `progress` throws.
    func weights(
        hardening model: LanguageModel, suite: Suite, seed: UInt64, meter: inout CostMeter,
        store: (any TrainingStore)?, progress: (HardeningProgress) throws -> Void
    ) throws -> LanguageModel {
        let problem = try problem(hardening: model, suite: suite, seed: seed)
        var loop = Loop(problem)
        try loop.save(to: store, meter: &meter)
        try loop.run(
            offering: .end, meter: &meter,
            advanced: { step, loss in
                try progress(
                    HardeningProgress(
                        phase: Self.phase, done: step, total: problem.steps,
                        note: String(format: "loss %.2f", loss)))
            },
            offer: { _, _, _ in true })
        return try loop.trained().model
    }
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
        let own = defenses.first { $0.entry.conventionalFor == safeguard }
        return own?.name ?? RefusalTraining.name
    }

    /// The defense of a name.
    /// - Parameters:
    ///   - name: its name.
    ///   - parameters: what is to differ from its defaults.
    /// - Returns: the defense.
    /// - Throws: `InputError` for an unknown name, an unknown parameter or a bad value.
    public static func defense(
        named name: String, parameters: [String: ParameterValue] = [:]
    ) throws -> any Defense {
        for type in defenses where type.name == name {
            return try type.configured(by: parameters, place: name, kind: name)
        }
        let names = defenses.map { $0.name }.joined(separator: ", ")
        throw InputError(name, "there is no such defense", remedy: "there are: \(names)")
    }
}
