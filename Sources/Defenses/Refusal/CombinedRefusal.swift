// SPDX-License-Identifier: Apache-2.0
// Combined refusal: all shapes of refusal at once, while benign answers keep their distribution.

internal import Records
internal import Suites
public import Training

/// Trains all weights on deep, extended and diverse refusals at once, while the next-token
/// distribution of benign answers, look-alikes included, stays close to that of the model before.
///
/// Full rank by default, because a change of low rank can be taken away again where the model that
/// it was made from is public.
public struct CombinedRefusal: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "combined-refusal",
        summary: "Deep, extended and diverse refusals, and a KL divergence on benign answers.",
        source: "arXiv:2406.05946, arXiv:2505.19056, arXiv:2608.25390 (unverified)",
        deviations: """
            A combination of our own. What is said of deep-refusal, extended-refusal and \
            diverse-refusal holds here. The forward KL divergence from the model before, on the \
            tokens of benign answers, takes most of the place of their own loss.
            """, passes: "1 forward and backward, 1 forward over benign examples",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "combined refusal"

    /// How probable a plain refusal is among the deep ones.
    public var plainShare = 0.5
    /// The most tokens of a compliant answer in front of a deep refusal.
    public var prefixTokens = 100
    /// Examples of each shape that are made of each restricted prompt.
    public var variants = 2
    /// What the KL divergence weighs, per benign token.
    public var divergenceWeight = 1.0
    /// What the loss of the suite's benign answers weighs, per benign token.
    public var answerWeight = 0.1
    /// Restricted prompts a step.
    public var restrictedBatch = 6
    /// Benign prompts a step, look-alikes included.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.method = .full
        training.learningRate = 5e-5
        training.schedule = .linear
        training.steps = 90
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("plainShare", plainShare, in: 0...1)
        try require("prefixTokens", prefixTokens, in: 1...100_000)
        try require("variants", variants, in: 1...1_000)
        try require("divergenceWeight", divergenceWeight, in: 0...1e6)
        try require("answerWeight", answerWeight, in: 0...1e6)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning on the union of the shapes.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        _ = try target.suite.compliantExamples(for: Self.name)
        let shapes = RefusalShapes(target: target, variants: variants)
        let deep = try shapes.deep(plainShare: plainShare, prefixTokens: prefixTokens)
        let declined = try deep.map(\.example) + shapes.extended() + shapes.diverse()
        let examples = HardeningExamples(defense: Self.name, target: target)
        let pools = [
            ExamplePool(examples: declined, batchSize: restrictedBatch),
            ExamplePool(examples: try examples.answered(), batchSize: benignBatch),
        ]
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = RefusalWithDivergence(
            reference: target.model, divergenceWeight: Float(divergenceWeight),
            answerWeight: Float(answerWeight), pools: pools)
        return problem
    }
}
