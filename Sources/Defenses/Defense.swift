// SPDX-License-Identifier: Apache-2.0
// What a defense is: a published way of hardening.

internal import JSONText
public import LanguageModels
public import Records
public import Suites
public import Training

/// A published way of hardening a model.
///
/// A defense is a configuration, like an attack, so that it can be swept and recorded. It is a list
/// of stages, most often one training.
public protocol Defense: Configurable {
    /// What `temper defenses` prints.
    static var entry: DefenseEntry { get }

    /// Whether a stage trains on right answers to what is restricted, as stages of layered unlearning
    /// do: a hardened model would get back what hardening took, and be saved on the way.
    static var trainsOnRestrictedAnswers: Bool { get }

    /// Makes the work that hardens a model; what is missing is found here, before any of it.
    ///
    /// - Parameter target: What is hardened.
    /// - Returns: The stages, in their order, each with a name of its own.
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    func stages(for target: HardeningTarget) throws -> [HardeningStage]
}

/// A defense that is one training.
public protocol TrainedDefense: Defense {
    /// What progress calls the work.
    static var phase: String { get }

    /// Makes the training that hardens a model.
    ///
    /// - Parameter target: What is hardened.
    /// - Returns: The training.
    /// - Throws: Errors of the model's template, `InputError` for data that are missing.
    func problem(for target: HardeningTarget) throws -> TrainingProblem
}

extension TrainedDefense {
    /// The one training.
    ///
    /// - Parameter target: What is hardened.
    /// - Returns: A stage.
    /// - Throws: What ``problem(for:)`` throws.
    public func stages(for target: HardeningTarget) throws -> [HardeningStage] {
        let problem = try problem(for: target)
        return [HardeningStage(Self.phase, training: { _, _ in problem })]
    }
}

/// What is hardened, and what the defender has.
public struct HardeningTarget: Sendable {
    /// The model; a value, which stays as it is.
    public var model: LanguageModel
    /// The safeguard.
    public var suite: Suite
    /// The checkpoint that the model was made from, where the defender names it.
    public var original: LanguageModel?
    /// The same seed gives the same bits on the same machine.
    public var seed: UInt64

    /// Makes a target.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - suite: The safeguard.
    ///   - original: The checkpoint that the model was made from, where the defender names it.
    ///   - seed: The same seed gives the same bits on the same machine.
    public init(
        model: LanguageModel, suite: Suite, original: LanguageModel? = nil, seed: UInt64
    ) {
        self.model = model
        self.suite = suite
        self.original = original
        self.seed = seed
    }

    /// The same target with another model.
    func replacing(_ model: LanguageModel) -> HardeningTarget {
        var target = self
        target.model = model
        return target
    }
}

extension Defense {
    /// Most defenses do not.
    public static var trainsOnRestrictedAnswers: Bool { false }

    /// The name by which `temper harden --defense` refers to it.
    public static var name: String { entry.name }
}
