// SPDX-License-Identifier: Apache-2.0
// Booster: attacks are to get less far with a step.

internal import JSONText
internal import Records
public import Training

/// Aligns a model while the descent of the harmful loss along a normalised step of an attack is
/// made small (arXiv:2409.01586).
public struct Booster: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "booster",
        summary: "Alignment while the harmful loss is kept from falling in an attack's step.",
        source: "arXiv:2409.01586",
        deviations: """
            Aligned with refusals to restricted prompts and the suite's benign answers in place of \
            5,000 rows; 200 steps in place of 20 epochs, gradients are clipped at norm 1.
            """, passes: "3 forward and backward, 2 of them of harmful examples alone",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "booster"

    /// The weight lambda of the harmful loss's descent.
    public var weight: Float = 5
    /// The length of the attack's step, in the norm of all parameters that are trained.
    public var reach: Float = 0.1
    /// Restricted prompts a step, with refusals, and as many with compliant answers.
    public var restrictedBatch = 8
    /// Examples a step of what must stay.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The published values, with fewer steps.
    public init() {
        training = TrainingConfiguration()
        training.weightDecay = 0.1
        training.steps = 200
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("weight", Double(weight), in: 0...1e6)
        try require("reach", Double(reach), in: 1e-9...1e6)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Alignment with the second term.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        let pools =
            try [ExamplePool(examples: examples.forgotten(), batchSize: restrictedBatch)]
            + examples.alignment(restricted: restrictedBatch, retained: benignBatch)
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = BoosterObjective(weight: weight, reach: reach, pools: pools)
        return problem
    }
}
