// SPDX-License-Identifier: Apache-2.0
// NPO: negative preference optimisation, also from flat places (NPO+SAM).

internal import Records
public import Training

/// Makes restricted answers less likely than the model before the training finds them, by a loss
/// whose gradient fades as it succeeds (negative preference optimisation, arXiv:2404.05868), beside
/// descent on what is retained.
///
/// With a smoothness above 0 the gradient of what is forgotten is taken at the worst nearby
/// parameters, so that relearning starts from a flat place (NPO+SAM, arXiv:2502.05374).
public struct NegativePreferenceUnlearning: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "npo",
        summary: "Restricted answers made unlikely by a loss that fades; smoothness makes it SAM.",
        source: "arXiv:2404.05868; smoothness: arXiv:2502.05374, there 0.1",
        deviations: """
            Adapters are trained unless training.method says otherwise, and smoothness then moves \
            the adapters rather than the weights. The rate is that of adapters (the sources train \
            all weights at 1e-5); the steps are chosen for a small suite, and are not tuned.
            """,
        passes: "1 forward and backward, 1 forward of the reference on what is forgotten; with "
            + "smoothness both once more on what is forgotten",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "negative preference optimisation"

    /// Restricted prompts with the answers to be forgotten, a step.
    public var restrictedBatch = 4
    /// Examples of all that is retained, a step.
    public var retainedBatch = 8
    /// How soon the gradient fades.
    public var beta = 0.1
    /// How much forgetting counts, gamma.
    public var forgetWeight = 1.0
    /// How much retaining counts, alpha.
    public var retainWeight = 1.0
    /// How far the parameters are moved for the gradient of what is forgotten, rho; 0 is plain NPO.
    public var smoothness = 0.0
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.schedule = .linear
        training.steps = 120
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(terms)
        try require("beta", beta, in: 1e-4...1e3)
        try training.validate()
        try training.requireChat()
    }

    private var terms: UnlearningTerms {
        UnlearningTerms(
            restrictedBatch: restrictedBatch, retainedBatch: retainedBatch,
            forgetWeight: forgetWeight, retainWeight: retainWeight, smoothness: smoothness)
    }

    /// Negative preference optimisation on the suite.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        try terms.problem(
            of: HardeningExamples(defense: Self.name, target: target), by: training,
            forget: NegativePreference(reference: target.model, beta: Float(beta)))
    }
}
