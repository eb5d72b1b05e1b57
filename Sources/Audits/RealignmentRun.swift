// SPDX-License-Identifier: Apache-2.0
// Measures what refusal training restores in a tampered model, in memory.

public import Adversaries
public import LanguageModels
internal import Measuring
public import Records
public import Suites
internal import Training

/// Tampers with a model in memory, trains it to decline again, and measures it on the way.
///
/// Neither the tampered model nor the realigned one leaves this type; only numbers do.
public struct RealignmentRun: Sendable {
    /// The model.
    public let model: LanguageModel
    /// The safeguard.
    public let suite: Suite
    /// The adversary that tampers.
    public let adversary: AdversarySpecification
    /// How the tampered model is realigned.
    public let realignment: Realignment
    /// The seed of the examples and their order.
    public let seed: UInt64

    /// A measured point.
    public struct Point: Sendable {
        /// The number of steps of realignment; 0 for the tampered model, nil for the model before
        /// the tampering.
        public let step: Int?
        /// The cost of the realignment so far.
        public let cost: AttackCost
        /// Every measure, on test prompts.
        public let measurements: [MeasuredValue]
    }

    /// Makes a run.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - suite: The safeguard.
    ///   - adversary: The adversary that tampers.
    ///   - realignment: How the tampered model is realigned.
    ///   - seed: The seed of the examples and their order.
    public init(
        model: LanguageModel, suite: Suite, adversary: AdversarySpecification,
        realignment: Realignment, seed: UInt64
    ) {
        self.model = model
        self.suite = suite
        self.adversary = adversary
        self.realignment = realignment
        self.seed = seed
    }

    /// Runs it.
    ///
    /// - Parameters:
    ///   - settings: How measures are taken.
    ///   - progress: Receives progress. It may throw to end the work.
    /// - Returns: The points of the model before the tampering, the tampered model, and the model
    ///   after 1, 2, 4 ... steps of realignment.
    /// - Throws: Errors of the attack, the engine, the model and `progress`.
    public func points(
        settings: EvaluationSettings = EvaluationSettings(),
        progress: @escaping @Sendable (String) throws -> Void = { _ in }
    ) throws -> [Point] {
        let attack = try AttackCatalogue.attack(for: adversary)
        let evaluator = Evaluator(
            suite: suite, reference: model, settings: settings, prices: Prices())
        var target = AttackTarget(model: model, suite: suite)
        var observer = RealignmentObserver(evaluator: evaluator, tell: progress)
        try observer.measure(Subject(model), step: nil, cost: .zero)
        var meter = CostMeter(model: model, prices: Prices())
        var catcher = TamperingObserver(tell: progress)
        try attack.tamper(with: target, seed: seed, meter: &meter, observer: &catcher)
        guard let tampered = catcher.last else { return observer.points }
        try observer.measure(tampered, step: 0, cost: .zero)
        target.model = tampered.model
        meter = CostMeter(model: model, prices: Prices())
        try realignment.tamper(with: target, seed: seed, meter: &meter, observer: &observer)
        return observer.points
    }
}

/// Keeps the last model that an attack reports.
private struct TamperingObserver: AttackObserver {
    let tell: @Sendable (String) throws -> Void
    private(set) var last: Subject?

    init(tell: @escaping @Sendable (String) throws -> Void) { self.tell = tell }

    func decision(at step: Int) -> Bool? { nil }

    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        last = Subject(model.model, framing: model.framing, edit: model.edit)
        return true
    }

    func advanced(to step: Int, note: String) throws {
        try tell("tampering, step \(step): \(note)")
    }
}

/// Measures every point.
private struct RealignmentObserver: AttackObserver {
    let evaluator: Evaluator
    let tell: @Sendable (String) throws -> Void
    private(set) var points: [RealignmentRun.Point] = []

    init(evaluator: Evaluator, tell: @escaping @Sendable (String) throws -> Void) {
        self.evaluator = evaluator
        self.tell = tell
    }

    func decision(at step: Int) -> Bool? { nil }

    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        try measure(
            Subject(model.model, framing: model.framing, edit: model.edit), step: step, cost: cost)
        return true
    }

    mutating func measure(_ subject: Subject, step: Int?, cost: AttackCost) throws {
        try tell("measuring")
        points.append(
            RealignmentRun.Point(
                step: step, cost: cost,
                measurements: try evaluator.full(subject, baseline: nil).measurements))
    }

    func advanced(to step: Int, note: String) throws {
        try tell("realignment, step \(step): \(note)")
    }
}
