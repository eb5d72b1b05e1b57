// SPDX-License-Identifier: Apache-2.0
// MLAC: self-destructing models, second order.

internal import Foundation
internal import JSONText
internal import LanguageModels
internal import Records
public import Training

/// Meta-learns weights from which an attack does not learn: what it has learnt after each of a few
/// steps is made worse, with the gradient through the attack's own optimizer (meta-learned
/// adversarial censoring, arXiv:2211.14946).
public struct MLAC: TrainedDefense {
    /// How the attack's own dependence on the defense is treated.
    public enum Order: String, Codable, Sendable, CaseIterable {
        /// It is left out.
        case first
        /// The gradient goes back through the attack's steps.
        case second
    }

    /// What `temper defenses` prints.
    public static let entry = DefenseEntry(
        name: "mlac",
        summary: "Self-destructing models: attacks of a few steps are differentiated through.",
        source: "arXiv:2211.14946",
        deviations: """
            The published head adjustment is left out: language models have no class head to \
            adjust. In the released code it has no effect either, since with_linear_reset drops \
            the head that it is given, so that each inner loop starts from a random one. 4 inner \
            steps in place of 16, with adapters unless inner.method is full (second order takes 16 \
            at most with adapters, 4 with all weights); the inner learning rate is drawn from a \
            range, not learnt. The attack's loss counts up to log(vocabulary), that of knowing \
            nothing, unless isBounded is false; published without. Topics of the attack and of the \
            measured batch differ. In second order B of adapters begins at small random numbers \
            and Adam's epsilon is 1e-6, since its derivative at zero gradients is the learning \
            rate over epsilon.
            """,
        passes: "inner.steps of attacks, and about 2 for each to go back through; inner.steps + 1 "
            + "held-out, 1 retained", needs: [.compliantAnswers])
    /// What progress calls the work.
    public static let phase = "self-destruction"

    /// How the attack's own dependence on the defense is treated.
    public var order = Order.second
    /// Whether the attack's loss counts only up to that of knowing nothing.
    public var isBounded = true
    /// Inner learning rates are drawn between `inner.learningRate` over this and times this.
    public var rateSpread = 3.0
    /// How attacks train: `steps` of them are taken, `learningRate` is the middle one.
    public var inner: TrainingConfiguration
    /// Restricted prompts a step that the attacked model is measured on, and as many with refusals
    /// that are retained.
    public var restrictedBatch = 4
    /// Examples a step of what must stay.
    public var benignBatch = 8
    /// How it trains; a batch is what the two above make it.
    public var training: TrainingConfiguration

    /// Values for models of some hundred million parameters.
    public init() {
        inner = TrainingConfiguration()
        inner.learningRate = 3e-4
        inner.gradientNorm = 100
        inner.batchSize = 4
        inner.steps = 4
        training = TrainingConfiguration()
        training.method = .full
        training.optimizer = .adam
        training.learningRate = 1e-5
        training.gradientNorm = 10
        training.schedule = .warmup
        training.steps = 100
    }

    /// Throws an `InputError` for a value out of range.
    public func validate() throws {
        try require("rateSpread", rateSpread, in: 1...1e6)
        try requireBatches(["restrictedBatch": restrictedBatch, "benignBatch": benignBatch])
        for configuration in [inner, training] {
            try configuration.validate()
            try configuration.requireChat()
        }
        switch (order, inner.method) {
        case (.first, _): try require("inner.steps", inner.steps, in: 1...1_000)
        // Memory grows with the steps, and for all weights their gradients do, too.
        case (.second, .lora): try require("inner.steps", inner.steps, in: 1...16)
        case (.second, .full): try require("inner.steps", inner.steps, in: 1...4)
        }
        let differentiable: [TrainingConfiguration.Rule] = [
            .sgd, .momentum, .nesterov, .adam, .adamW,
        ]
        guard order == .first || differentiable.contains(inner.optimizer) else {
            throw InputError(
                "inner.optimizer",
                "\(inner.optimizer.rawValue) is not differentiated through",
                remedy: "choose \(differentiable.map(\.rawValue).joined(separator: ", ")), or "
                    + "order first")
        }
    }

    /// The training against attacks.
    public func problem(for target: HardeningTarget) throws -> TrainingProblem {
        let examples = HardeningExamples(defense: Self.name, target: target)
        // A batch may be of as many topics as it has prompts; one is left for the attack.
        let restricted = try examples.byTopic(atLeast: restrictedBatch + 1)
        let pools =
            try [ExamplePool(examples: restricted.map(\.compliant), batchSize: restrictedBatch)]
            + examples.alignment(restricted: restrictedBatch, retained: benignBatch)
        var attacks = InnerFineTuning(
            restricted: restricted, benign: try examples.answered(), configuration: inner,
            seed: target.seed)
        attacks.rateSpread = rateSpread
        attacks.order = order == .first ? .first : .second
        let bound =
            isBounded ? log(Float(target.model.configuration.vocabularySize)) : Float.infinity
        let points = 0...inner.steps
        var problem = try TrainingProblem(
            of: target.model, on: pools, by: training, seed: target.seed)
        problem.objective = TamperResistanceObjective(
            attacks: attacks, goal: .failure(bound: bound),
            weights: Dictionary(
                uniqueKeysWithValues: points.map { ($0, 1 / Float(points.count)) }),
            hiddenWeight: 0, reference: target.model, pools: pools)
        return problem
    }
}
