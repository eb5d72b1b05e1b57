// SPDX-License-Identifier: Apache-2.0
// Runs a training: evaluates, meters, saves and offers.

internal import Foundation
public import LanguageModels
public import Records
package import Tensors

/// Runs a training problem step by step: the one loop of attacks, defenses and teaching.
public struct Loop {
    /// The problem.
    public let problem: TrainingProblem
    /// What the training carries from one step to the next.
    public private(set) var state: TrainingState
    /// The loss of each step so far.
    public private(set) var losses: [Float] = []
    private let step: TrainingStep
    private var stream: ExampleStream
    /// Where the training is saved, and when that is due.
    private var saving: (store: any TrainingStore, due: ContinuousClock.Instant)?

    /// Begins a training.
    ///
    /// - Parameters:
    ///   - problem: The problem.
    ///   - examplesAtOnce: The most examples that are computed at once; nil computes a step in
    ///     whole.
    public init(_ problem: TrainingProblem, examplesAtOnce: Int? = nil) {
        self.problem = problem
        state = problem.start
        step = problem.step(reducer: examplesAtOnce.map(BatchParts.init) ?? WholeBatch())
        stream = ExampleStream(problem)
    }

    /// Takes one optimizer step and evaluates it.
    ///
    /// - Parameter meter: Pays for the step.
    /// - Returns: The loss of the batch before the step, for the completion loss in nats a token.
    /// - Throws: Errors of the engine, the model and the store.
    public mutating func advance(meter: inout CostMeter) throws -> Float {
        try saveIfDue(cost: meter.cost)
        let batch = stream.next()
        meter.countStep(
            of: problem.trainable, tokens: batch.tokenCount, passes: problem.objective.passes,
            in: problem.model)
        meter.use(examples: stream.distinctExamples)
        return try meter.timing {
            let (next, loss) = try step(state, on: batch)
            try evaluate(next.tensors + [loss])
            state = next
            let value = try loss.item()
            losses.append(value)
            return value
        }
    }

    /// Makes the model as it is trained so far.
    ///
    /// - Returns: The model, adapters merged into its weights.
    /// - Throws: Errors of the engine and the model.
    public func trained() throws -> Subject { try problem.trained(at: state) }

    /// Trains to the end, and offers the model on the way.
    ///
    /// - Parameters:
    ///   - points: After which steps the model is offered.
    ///   - meter: Pays for the steps.
    ///   - advanced: Hears of each step and its loss; may throw to end the work.
    ///   - offer: Gets the training, and the mean loss since the last offer; says whether to go on.
    /// - Throws: Errors of the engine, the model and the store, and what the closures throw.
    public mutating func run(
        offering points: TracePoints, meter: inout CostMeter,
        advanced: (_ step: Int, _ loss: Float) throws -> Void,
        offer: (_ loop: Loop, _ loss: Double, _ cost: AttackCost) throws -> Bool
    ) throws {
        var losses: [Double] = []
        while state.step < problem.steps {
            let loss = try advance(meter: &meter)
            losses.append(Double(loss))
            try advanced(state.step, loss)
            guard points.contains(state.step, of: problem.steps) else { continue }
            if try !offer(self, Interval.mean(losses), meter.cost) { return }
            losses = []
        }
    }
}

/// What is saved of a training on its way. The order of the examples is found anew.
package struct SavedState: Sendable {
    package let step: Int
    package let cost: AttackCost
    package let parameters: [Tensor]
    package let optimizerTensors: [Tensor]
    package let optimizerNumbers: [Double]
    package let losses: [Float]

    package init(
        step: Int, cost: AttackCost, parameters: [Tensor], optimizerTensors: [Tensor],
        optimizerNumbers: [Double], losses: [Float]
    ) {
        self.step = step
        self.cost = cost
        self.parameters = parameters
        self.optimizerTensors = optimizerTensors
        self.optimizerNumbers = optimizerNumbers
        self.losses = losses
    }
}

/// Where a training is saved on its way.
///
/// The one that keeps it on disk is in the target ModelWriting, which no attack can import.
package protocol TrainingStore: Sendable {
    /// What an earlier run saved of this training; nil if there is nothing to resume.
    func saved() throws -> SavedState?
    /// Replaces what is saved, and returns when to save next.
    func save(_ state: SavedState) throws -> ContinuousClock.Instant
    /// When to save after something that began then.
    func next(after start: ContinuousClock.Instant) -> ContinuousClock.Instant
    /// An error for what was found and does not fit the training.
    var mismatch: any Error { get }
}

extension Loop {
    /// Resumes what is saved of this training, and saves it from now on.
    ///
    /// - Parameters:
    ///   - store: Where it is saved; nil does nothing.
    ///   - meter: Pays for the steps that are resumed.
    /// - Throws: The store's errors, and its mismatch when what is saved does not fit.
    package mutating func save(to store: (any TrainingStore)?, meter: inout CostMeter) throws {
        guard let store else { return }
        saving = (store, store.next(after: .now))
        guard let saved = try store.saved() else { return }
        let shapes = state.parameters.map(\.shape)
        var optimizer = state.optimizer
        optimizer.state = saved.optimizerTensors
        optimizer.numbers = saved.optimizerNumbers
        guard (1...problem.steps).contains(saved.step),
            saved.parameters.map(\.shape) == shapes,
            optimizer.state.enumerated().allSatisfy({ $1.shape == shapes[$0 % shapes.count] }),
            optimizer.state.count == saved.optimizerTensors.count,
            optimizer.numbers == saved.optimizerNumbers, saved.losses.count == saved.step
        else { throw store.mismatch }
        state = TrainingState(
            step: saved.step, parameters: saved.parameters, optimizer: optimizer)
        losses = saved.losses
        for _ in 0..<saved.step { _ = stream.next() }
        meter.pay(saved.cost)
    }

    private mutating func saveIfDue(cost: AttackCost) throws {
        guard let (store, due) = saving, state.step > 0, .now >= due else { return }
        saving?.due = try store.save(
            SavedState(
                step: state.step, cost: cost, parameters: state.parameters,
                optimizerTensors: state.optimizer.state,
                optimizerNumbers: state.optimizer.numbers, losses: losses))
    }
}
