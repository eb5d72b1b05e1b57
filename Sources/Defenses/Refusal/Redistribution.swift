// SPDX-License-Identifier: Apache-2.0
// Redistribution: restricted and benign prompts get states of the same mean and covariance.

internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Fine-tunes a model to decline while the states behind restricted and benign prompts become alike
/// in mean and covariance, so that no few directions can be removed to undo it (deepanshumody.com,
/// on Llama-3.2-1B).
///
/// Batches are larger than elsewhere, because moments are those of a batch.
public struct Redistribution: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "redistribution",
        summary: "Restricted and benign prompts get the same mean and covariance of states.",
        source: "deepanshumody.com: class-conditional mean and covariance matching",
        deviations: """
            Made from a summary of the source. It begins with a model that may not decline yet, \
            so that refusals are learnt from the suite's, and the distribution is kept on benign \
            answers alone, without a temperature. Moments are those of a batch, whose covariances \
            have a low rank. States are read behind the last token of a prompt, at four depths.
            """, passes: "1 forward and backward, 1 forward over benign examples")
    /// What progress calls the work.
    public static let phase = "redistribution"

    /// Behind which shares of the depth states are compared.
    public var layers = [0.25, 0.5, 0.75, 1.0]
    /// What the difference of means weighs.
    public var meanWeight = 1.0
    /// What the difference of covariances weighs.
    public var covarianceWeight = 1.0
    /// What the KL divergence from the model before weighs, per benign token.
    public var divergenceWeight = 1.0
    /// What the loss of the suite's benign answers weighs, per benign token.
    public var answerWeight = 0.1
    /// Restricted prompts a step.
    public var restrictedBatch = 8
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
        guard !layers.isEmpty, layers.allSatisfy((0...1).contains) else {
            throw InputError(
                "layers", "\(layers) are no shares of the depth",
                remedy: "name one or more numbers from 0 to 1")
        }
        try require("meanWeight", meanWeight, in: 0...1e6)
        try require("covarianceWeight", covarianceWeight, in: 0...1e6)
        try require("divergenceWeight", divergenceWeight, in: 0...1e6)
        try require("answerWeight", answerWeight, in: 0...1e6)
        try require("restrictedBatch", restrictedBatch, in: 2...4_096)
        try require("benignBatch", benignBatch, in: 2...4_096)
        try training.validate()
        try training.requireChat()
    }

    /// Fine-tuning on refusals, with states that become alike.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        let pools = [
            ExamplePool(examples: try examples.declined(), batchSize: restrictedBatch),
            ExamplePool(examples: try examples.answered(), batchSize: benignBatch),
        ]
        let depth = target.model.configuration.layerCount
        // In front of the first layer, behind the template's last token, all states are the same.
        let compared = Set(layers.map { max(1, Int(($0 * Double(depth)).rounded())) })
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = StateRedistribution(
            beside: RefusalWithDivergence(
                reference: target.model, divergenceWeight: Float(divergenceWeight),
                answerWeight: Float(answerWeight), pools: pools),
            layers: compared.sorted(), meanWeight: Float(meanWeight),
            covarianceWeight: Float(covarianceWeight))
        return problem
    }
}
