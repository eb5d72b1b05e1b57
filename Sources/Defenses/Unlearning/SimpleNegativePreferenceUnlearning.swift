// SPDX-License-Identifier: Apache-2.0
// SimNPO: negative preference optimisation without a reference.

internal import Records
public import Training

/// Makes restricted answers unlikely by a loss on their mean log-likelihood, without a reference
/// (SimNPO, arXiv:2410.07163), beside descent on what is retained.
public struct SimpleNegativePreferenceUnlearning: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "simnpo",
        summary: "Restricted answers made unlikely without a reference, long ones as short ones.",
        source: "arXiv:2410.07163; weights as in open-unlearning",
        deviations: """
            Adapters are trained unless training.method says otherwise. The steps and the rate are \
            chosen for a small suite, and are not tuned. At the published beta an answer that has \
            a loss of 1 nat a token gets a hundredth of the gradient, so that little is unlearnt.
            """, needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "simple negative preference optimisation"

    /// Restricted prompts with the answers to be forgotten, a step.
    public var restrictedBatch = 4
    /// Examples of all that is retained, a step.
    public var retainedBatch = 8
    /// How soon the gradient fades.
    public var beta = 4.5
    /// The loss at which an answer counts as half forgotten, delta, in nats a token.
    public var margin = 0.0
    /// How much forgetting counts, gamma.
    public var forgetWeight = 0.125
    /// How much retaining counts, alpha.
    public var retainWeight = 1.0
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
        try require("margin", margin, in: -100...100)
        try training.validate()
        try training.requireChat()
    }

    private var terms: UnlearningTerms {
        UnlearningTerms(
            restrictedBatch: restrictedBatch, retainedBatch: retainedBatch,
            forgetWeight: forgetWeight, retainWeight: retainWeight)
    }

    /// Negative preference optimisation on the suite, without a reference.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        try terms.problem(
            of: HardeningExamples(defense: Self.name, target: target), by: training,
            forget: SimpleNegativePreference(beta: Float(beta), margin: Float(margin)))
    }
}
