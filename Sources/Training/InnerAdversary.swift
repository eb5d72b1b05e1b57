// SPDX-License-Identifier: Apache-2.0
// An adversary that a defense trains against: it gives gradients, never a model.

internal import JSONText
public import LanguageModels
public import Tensors

/// An adversary that a defense trains against.
///
/// It takes some steps of an attack's training from the defended model, and returns the gradient
/// of another objective at the attacked model with respect to the defense's own parameters. The
/// attacked model never leaves this type.
public struct InnerAdversary: Sendable {
    /// How the attack's own dependence on the defense is treated.
    public enum Order: Sendable, Hashable {
        /// The attack's change is taken as a constant (first-order MAML, arXiv:1703.03400).
        case first
        /// The gradient goes back through every step of the attack.
        case second
    }

    /// The attack's training, for a defended model.
    public let problem: @Sendable (LanguageModel) throws -> TrainingProblem
    /// How many of its steps are taken.
    public let steps: Int
    /// How the attack's own dependence on the defense is treated.
    public let order: Order

    /// Makes an adversary.
    ///
    /// - Parameters:
    ///   - steps: How many steps of the attack are taken.
    ///   - order: How the attack's own dependence on the defense is treated.
    ///   - problem: The attack's training, for a defended model. It must not compute anything with
    ///     the model's weights, for they are part of a gradient.
    public init(
        steps: Int, order: Order,
        problem: @escaping @Sendable (LanguageModel) throws -> TrainingProblem
    ) {
        self.steps = steps
        self.order = order
        self.problem = problem
    }

    /// Attacks a defended model and computes the gradient of what the defense wants of the result.
    ///
    /// - Parameters:
    ///   - parameters: The defense's parameters.
    ///   - defense: What these parameters are.
    ///   - model: The model that the defense trains.
    ///   - objective: What the defense minimises at the attacked model.
    ///   - batch: The examples of that objective.
    /// - Returns: The objective at the attacked model, and its gradient in the order and shapes of
    ///   the parameters. With first order the attack is evaluated; neither result is.
    /// - Throws: Errors of the engine, the model and the objective.
    public func gradient(
        at parameters: [Tensor], of defense: Trainable, on model: LanguageModel,
        objective: any Objective, batch: TrainingBatch
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        try gradient(
            at: parameters, of: defense, on: model, objective: objective, batch: batch,
            weights: [steps: 1])
    }

    /// Attacks a defended model once, and computes the gradient of what the defense wants on the way.
    ///
    /// - Parameters:
    ///   - parameters: The defense's parameters.
    ///   - defense: What these parameters are.
    ///   - model: The model that the defense trains.
    ///   - objective: What the defense minimises at the attacked model.
    ///   - batch: The examples of that objective.
    ///   - weights: After how many steps of the attack the objective counts, and how much; 0 is the
    ///     model before the attack, with the attack's own start.
    /// - Returns: The weighted sum of the objective, and its gradient in the order and shapes of the
    ///   parameters. With first order the attack is evaluated.
    /// - Throws: Errors of the engine, the model and the objective; `InputError` for a weight behind
    ///   the last step.
    public func gradient(
        at parameters: [Tensor], of defense: Trainable, on model: LanguageModel,
        objective: any Objective, batch: TrainingBatch, weights: [Int: Float]
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        guard let last = weights.keys.max(), weights.keys.allSatisfy({ 0...steps ~= $0 }) else {
            throw InputError(
                "inner adversary", "is asked after other steps than 0 to \(steps)",
                remedy: "choose at least one step that it takes")
        }
        switch order {
        case .first:
            return try firstOrder(
                at: parameters, of: defense, on: model, objective: objective, batch: batch,
                weights: weights)
        case .second:
            return try valueAndGradient(at: parameters) { parameters in
                let defended = try defense.subject(parameters, on: model).model.merged()
                let problem = try problem(defended)
                var sum = Tensor(0)
                try attack(problem, until: last, evaluating: false) { step, own in
                    guard let weight = weights[step] else { return }
                    sum = try sum + loss(own, in: problem, objective, batch) * weight
                }
                return sum
            }
        }
    }

    /// Takes the attack's change as a constant, whatever the defense's parameters are.
    private func firstOrder(
        at parameters: [Tensor], of defense: Trainable, on model: LanguageModel,
        objective: any Objective, batch: TrainingBatch, weights: [Int: Float]
    ) throws -> (value: Tensor, gradients: [Tensor]) {
        let start = try defense.subject(parameters, on: model).model.fused()
        let attacked = try problem(start)
        var sum: (value: Tensor, gradients: [Tensor])?
        try attack(attacked, until: weights.keys.max() ?? 0, evaluating: true) { step, end in
            guard let weight = weights[step] else { return }
            let change = attacked.trainable.change(to: end, from: start)
            try evaluate(change)
            let term = try valueAndGradient(at: parameters) { parameters in
                let defended = try defense.subject(parameters, on: model).model.merged()
                let problem = try problem(defended)
                let own = problem.trainable.adding(change, to: defended)
                return try loss(own, in: problem, objective, batch) * weight
            }
            guard let earlier = sum else {
                sum = term
                return
            }
            let total = zip(earlier.gradients, term.gradients).map { $0 + $1 }
            sum = (earlier.value + term.value, total)
            // What one point kept is let go before the next.
            try evaluate(total + [earlier.value, term.value])
        }
        return sum ?? (Tensor(0), parameters.map { Tensor.zeros($0.shape) })
    }

    /// What the defense wants of the attacked model.
    private func loss(
        _ own: [Tensor], in problem: TrainingProblem, _ objective: any Objective,
        _ batch: TrainingBatch
    ) throws -> Tensor {
        try objective.loss(
            of: problem.trainable.subject(own, on: problem.model, framing: problem.framing),
            on: batch)
    }

    /// Takes steps of the attack, and shows its parameters before the first and behind each.
    private func attack(
        _ problem: TrainingProblem, until last: Int, evaluating: Bool,
        visit: (_ step: Int, _ parameters: [Tensor]) throws -> Void
    ) throws {
        let step = problem.step()
        var stream = ExampleStream(problem)
        var state = problem.start
        try visit(0, state.parameters)
        for index in 0..<last {
            state = try step(state, on: stream.next()).state
            if evaluating { try evaluate(state.tensors) }
            try visit(index + 1, state.optimizer.evaluationParameters(state.parameters))
        }
    }
}

extension Trainable {
    /// What a training has changed, in a form that can be carried to another model: the difference
    /// for weights, the numbers themselves for what is put into a model.
    func change(to end: [Tensor], from model: LanguageModel) -> [Tensor] {
        isWeights ? zip(end, start(of: model)).map { $0 - $1 } : end
    }

    /// The parameters that a change makes of a model.
    func adding(_ change: [Tensor], to model: LanguageModel) -> [Tensor] {
        isWeights ? zip(start(of: model), change).map { $0 + $1 } : change
    }
}
