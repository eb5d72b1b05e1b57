// SPDX-License-Identifier: Apache-2.0
// A stage of a hardening: a training, or an edit of the weights.

public import Adversaries
internal import JSONText
public import LanguageModels
public import Training

/// A stage of a hardening. It begins with the model that the stage before it left.
public struct HardeningStage: Sendable {
    /// What a stage does.
    enum Work: Sendable {
        case training(@Sendable (LanguageModel, inout Preparation) throws -> TrainingProblem)
        case edit(@Sendable (LanguageModel, inout Preparation) throws -> LanguageModel)
    }

    /// What progress calls it.
    public let name: String
    let work: Work

    /// A stage that trains.
    ///
    /// - Parameters:
    ///   - name: What progress calls it.
    ///   - problem: The training of the model that the stage begins with. It is made again when the
    ///     stage is resumed, and must be the same then. What it computes is paid by the preparation.
    public init(
        _ name: String,
        training problem:
            @escaping @Sendable (LanguageModel, inout Preparation) throws ->
            TrainingProblem
    ) {
        self.name = name
        work = .training(problem)
    }

    /// A stage that edits weights without training.
    ///
    /// - Parameters:
    ///   - name: What progress calls it.
    ///   - edit: The new model.
    public init(
        _ name: String,
        edit: @escaping @Sendable (LanguageModel, inout Preparation) throws -> LanguageModel
    ) {
        self.name = name
        work = .edit(edit)
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

/// A training that came to no good: what is saved of it is of no use.
struct FruitlessTraining: Error {
    let cause: InputError
}
