// SPDX-License-Identifier: Apache-2.0
// Attacks that train, each described by its training.

internal import Foundation
internal import LanguageModels
public import Records
public import Training

/// An attack that trains.
///
/// It states its training as a value. Its models, cost, time and memory follow from that.
public protocol TrainedAttack: Attack {
    /// The optimizer steps of its own configuration.
    var trainingSteps: Int { get }

    /// Makes the training.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - preparation: Does, or only counts, the computations before the training.
    /// - Returns: The training. Its steps are limited to the budget afterwards.
    /// - Throws: Errors of the engine and the model; `InputError` for missing data.
    func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem
}

extension TrainedAttack {
    /// Returns the attack's own steps, or the budget's if these are fewer.
    ///
    /// - Parameter budget: The most that the adversary may spend.
    /// - Returns: The number of optimizer steps.
    public func steps(within budget: AuditBudget) -> Int {
        min(trainingSteps, budget.steps ?? trainingSteps)
    }

    /// Returns the extent of a step with the longest examples, and of the examples of all steps.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The seed of the drawn examples.
    /// - Returns: The extent that follows from the training.
    /// - Throws: Errors of ``problem(on:seed:preparation:)``.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        var preparation = Preparation(counting: target.model)
        let problem = try problem(on: target, seed: seed, preparation: &preparation)
        var extent = try target.extent(under: [problem.framing])
        extent.batchSize = problem.batchSize
        extent.exampleTokens = problem.exampleTokens
        extent.weightCopies = problem.weightCopies
        extent.passes =
            preparation.passes + 3 * steps(within: target.budget) * problem.batchSize
        return extent
    }

    /// Trains, and passes on the model after 1, 2, 4, 8 ... steps and at the end.
    ///
    /// - Parameters:
    ///   - target: The target of the attack, and what the adversary has.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - meter: Counts the adversary's costs.
    ///   - observer: Measures the model, and decides whether to go on.
    /// - Throws: Errors of the engine, the model and the observer; `CancellationError`.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        var preparation = Preparation(paying: meter) { [observer] note in
            try observer.advanced(to: 0, note: note)
        }
        var problem = try problem(on: target, seed: seed, preparation: &preparation)
        meter = preparation.meter
        problem.steps = steps(within: target.budget)
        var loop = Loop(problem, examplesAtOnce: target.examplesAtOnce)
        let watcher = observer
        try loop.run(
            offering: .doubling, meter: &meter,
            advanced: { step, loss in
                try watcher.advanced(to: step, note: String(format: "loss %.2f", loss))
            },
            offer: { loop, loss, cost in
                let step = loop.state.step
                if let decision = observer.decision(at: step) { return decision }
                let trained = try loop.trained()
                let tampered =
                    problem.trainable.leavesModelUntouched
                    ? TamperedModel(untouched: trained.model, framing: trained.framing)
                    : TamperedModel(
                        trained.model, framing: trained.framing, edit: trained.edit)
                return try observer.observe(tampered, step: step, cost: cost, loss: loss)
            })
    }
}
