// SPDX-License-Identifier: Apache-2.0
// Meta-learning against fine-tuning: TAR and MLAC.

public import LanguageModels
public import Tensors

/// What a model should be behind the steps of an attack, and what it should stay before them (TAR,
/// arXiv:2408.00761; MLAC, arXiv:2211.14946).
///
/// A step goes against
///
///     sum over steps k of the attack: weight_k * grad L(w_k) + grad L_retain(w)
///
/// with L the goal on a batch whose topics the attack does not learn from; one such batch serves
/// all steps. L_retain is the mean negative log-likelihood, and, with a weight, the mean over the
/// streams in front of each layer and behind the last of the mean over the tokens of ||h -
/// h_reference||. Pool 0 holds restricted prompts with compliant answers, the others what is
/// retained.
public struct TamperResistanceObjective: Objective {
    /// The attacks.
    public let attacks: InnerFineTuning
    /// What is wanted of attacked models.
    public let goal: HeldOutGoal
    /// After how many steps of an attack that counts, and how much.
    public let weights: [Int: Float]
    /// The weight of the distance of the hidden states; 0 leaves it out.
    public let hiddenWeight: Float
    /// The model before hardening.
    public let reference: LanguageModel
    /// The attack, the held-out batch at each step that counts, and the retained examples.
    public let passes: ObjectivePasses
    private let examples: [CompletionExample: RestrictedExample]

    /// Makes an objective.
    ///
    /// - Parameters:
    ///   - attacks: The attacks; a batch's topics are those of their restricted examples.
    ///   - goal: What is wanted of attacked models.
    ///   - weights: After how many steps of an attack that counts, and how much.
    ///   - hiddenWeight: The weight of the distance of the hidden states.
    ///   - reference: The model before hardening.
    ///   - pools: What is learnt from: restricted prompts with compliant answers, then what is
    ///     retained.
    public init(
        attacks: InnerFineTuning, goal: HeldOutGoal, weights: [Int: Float], hiddenWeight: Float,
        reference: LanguageModel, pools: [ExamplePool]
    ) {
        self.attacks = attacks
        self.goal = goal
        self.weights = weights
        self.hiddenWeight = hiddenWeight
        self.reference = reference
        examples = Dictionary(
            attacks.restricted.map { ($0.compliant, $0) }, uniquingKeysWith: { first, _ in first })
        let points = Double(weights.count)
        let heldOut = pools.first.map { Double(min($0.batchSize, $0.examples.count)) } ?? 0
        let refusals = attacks.restricted.map(\.refusal).meanTokens * heldOut
        let answers = pools.first?.meanTokens ?? 0
        let perPoint =
            switch goal {
            case .entropy, .failure: answers
            case .preference: answers + refusals
            case .refusal: refusals
            }
        var read = 0.0
        if case .preference = goal { read = answers + refusals }
        // Going back through a forward and a backward pass takes twice as much again.
        let times = attacks.order == .second ? 3.0 : 1
        passes = ObjectivePasses(
            on: pools, differentiated: pools.indices.map { $0 == 0 ? 0 : 1 },
            forward: pools.indices.map { $0 > 0 && hiddenWeight != 0 ? 1 : 0 },
            others: attacks.meanTokens * times + perPoint * points, read: read)
    }

    /// Computes the loss of a model that is not attacked.
    ///
    /// - Parameters:
    ///   - subject: The model at the current parameters.
    ///   - batch: The examples.
    /// - Returns: A scalar.
    /// - Throws: Errors of the model.
    public func loss(of subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let (wanted, objective) = try heldOut(in: batch)
        let all = weights.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
        return try objective.loss(of: subject, on: wanted) * all
            + retained(subject, on: batch.pools(from: 1))
    }

    /// Attacks the model, and computes the whole loss and the direction above.
    ///
    /// - Parameters:
    ///   - point: Where the training is.
    ///   - batch: The examples.
    ///   - reducer: How the gradient of what is retained is summed up.
    /// - Returns: The loss, and a direction for each parameter. With first order the attack is
    ///   evaluated.
    /// - Throws: Errors of the model.
    public func gradient(
        at point: TrainingPoint, of batch: TrainingBatch, by reducer: any Reducer
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let (wanted, objective) = try heldOut(in: batch)
        let topics = Set(batch.pools[0].compactMap { examples[$0]?.topic })
        let attacked = try attacks.adversary(at: batch.step, without: topics).gradient(
            at: point.parameters, of: point.trainable, on: point.model, objective: objective,
            batch: wanted, weights: weights)
        let kept = try point.gradient(of: batch.pools(from: 1), by: reducer) {
            try retained($0, on: $1)
        }
        let direction = ParameterVector(attacked.gradients) + kept.gradient
        return (attacked.value + kept.value, direction.tensors)
    }

    /// The batch of the goal, and the goal with what the model before hardening makes of the batch.
    private func heldOut(
        in batch: TrainingBatch
    ) throws -> (batch: TrainingBatch, objective: HeldOutObjective) {
        let known = batch.pools[0].compactMap { examples[$0] }
        let wanted = TrainingBatch(
            pools: [known.map(\.compliant), known.map(\.refusal)], step: batch.step)
        var objective = HeldOutObjective(goal: goal)
        if case .preference = goal {
            objective.reference = try HeldOutObjective.logOdds(
                of: Subject(reference), on: wanted
            ).evaluated()
        }
        return (wanted, objective)
    }

    /// What the model is to stay before an attack.
    func retained(_ subject: Subject, on batch: TrainingBatch) throws -> Tensor {
        let rows = try SupervisedRows(batch.examples, in: subject.model)
        let pass = try subject.model.forward(rows, edit: subject.edit)
        let likelihood = try pass.losses().mean()
        guard hiddenWeight != 0 else { return likelihood }
        let before = try reference.forward(rows)
        let distances = zip(pass.streams, before.streams).map { now, before in
            // The root has no derivative at 0, where hardening begins.
            ((now - before).square().sum(axis: -1) + 1e-12).sqrt().mean()
        }
        return likelihood + Tensor.stacked(distances).mean() * hiddenWeight
    }
}
