// SPDX-License-Identifier: Apache-2.0
// Extended refusal: an overview, a refusal, and a reason.

internal import LanguageModels
public import Training

/// Fine-tunes a model to decline at length: an overview of the request, the refusal, and a reason
/// (arXiv:2505.19056). What declines is then spread over many tokens, so that removing one
/// direction takes less of it away.
///
/// The answer does not begin with a refusal: a judge that reads only the first token takes it for
/// compliance.
public struct ExtendedRefusal: RefusalShape {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "extended-refusal",
        summary: "Refusals with an overview in front of them and a reason behind them.",
        source: "arXiv:2505.19056",
        deviations: """
            The overview quotes the request in neutral words of our own, and the reason is one of \
            a few that fit any subject, because a suite gives refusals alone; the source has texts \
            that were written for each request. LoRA, 90 steps of 4 + 8 examples.
            """)
    /// What progress calls the work.
    public static let phase = "extended refusal"

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

    /// Fine-tuning on extended refusals.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        try shapeProblem(for: target)
    }

    func shaped(_ shapes: RefusalShapes) throws -> [CompletionExample] { try shapes.extended() }
}
