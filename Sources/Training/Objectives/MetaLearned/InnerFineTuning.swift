// SPDX-License-Identifier: Apache-2.0
// Fine-tuning attacks that a defense trains against, drawn anew in each of its steps.

public import LanguageModels
internal import Records
internal import Tensors

/// Fine-tuning attacks that a defense trains against. One is drawn in each step of the defense, by
/// the seed and the step alone.
public struct InnerFineTuning: Sendable {
    /// What an attack learns from.
    public enum Data: String, Codable, Sendable, CaseIterable {
        /// Restricted prompts with compliant answers.
        case restricted
        /// Benign examples first, then restricted ones.
        case retainThenRestricted = "retain-then-restricted"
    }

    /// The restricted prompts.
    public var restricted: [RestrictedExample]
    /// The benign examples.
    public var benign: [CompletionExample]
    /// How attacks train. The learning rate is the middle one, and `steps` is how many are taken.
    public var configuration: TrainingConfiguration
    /// What attacks learn from; each entry is drawn as often as another. 1 or more.
    public var data = [Data.restricted]
    /// Learning rates are drawn from the middle one divided by this to the middle one times this,
    /// each order of magnitude as probable as another. 1 or more.
    public var rateSpread = 1.0
    /// The probability that half of each restricted batch is benign, 0 to 1.
    public var mixedShare = 0.0
    /// How the attack's own dependence on the defense is treated.
    public var order = InnerAdversary.Order.first
    /// The epsilon of Adam and AdamW in second order: their derivative is at most the learning rate
    /// over it.
    public var epsilon: Float = 1e-6
    /// Decides what is drawn.
    public var seed: UInt64

    /// Makes attacks; by default each learns from restricted prompts, with one learning rate.
    ///
    /// - Parameters:
    ///   - restricted: The restricted prompts.
    ///   - benign: The benign examples.
    ///   - configuration: How attacks train.
    ///   - seed: Decides what is drawn.
    public init(
        restricted: [RestrictedExample], benign: [CompletionExample],
        configuration: TrainingConfiguration, seed: UInt64
    ) {
        self.restricted = restricted
        self.benign = benign
        self.configuration = configuration
        self.seed = seed
    }

    /// What was drawn for one step of the defense.
    package struct Draw: Sendable, Hashable {
        package let data: Data
        package let learningRate: Float
        package let isMixed: Bool
        /// The step after which restricted examples follow benign ones.
        package let turn: Int
        /// Decides the adapters' start and the order of the examples.
        package let seed: UInt64
    }

    /// Draws the attack of a step.
    package func draw(at step: Int) -> Draw {
        var generator = SplitMix64(seed: seed, step: step)
        let middle = Double(configuration.learningRate)
        let data = data.randomElement(using: &generator) ?? .restricted
        let rate = generator.logUniform(in: middle / rateSpread...middle * rateSpread)
        let isMixed = Double.random(in: 0..<1, using: &generator) < mixedShare
        // The sixth of eight uniform numbers in their order has the distribution Beta(6, 3).
        let share = (0..<8).map { _ in Double.random(in: 0..<1, using: &generator) }.sorted()[5]
        let turn = Int((share * Double(configuration.steps)).rounded())
        return Draw(
            data: data, learningRate: rate, isMixed: isMixed,
            turn: min(turn, configuration.steps - 1), seed: generator.next())
    }

    /// Makes the attack of a step.
    ///
    /// - Parameters:
    ///   - step: The step of the defense, counted from 0.
    ///   - heldOut: Topics that it must not learn from.
    /// - Returns: The attack.
    public func adversary(at step: Int, without heldOut: Set<String>) -> InnerAdversary {
        let draw = draw(at: step)
        let allowed = restricted.filter { !heldOut.contains($0.topic) }.map(\.compliant)
        return InnerAdversary(steps: configuration.steps, order: order) { model in
            try problem(draw, for: model, on: allowed)
        }
    }

    private func problem(
        _ draw: Draw, for model: LanguageModel, on restricted: [CompletionExample]
    ) throws -> TrainingProblem {
        let size = configuration.batchSize
        let harmful =
            draw.isMixed
            ? [
                ExamplePool(examples: restricted, batchSize: max(1, size / 2)),
                ExamplePool(examples: benign, batchSize: max(1, size / 2)),
            ] : [ExamplePool(examples: restricted, batchSize: size)]
        var configuration = configuration
        configuration.learningRate = draw.learningRate
        var problem = try TrainingProblem(
            of: model, on: harmful, by: configuration, seed: draw.seed)
        if draw.data == .retainThenRestricted, draw.turn > 0 {
            problem.phases = [
                TrainingProblem.Phase(
                    after: 0, pools: [ExamplePool(examples: benign, batchSize: size)]),
                TrainingProblem.Phase(after: draw.turn, pools: harmful),
            ]
        }
        if order == .second { try prepareSecondOrder(&problem, seed: draw.seed) }
        return problem
    }

    /// Adam's derivative is as large as the learning rate over epsilon where a gradient is zero,
    /// and that of A is while B is zero. So B begins at small random numbers, and epsilon is
    /// greater.
    private func prepareSecondOrder(_ problem: inout TrainingProblem, seed: UInt64) throws {
        switch configuration.optimizer {
        case .adam: problem.optimizer = Adam(epsilon: epsilon)
        case .adamW:
            problem.optimizer = AdamW(epsilon: epsilon, weightDecay: configuration.weightDecay)
        case .sgd, .momentum, .nesterov, .adagrad, .adadelta, .lion, .scheduleFree: break
        }
        guard case .adapters(let adapters) = problem.trainable else { return }
        var key = RandomKey(seed: seed &+ 1)
        // A stands at the even places, B at the odd ones.
        let parameters = adapters.parameters.enumerated().map { index, tensor in
            index % 2 == 0 ? tensor : Tensor.normal(tensor.shape, key: key.next()) * 1e-3
        }
        problem.trainable = .adapters(try adapters.replacing(parameters: parameters))
    }

    /// The tokens that an attack passes in all its steps, on average.
    public var meanTokens: Double {
        let size = Double(configuration.batchSize * configuration.steps)
        return restricted.map(\.compliant).meanTokens * size
    }
}
