// SPDX-License-Identifier: Apache-2.0
// An adversary that a defense trains against: it gives gradients, never a model.

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
        let constant = order == .first ? try change(at: parameters, of: defense, on: model) : nil
        return try valueAndGradient(at: parameters) { parameters in
            let defended = try defense.subject(parameters, on: model).model.merged()
            let problem = try problem(defended)
            let own =
                if let constant {
                    problem.trainable.adding(constant, to: defended)
                } else {
                    try attacked(problem, evaluating: false).parameters
                }
            return try objective.loss(
                of: problem.trainable.subject(own, on: defended, framing: problem.framing),
                on: batch)
        }
    }

    /// The attack's parameters behind its steps, less those of the model it starts from where it
    /// trains the model's own weights.
    private func change(
        at parameters: [Tensor], of defense: Trainable, on model: LanguageModel
    ) throws -> [Tensor] {
        let defended = try defense.subject(parameters, on: model).model.fused()
        let problem = try problem(defended)
        let end = try attacked(problem, evaluating: true).parameters
        let change = problem.trainable.change(to: end, from: defended)
        try evaluate(change)
        return change
    }

    /// Takes the steps of the attack.
    private func attacked(
        _ problem: TrainingProblem, evaluating: Bool
    ) throws -> TrainingState {
        let step = problem.step()
        var stream = ExampleStream(problem)
        var state = problem.start
        for _ in 0..<steps {
            state = try step(state, on: stream.next()).state
            if evaluating { try evaluate(state.tensors) }
        }
        return state
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
