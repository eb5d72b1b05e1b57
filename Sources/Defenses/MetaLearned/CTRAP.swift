// SPDX-License-Identifier: Apache-2.0
// CTRAP: a trap that an attack's own steps set off.

internal import JSONText
internal import LanguageModels
internal import Records
internal import Tokenization
public import Training

/// Aligns a model so that a step of harmful fine-tuning makes it repeat one token
/// (arXiv:2505.16559).
public struct CTRAP: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "ctrap",
        summary: "Alignment with a collapse that harmful fine-tuning sets off.",
        source: "arXiv:2505.16559",
        deviations: """
            First order: how the simulated step depends on the weights is left out, as in the \
            released text. The text names no token; here it is the first one of "error". The \
            collapse is asked for on the first pool of what must stay. The weight, the simulated \
            learning rate and the number of steps are ours.
            """, passes: "3 forward and backward, of harmful, benign and all aligned examples",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "ctrap"

    /// The weight lambda of the collapse.
    public var weight: Float = 0.1
    /// The learning rate of the simulated step, plain gradient descent.
    public var simulatedRate: Float = 0.1
    /// The word whose first token a collapsed model repeats.
    public var word = "error"
    /// Restricted prompts a step, with refusals, and as many with compliant answers.
    public var restrictedBatch = 4
    /// Examples a step of what must stay.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// Values for models of some hundred million parameters.
    public init() {
        training = TrainingConfiguration()
        training.schedule = .linear
        training.steps = 200
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("weight", Double(weight), in: 0...1e6)
        try require("simulatedRate", Double(simulatedRate), in: 1e-9...1e6)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        guard !word.isEmpty else {
            throw InputError("word", "is empty", remedy: "name a word")
        }
        try training.validate()
        try training.requireChat()
    }

    /// Alignment with the trap.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        guard
            let token = target.model.tokenizer.encode(word, addingSpecialTokens: false).first
        else {
            throw InputError(
                "\(Self.name), word", "\(word) has no token in this model's vocabulary",
                remedy: "name another word")
        }
        let pools =
            try [ExamplePool(examples: examples.forgotten(), batchSize: restrictedBatch)]
            + examples.retained(batch: benignBatch)
            + [ExamplePool(examples: examples.declined(), batchSize: restrictedBatch)]
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = CollapseTrapObjective(
            weight: weight, rate: simulatedRate, token: token, pools: pools)
        return problem
    }
}
