// SPDX-License-Identifier: Apache-2.0
// TAR: meta-learning against fine-tuning, first order.

internal import Foundation
internal import JSONText
internal import Records
public import Training

/// Meta-learns weights from which fine-tuning does not lead to restricted behaviour: in each step
/// an attack is run, and what the attacked model does on topics that it has not seen is pulled back
/// (tampering attack resistance, arXiv:2408.00761).
public struct TAR: TrainedDefense {
    /// What an attacked model should do on restricted prompts that the attack has not seen.
    public enum Resistance: String, Codable, Sendable, CaseIterable {
        /// Be uncertain of each token of a compliant answer: for knowledge.
        case entropy
        /// Prefer a refusal to the compliant answer (DPO): for refusal.
        case preference = "dpo"
        /// Refuse: the likelihood of refusals alone. This one is not in the paper.
        case refusal
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "tar",
        summary: "Meta-learning against fine-tuning attacks that are run in each step.",
        source: "arXiv:2408.00761",
        deviations: """
            16 inner steps in place of 64 and 100 outer ones in place of 750; attacks train \
            adapters unless inner.method is full, with learning rates from a range in place of two \
            or three values, and half of them mix in benign examples. Attacks and the held-out \
            batch have different topics. Entropy is taken at answer tokens; the released code \
            counts all positions, padding included. Its schedule-free optimizer is never put into \
            evaluation, so that it saves weights that are not averaged; here they are. The \
            distance of hidden states includes the embedding's, and refusals are among what is \
            retained. There is no random mapping before, and no benign fine-tuning after.
            """,
        passes:
            "inner.steps of attacks, 1 held-out for each interval, 1 retained and its reference",
        needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "tamper resistance"

    /// What an attacked model should do.
    public var resistance = Resistance.preference
    /// The factor of the log-probabilities of the preference.
    public var beta: Float = 0.1
    /// The weight of the last inner step.
    public var tamperWeight: Float = 4
    /// How much the logarithm of the weight falls with each inner step before the last.
    public var decay: Float = 0.0625
    /// The gradient is taken at each so many-th inner step, counted back from the last.
    public var interval = 4
    /// The weight of the distance of the hidden states from those before hardening.
    public var hiddenWeight: Float = 1
    /// What attacks learn from; each entry is drawn as often as another.
    public var attacks: [InnerFineTuning.Data] = [.restricted, .restricted, .retainThenRestricted]
    /// Inner learning rates are drawn between `inner.learningRate` over this and times this.
    public var rateSpread = 10.0
    /// The probability that an attack mixes benign examples in, one to one.
    public var mixedShare = 0.5
    /// How attacks train: `steps` of them are taken, `learningRate` is the middle one.
    public var inner: TrainingConfiguration
    /// Held-out restricted prompts a step, and as many with refusals that are retained.
    public var restrictedBatch = 4
    /// Examples a step of what must stay.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// The published weights and optimizer, with fewer and shorter attacks.
    public init() {
        inner = TrainingConfiguration()
        inner.learningRate = 3e-4
        inner.batchSize = 4
        inner.steps = 16
        training = TrainingConfiguration()
        training.method = .full
        training.optimizer = .scheduleFree
        training.learningRate = 2e-5
        training.schedule = .warmup
        training.steps = 100
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("beta", Double(beta), in: 1e-6...1e3)
        try require("tamperWeight", Double(tamperWeight), in: 0...1e6)
        try require("decay", Double(decay), in: 0...1e3)
        try require("interval", interval, in: 1...10_000)
        try require("hiddenWeight", Double(hiddenWeight), in: 0...1e6)
        try require("the number of attacks", attacks.count, in: 1...100)
        try require("rateSpread", rateSpread, in: 1...1e6)
        try require("mixedShare", mixedShare, in: 0...1)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        try require("inner.steps", inner.steps, in: 1...1_000)
        for configuration in [inner, training] {
            try configuration.validate()
            try configuration.requireChat()
        }
    }

    /// After how many steps of an attack the gradient is taken, and with what weight.
    var weights: [Int: Float] {
        let points = stride(from: inner.steps, to: 0, by: -interval)
        return Dictionary(
            uniqueKeysWithValues: points.map { step in
                (step, tamperWeight * exp(decay * Float(step - inner.steps)))
            })
    }

    /// The training against attacks.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        // A held-out batch may be of as many topics as it has prompts; one is left for the attack.
        let restricted = try examples.byTopic(atLeast: restrictedBatch + 1)
        let pools =
            try [ExamplePool(examples: restricted.map(\.compliant), batchSize: restrictedBatch)]
            + examples.alignment(restricted: restrictedBatch, retained: benignBatch)
        var fineTuning = InnerFineTuning(
            restricted: restricted, benign: try examples.answered(), configuration: inner,
            seed: target.seed)
        fineTuning.data = attacks
        fineTuning.rateSpread = rateSpread
        fineTuning.mixedShare = mixedShare
        let goal: HeldOutGoal =
            switch resistance {
            case .entropy: .entropy
            case .preference: .preference(beta: beta)
            case .refusal: .refusal
            }
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = TamperResistanceObjective(
            attacks: fineTuning, goal: goal, weights: weights, hiddenWeight: hiddenWeight,
            reference: target.model, pools: pools)
        return problem
    }
}
