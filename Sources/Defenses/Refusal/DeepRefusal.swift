// SPDX-License-Identifier: Apache-2.0
// Deep refusal: a model learns to decline also behind the beginning of a compliant answer.

internal import Records
internal import Suites
public import Training

/// Fine-tunes a model to decline also after the first words of a compliant answer
/// (arXiv:2406.05946), so that a safeguard is more than its first few tokens.
///
/// Half of the restricted examples are plain refusals. In the others the answer begins with some
/// tokens of the compliant answer, and the refusal follows; only the refusal's tokens are learnt.
/// Benign prompts with the suite's answers anchor each batch.
public struct DeepRefusal: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "deep-refusal",
        summary: "Refusals that follow the first tokens of a compliant answer.",
        source: "arXiv:2406.05946",
        deviations: """
            A prefix is at most as long as the suite's compliant answer, drawn evenly up to the \
            shorter of that and 100 tokens. Each prompt has a few examples that are made at the \
            start, not one anew in each epoch. The loss is one mean over the tokens of refusals \
            and benign answers. LoRA with a learning rate for it, not full fine-tuning at 2e-5 \
            for 10 epochs; 120 steps.
            """, needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "deep refusal"

    /// How probable a plain refusal is.
    public var plainShare = 0.5
    /// The most tokens of a compliant answer in front of a refusal.
    public var prefixTokens = 100
    /// Examples that are made of each restricted prompt.
    public var variants = 4
    /// Restricted prompts a step.
    public var restrictedBatch = 4
    /// Benign prompts a step, look-alikes included.
    public var benignBatch = 16
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 1e-3
        training.schedule = .linear
        training.steps = 120
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("plainShare", plainShare, in: 0...1)
        try require("prefixTokens", prefixTokens, in: 1...100_000)
        try require("variants", variants, in: 1...1_000)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning on plain and deep refusals.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        _ = try target.suite.compliantExamples(for: Self.name)
        let declined = try RefusalShapes(target: target, variants: variants).deep(
            plainShare: plainShare, prefixTokens: prefixTokens
        ).map(\.example)
        let examples = HardeningExamples(defense: Self.name, target: target)
        return try TrainingProblem(
            of: target.model,
            on: [
                ExamplePool(examples: declined, batchSize: restrictedBatch),
                ExamplePool(examples: examples.answered(), batchSize: benignBatch),
            ],
            by: training, seed: target.seed)
    }
}
