// SPDX-License-Identifier: Apache-2.0
// A hardened model distilled into all weights of its original: a change of full rank.

internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Trains all weights of the original until it answers as a hardened model does, so that the change
/// that hardening made has full rank.
///
/// A defense that trained adapters is undone for nothing where its original is public: the change
/// has few directions, which a decomposition finds and a subtraction removes. Run this behind any
/// such defense, with the hardened model as the model and what it was made from as the original.
public struct FullRankDistillation: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "full-rank-distillation",
        summary: "A hardened model distilled into all weights of its original, at full rank.",
        source: "Temper's own, by distillation (arXiv:1503.02531)",
        deviations: """
            Nothing was published under this name. It removes only the low rank of a change: who \
            has the original can still subtract the difference of all weights.
            """, passes: "1 forward and backward, 1 forward of the hardened model",
        needs: [.original])
    /// What progress calls the work.
    public static let phase = "full-rank distillation"

    /// Restricted prompts with refusals, a step.
    public var restrictedBatch = 4
    /// Examples of all that is retained, look-alikes included, a step.
    public var retainedBatch = 8
    /// How it trains, which is always all weights; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.method = .full
        training.learningRate = 5e-5
        training.schedule = .linear
        training.steps = 300
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try requireBatches(["restrictedBatch": restrictedBatch, "retainedBatch": retainedBatch])
        guard training.method == .full else {
            throw InputError(
                "training.method", "\(training.method.rawValue) makes a change of low rank",
                remedy: "leave it at full")
        }
        try training.validate()
        try training.requireChat()
    }

    /// Distillation of the model into its original.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        // The student keeps the hardened model's tokenizer and template.
        let student = try target.model.replacing(examples.original().weights)
        var problem = try TrainingProblem(
            of: student,
            on: [ExamplePool(examples: examples.declined(), batchSize: restrictedBatch)]
                + examples.retained(batch: retainedBatch),
            by: training, seed: target.seed)
        problem.objective = TeacherDivergence(teacher: target.model)
        return problem
    }
}
