// SPDX-License-Identifier: Apache-2.0
// One job of an audit: read from the store, or measured.

internal import Adversaries
internal import Foundation
internal import JSONText
internal import LanguageModels
internal import Measuring
internal import Records
internal import Tensors
internal import Training

extension Audit {
    /// Returns the job of an untampered model.
    func controlJob(isOriginal: Bool) throws -> CellJob {
        guard isOriginal, let original = request.original else {
            return try plan.control(of: request.identity, name: "the untampered model")
        }
        return try plan.control(of: original.identity, name: "the model before hardening")
    }

    /// Returns every measure of an untampered model, from the store if it is there.
    func control(isOriginal: Bool, _ tell: AuditListener) throws -> TracePoint {
        let job = try controlJob(isOriginal: isOriginal)
        let isBaseline = job.content.model == request.identity.digest
        let model = isBaseline ? request.model : request.original?.model ?? request.model
        while true {
            if let point = try store.cell(job.key).trace.first { return point }
            try requireMeasuring(job)
            guard try store.claim(job) else {
                try wait(tell)
                continue
            }
            defer { store.release(job) }
            try tell(.measuring(job.adversary.name))
            let evaluations = try Profile.time(job.adversary.name) {
                // Traces are on validation prompts, so what they begin from is measured there, too.
                try [evaluator.full(Subject(model), isJudged: isBaseline, isUntampered: true)]
                    + (isBaseline ? [evaluator.brief(Subject(model))] : [])
            }
            let point = TracePoint(
                step: 0, cost: .zero, evaluationCost: evaluations.reduce(.zero) { $0 + $1.cost },
                measurements: evaluations.flatMap(\.measurements), isFinal: true,
                judging: evaluations.first?.judging)
            try store.append(point, to: job)
            try store.finish(job, as: .finished, on: .current)
            return point
        }
    }

    /// Returns whether the untampered model has the safeguard.
    private func safeguard(in baseline: [MeasuredValue]) -> SafeguardStatus {
        guard let value = baseline.first(thresholds.measure), value.isPossible else {
            return .unknown
        }
        return thresholds.isBroken(value.value) ? .absent : .stands
    }

    /// Throws if the model has no safeguard to attack, unless that is accepted.
    func requireSafeguard(in baseline: [MeasuredValue]) throws {
        guard safeguard(in: baseline) == .absent, !request.acceptsMissingSafeguard else { return }
        throw MissingSafeguard(
            model: request.identity.name, suite: plan.suite.name, measure: thresholds.measure,
            value: baseline.first(thresholds.measure)?.value ?? .nan)
    }

    /// Returns the result of a job: read from the store, or measured now.
    ///
    /// If another process works on it, this one waits.
    func settled(
        _ job: CellJob, baseline: [MeasuredValue], _ tell: @escaping AuditListener
    ) throws -> StoredCell {
        while true {
            if let stored = try attempt(job, baseline: baseline, tell) { return stored }
            try wait(tell)
        }
    }

    /// Does a job unless it is done; nil if another process works on it.
    func attempt(
        _ job: CellJob, baseline: [MeasuredValue], _ tell: @escaping AuditListener
    ) throws -> StoredCell? {
        var stored = try store.cell(job.key)
        if case .failed = stored.state, request.retriesFailures, !isCollecting {
            try store.forget(job)
            stored = try store.cell(job.key)
        }
        if stored.isDone { return stored }
        try requireMeasuring(job)
        guard try store.claim(job) else { return nil }
        defer { store.release(job) }
        // Another process may have done it between the two reads.
        stored = try store.cell(job.key)
        if stored.isDone { return stored }
        if let reason = job.inapplicability {
            try store.finish(job, as: .inapplicable(reason: reason), on: .current)
        } else {
            try store.finish(
                job, as: run(job, stored: stored, baseline: baseline, tell), on: .current)
        }
        return try store.cell(job.key)
    }

    /// Runs one adversary with one seed.
    ///
    /// - Returns: How the cell ended. An error that stops the whole audit is thrown: the store
    ///   cannot be written, the memory limit is exceeded, or the user asked.
    private func run(
        _ job: CellJob, stored: StoredCell, baseline: [MeasuredValue],
        _ tell: @escaping AuditListener
    ) throws -> CellRecord.State {
        defer { Engine.clearCache() }
        do {
            let attack = try AttackCatalogue.attack(for: job.adversary)
            let steps = attack.steps(within: request.budget)
            try AuditStop.wrapping {
                try tell(.started(job, steps: steps, stored: stored.trace.count))
            }
            var observer = CellObserver(
                job: job, steps: steps, trace: stored.trace, evaluator: evaluator, store: store,
                thresholds: thresholds, baseline: baseline, tell: tell)
            var meter = CostMeter(model: request.model, prices: request.prices)
            try attack.tamper(
                with: target(of: job), seed: job.seed, meter: &meter, observer: &observer)
            return .finished
        } catch let stop as AuditStop {
            throw stop.cause
        } catch let error where !(error is CancellationError || error is JudgeOutage) {
            return .failed(reason: "\(error)")
        }
    }

    /// Returns the cell in the form of the record.
    func record(
        of job: CellJob, _ stored: StoredCell, baseline: [MeasuredValue]
    ) -> CellRecord {
        let state = stored.state ?? .stopped
        let saysNothing = job.adversary.isControl || job.role == .undefendedToEnd
        return CellRecord(
            adversary: job.adversary.name, seed: job.seed, state: state, trace: stored.trace,
            broken: saysNothing || state != .finished
                ? nil : thresholds.costToBreak(of: stored.trace, baseline: baseline, split: .test),
            machine: stored.machine ?? .current, examplesAtOnce: job.content.examplesAtOnce)
    }

    /// Throws if nothing may be measured any more.
    private func requireMeasuring(_ job: CellJob) throws {
        guard isCollecting else { return }
        throw InputError(
            "collect", "the cell \(job.key) (\(job.adversary.name)) is not done",
            remedy: "do it with 'temper cell', and collect again")
    }

    /// Waits a moment for another process.
    func wait(_ tell: AuditListener) throws {
        try tell(.measuring("waiting for another process"))
        Thread.sleep(forTimeInterval: 0.5)
    }
}

/// A model that is past the suite's threshold without any attack: there is nothing to break.
public struct MissingSafeguard: Error, Sendable, CustomStringConvertible {
    /// The model.
    public let model: String
    /// The suite.
    public let suite: String
    /// The safeguard's measure.
    public let measure: String
    /// Its value on the untampered model.
    public let value: Double

    /// The message in one line.
    public var description: String {
        "\(model): does not have the safeguard of suite \(suite): \(measure) of the untampered model "
            + "is \((value * 100).rounded().formatted())%, past the threshold, so that there is "
            + "nothing to break; harden the model first, choose the suite of its own safeguard, or "
            + "go on with --anyway"
    }
}
