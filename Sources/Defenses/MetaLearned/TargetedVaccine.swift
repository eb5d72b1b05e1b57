// SPDX-License-Identifier: Apache-2.0
// T-Vaccine: Vaccine in the layers that matter.

internal import JSONText
internal import Records
public import Training

/// Vaccine in some layers, which are drawn anew in each step, those with great gradients more often
/// (arXiv:2410.09760).
public struct TargetedVaccine: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "t-vaccine",
        summary: "Vaccine in some layers, drawn by the norms of their gradients.",
        source: "arXiv:2410.09760",
        deviations: """
            As for vaccine. Layers are drawn in each step, by the gradients of the alignment \
            batch; all layers are trained, where the authors freeze those that were not drawn.
            """, passes: "2 forward and backward")
    /// What progress calls the work.
    public static let phase = "t-vaccine"

    /// The norm rho of the shift of all drawn layers together.
    public var radius: Float = 3
    /// How many layers are drawn; all that the model has if it has fewer.
    public var layers = 8
    /// Restricted prompts a step, with refusals.
    public var restrictedBatch = 4
    /// Examples a step of what must stay.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The published radius and number of layers.
    public init() { training = Vaccine().training }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("radius", Double(radius), in: 0...1e6)
        try require("layers", layers, in: 1...10_000)
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
        problem.objective = PerturbedStatesObjective(
            radius: radius, layers: layers, seed: target.seed)
        return problem
    }
}
