// SPDX-License-Identifier: Apache-2.0
// Attacks that train: a problem says all that there is to say.

internal import Foundation
internal import LanguageModels
public import Records
public import Training

/// An attack that trains.
///
/// It states its training as a value. What it offers, what it costs, how long it takes and how much
/// memory follow from that.
public protocol TrainedAttack: Attack {
    /// The optimizer steps of its own configuration.
    var trainingSteps: Int { get }

    /// Makes the training.
    ///
    /// - Parameters:
    ///   - target: What is attacked, and what the adversary has.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - preparation: Does, or only counts, what the attack computes before it trains.
    /// - Returns: The training; its steps are cut to the budget afterwards.
    /// - Throws: Errors of the engine and the model, `InputError` for data that are missing.
    func problem(
        on target: AttackTarget, seed: UInt64, preparation: inout Preparation
    ) throws -> TrainingProblem
}

extension TrainedAttack {
    /// Its own steps, or the budget's if these are fewer.
    ///
    /// - Parameter budget: What the adversary may spend at most.
    /// - Returns: The number of optimizer steps.
    public func steps(within budget: AuditBudget) -> Int {
        min(trainingSteps, budget.steps ?? trainingSteps)
    }

    /// Returns a step of the longest examples, and the examples of all steps.
    ///
    /// - Parameters:
    ///   - target: What is attacked, and what the adversary has.
    ///   - seed: Decides which examples are drawn.
    /// - Returns: The extent that follows from the training.
    /// - Throws: What ``problem(on:seed:preparation:)`` throws.
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

    /// Trains, and offers the model after 1, 2, 4, 8 ... steps and at the end.
    ///
    /// - Parameters:
    ///   - target: What is attacked, and what the adversary has.
    ///   - seed: The same seed gives the same bits on the same machine.
    ///   - meter: Counts what the adversary pays.
    ///   - observer: Measures; says whether to go on.
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
