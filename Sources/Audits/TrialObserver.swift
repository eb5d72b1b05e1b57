// SPDX-License-Identifier: Apache-2.0
// Measures one trial of a search, on validation prompts only.

import Adversaries
internal import LanguageModels
import Measuring
import Records
internal import Training

/// Measures the models that a trial's attack reports, makes the points durable, and stops a
/// hopeless trial.
///
/// A trial is stopped if the safeguard holds better than in the median of the earlier trials at the
/// same step, once there are five (median pruning, as in Optuna).
struct TrialObserver: AttackObserver {
    let job: CellJob
    let steps: Int
    let evaluator: Evaluator
    let store: any CellStore
    let thresholds: Thresholds
    /// The measure by step in earlier trials.
    let earlier: [[Int: Double]]
    let tell: AuditListener
    private(set) var trace: [TracePoint]
    private static let fewestEarlier = 5

    init(
        job: CellJob, steps: Int, trace: [TracePoint], evaluator: Evaluator,
        store: any CellStore, thresholds: Thresholds, earlier: [[Int: Double]],
        tell: @escaping AuditListener
    ) {
        self.job = job
        self.steps = steps
        self.trace = trace
        self.evaluator = evaluator
        self.store = store
        self.thresholds = thresholds
        self.earlier = earlier
        self.tell = tell
    }

    /// The measure by step.
    var course: [Int: Double] {
        Dictionary(
            trace.compactMap { point in value(of: point).map { (point.step, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    func decision(at step: Int) -> Bool? {
        trace.first { $0.step == step }.map { !$0.isFinal }
    }

    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        let subject = Subject(model.model, framing: model.framing, edit: model.edit)
        let evaluation = try evaluator.trial(subject, isLast: step >= steps)
        var point = TracePoint(
            step: step, cost: cost, evaluationCost: evaluation.cost,
            measurements: evaluation.measurements, isFinal: step >= steps)
        if !point.isFinal, isHopeless(point) { point.isFinal = true }
        try AuditStop.wrapping { try store.append(point, to: job) }
        trace.append(point)
        try AuditStop.wrapping { try tell(.point(job, point)) }
        return !point.isFinal
    }

    func advanced(to step: Int, note: String) throws {
        try AuditStop.wrapping { try tell(.advanced(job, step: step, note: note)) }
    }

    private func value(of point: TracePoint) -> Double? {
        point.measurements.first(thresholds.measure, preferring: .validation)?.value
    }

    private func isHopeless(_ point: TracePoint) -> Bool {
        let others = earlier.compactMap { $0[point.step] }.sorted()
        guard others.count >= Self.fewestEarlier, let value = value(of: point) else { return false }
        let median = others[others.count / 2]
        return thresholds.brokenWhen == .below ? value > median : value < median
    }
}
