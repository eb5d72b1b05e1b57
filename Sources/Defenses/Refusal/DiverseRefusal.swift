// SPDX-License-Identifier: Apache-2.0
// Diverse refusal: refusals with many different openings.

internal import LanguageModels
public import Training

/// Fine-tunes a model to decline with many different openings (arXiv:2608.25390, unverified), so
/// that no fixed first token decides between declining and complying.
///
/// Each refusal of the suite stands behind an opening sentence, or alone. All openings are equally
/// frequent, and no two begin with the same word.
public struct DiverseRefusal: RefusalShape {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "diverse-refusal",
        summary: "Refusals with many different openings.",
        source: "arXiv:2608.25390 (unverified: the text could not be found)",
        deviations: """
            Made from a one-line description of the source, which could not be found. The opening \
            sentences are ours, the refusals behind them are the suite's. LoRA, 90 steps of 4 + 8 \
            examples.
            """)
    /// What progress calls the work.
    public static let phase = "diverse refusal"

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

    /// Fine-tuning on refusals with different openings.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        try shapeProblem(for: target)
    }

    func shaped(_ shapes: RefusalShapes) throws -> [CompletionExample] { try shapes.diverse() }
}
