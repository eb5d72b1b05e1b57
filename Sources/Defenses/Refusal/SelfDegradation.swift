// SPDX-License-Identifier: Apache-2.0
// Self-degradation: restricted prompts get fluent answers to something else.

internal import LanguageModels
public import Training

/// Fine-tunes a model to answer restricted prompts with fluent answers to other prompts
/// (arXiv:2507.21182, SDD), so that fine-tuning toward compliance degrades the model.
///
/// Such a model does not decline. A judge of refusals takes its answers for compliance; one that
/// compares them with right answers does not.
public struct SelfDegradation: RefusalShape {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "self-degradation",
        summary: "Restricted prompts get fluent answers to something else.",
        source: "arXiv:2507.21182",
        deviations: """
            The irrelevant answers are those of the suite's other benign prompts, not filtered by \
            similarity, and benign prompts with their own answers stand beside them. LoRA at \
            1e-3 for 90 steps of 4 + 8 examples, not a rate of 5e-7 for 500 steps of 24. \
            TamperBench could not replicate the source's result.
            """)
    /// What progress calls the work.
    public static let phase = "self-degradation"

    /// Examples that are made of each restricted prompt.
    public var variants = 4
    /// Restricted prompts a step.
    public var restrictedBatch = 4
    /// Benign prompts a step, look-alikes included.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() { training = Self.shapeTraining }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws { try validateShape() }

    /// Fine-tuning on answers to other prompts.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        try shapeProblem(for: target)
    }

    func shaped(_ shapes: RefusalShapes) throws -> [CompletionExample] { try shapes.irrelevant() }
}
