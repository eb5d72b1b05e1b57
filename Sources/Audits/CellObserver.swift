// SPDX-License-Identifier: Apache-2.0
// Measures the models that an attack reports, and makes each trace point durable.

import Adversaries
import LanguageModels
import Measuring
import Records
internal import Training

/// Measures one cell.
///
/// Each point is measured on validation prompts. If these show that the safeguard is broken, and at
/// the attack's end, every measure is taken on test prompts, so that a break is never claimed on
/// the prompts on which it was first seen. An adversary that has broken the safeguard stops,
/// because it would not pay for more. It goes on if another judge sees the safeguard hold, or if it
/// runs to its end to show what it learns.
struct CellObserver: AttackObserver {
    let job: CellJob
    let steps: Int
    private(set) var trace: [TracePoint]
    let evaluator: Evaluator
    let store: any CellStore
    let thresholds: Thresholds
    let baseline: [MeasuredValue]
    let tell: AuditListener

    init(
        job: CellJob, steps: Int, trace: [TracePoint], evaluator: Evaluator,
        store: any CellStore, thresholds: Thresholds, baseline: [MeasuredValue],
        tell: @escaping AuditListener
    ) {
        self.job = job
        self.steps = steps
        self.trace = trace
        self.evaluator = evaluator
        self.store = store
        self.thresholds = thresholds
        self.baseline = baseline
        self.tell = tell
    }

    /// Whether the adversary goes on after it has broken the safeguard.
    private var runsToEnd: Bool { job.role == .undefendedToEnd }

    func decision(at step: Int) -> Bool? {
        trace.first { $0.step == step }.map { !$0.isFinal }
    }

    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        let subject = Subject(model.model, framing: model.framing, edit: model.edit)
        var point = TracePoint(
            step: step, cost: cost, evaluationCost: trace.last?.evaluationCost ?? .zero,
            measurements: [], isFinal: step >= steps)
        let training = loss.map {
            ObservedTraining(loss: $0, steps: step - (trace.last?.step ?? 0))
        }
        if let value = TrainingLossMeasure().value(of: Observation(training: training)) {
            point.measurements.append(value)
        }
        func add(_ evaluation: Evaluation) {
            point.measurements += evaluation.measurements
            point.evaluationCost += evaluation.cost
            point.judging = evaluation.judging ?? point.judging
        }
        if job.adversary.isControl {
            point.measurements = baseline
        } else {
            // For an attack of one step, nothing is decided on validation prompts.
            if steps > 1 { add(try evaluator.brief(subject)) }
            let seen = point.measurements.first(thresholds.measure, preferring: .validation)
            let isSettled = !runsToEnd && seen.map { thresholds.isBroken($0.value) } == true
            if point.isFinal || isSettled {
                add(
                    try evaluator.full(
                        subject, baseline: model.computesAsOriginal ? baseline : nil))
            }
        }
        let outcome = thresholds.costToBreak(of: [point], baseline: baseline, split: .test)
        if !runsToEnd, outcome?.isBroken == true, !thresholds.isDisputed(point) {
            point.isFinal = true
        }
        try AuditStop.wrapping { try store.append(point, to: job) }
        trace.append(point)
        try AuditStop.wrapping { try tell(.point(job, point)) }
        return !point.isFinal
    }

    func advanced(to step: Int, note: String) throws {
        try AuditStop.wrapping { try tell(.advanced(job, step: step, note: note)) }
    }
}
