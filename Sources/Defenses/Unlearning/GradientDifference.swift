// SPDX-License-Identifier: Apache-2.0
// Gradient difference: ascent on what is forgotten, descent on what is retained.

internal import Records
public import Training

/// Gradient ascent on what is to be forgotten and descent on what is to be retained (gradient
/// difference, arXiv:2203.12817): `forgetWeight * -CE(forget) + retainWeight * CE(retain)`.
public struct GradientDifference: TrainedDefense {
    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "gradient-difference",
        summary: "Gradient ascent on what is to be forgotten, descent on what is to be retained.",
        source: "arXiv:2203.12817; both weights 1 as in open-unlearning",
        deviations: """
            Adapters are trained unless training.method says otherwise. The loss of what is \
            forgotten has no bound, as in the source. The steps and the rate are chosen for a \
            small suite, and are not tuned.
            """, needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "gradient difference"

    /// Restricted prompts with the answers to be forgotten, a step.
    public var restrictedBatch = 4
    /// Examples of all that is retained, a step.
    public var retainedBatch = 8
    /// How much ascent counts, gamma.
    public var forgetWeight = 1.0
    /// How much descent counts, alpha.
    public var retainWeight = 1.0
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The defaults.
    public init() {
        training = TrainingConfiguration()
        training.learningRate = 2e-4
        training.schedule = .linear
        training.steps = 60
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try validate(terms)
        try training.validate()
        try training.requireChat()
    }

    private var terms: UnlearningTerms {
        UnlearningTerms(
            restrictedBatch: restrictedBatch, retainedBatch: retainedBatch,
            forgetWeight: forgetWeight, retainWeight: retainWeight)
    }

    /// Ascent and descent on the suite.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        try terms.problem(
            of: HardeningExamples(defense: Self.name, target: target), by: training,
            forget: AnswerAscent())
    }
}
