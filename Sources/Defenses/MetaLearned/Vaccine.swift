// SPDX-License-Identifier: Apache-2.0
// Vaccine: alignment that withstands shifts of the hidden states.

internal import JSONText
internal import Records
public import Training

/// Aligns a model under the shift of its hidden states that disturbs the alignment most, as harmful
/// fine-tuning shifts them (arXiv:2402.01109).
public struct Vaccine: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "vaccine",
        summary: "Alignment under the worst small shift of the hidden states.",
        source: "arXiv:2402.01109",
        deviations: """
            The residual stream in front of each layer is shifted in place of the attention's \
            output. The released hook overwrites the data of an output, so that the shift is no \
            part of the gradient's graph; here it is added as a constant. Aligned with refusals \
            and the suite's benign answers. Tokens that examples of a batch begin with in common \
            are shifted together.
            """, passes: "2 forward and backward")
    /// What progress calls the work.
    public static let phase = "vaccine"

    /// The norm rho of the shift of all layers together.
    public var radius: Float = 2
    /// Restricted prompts a step, with refusals.
    public var restrictedBatch = 4
    /// Examples a step of what must stay.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The published radius.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 1e-3
        training.schedule = .linear
        training.steps = 150
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("radius", Double(radius), in: 0...1e6)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try training.validate()
        try training.requireChat()
    }

    /// Alignment under the shift.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        var problem = try TrainingProblem(
            of: target.model,
            on: examples.alignment(restricted: restrictedBatch, retained: benignBatch),
            by: training, seed: target.seed)
        problem.objective = PerturbedStatesObjective(radius: radius)
        return problem
    }
}
