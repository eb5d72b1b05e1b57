// SPDX-License-Identifier: Apache-2.0
// The record of an audit, built once from the cells.

internal import Adversaries
internal import Foundation
internal import Measuring
internal import Records
internal import Suites
internal import Tensors
internal import Training

extension Audit {
    /// Completes every job and makes the record.
    func record(_ tell: @escaping AuditListener) throws -> AuditRecord {
        if !isCollecting { try tell(.planned(jobs, isUndefended: false)) }
        let untampered = try control(isOriginal: false, tell)
        let baseline = untampered.measurements
        try requireSafeguard(in: baseline)
        let undefended = try undefendedControl(tell)
        let cells = try records(of: jobs, baseline: baseline, tell)
        let undefendedCells = try undefended.map { control in
            try tell(.planned(control.audit.jobs, isUndefended: true))
            return try control.audit.records(
                of: control.audit.jobs, baseline: control.baseline, named: ", undefended", tell)
        }
        let found = try searched(baseline: baseline, tell)
        let original = try originalMeasurements(tell)
        let allCells = cells + found.flatMap(\.cells)
        return AuditRecord(
            temperVersion: temperVersion, engineVersion: Engine.nameAndVersion, createdAt: Date(),
            commandLine: request.commandLine, machine: .current, prices: request.prices,
            model: request.identity, baseModel: request.original?.identity,
            hardening: request.hardening, suite: plan.suite, otherSuite: plan.otherSuite,
            thresholds: thresholds, battery: request.battery.name,
            adversaries: request.battery.adversaries + found.compactMap(\.winner),
            seeds: request.seeds, budget: request.budget, evaluation: plan.settings,
            trials: request.trials, baseline: baseline, baselineJudging: untampered.judging,
            original: original, cells: allCells, undefendedCells: undefendedCells, judges: notes,
            searches: request.trials > 0 ? found.map(\.search) : nil,
            measures: MeasureCatalogue.entries(
                of: baseline + (original ?? [])
                    + (allCells + (undefendedCells ?? [])).flatMap(\.trace)
                    .flatMap(\.measurements), and: request.measures))
    }

    /// Returns the cells of jobs, in the order of the jobs.
    func records(
        of jobs: [CellJob], baseline: [MeasuredValue], named suffix: String = "",
        _ tell: @escaping AuditListener
    ) throws -> [CellRecord] {
        try jobs.map { job in
            let stored = try Profile.time(job.adversary.name + suffix) {
                try settled(job, baseline: baseline, tell)
            }
            let record = record(of: job, stored, baseline: baseline)
            try tell(.finished(job, record))
            return record
        }
    }

    /// Returns the measures of the model before hardening; nil without one.
    private func originalMeasurements(_ tell: AuditListener) throws -> [MeasuredValue]? {
        try request.original.map { _ in try control(isOriginal: true, tell).measurements }
    }

    /// Returns the audit of the model before hardening by the same adversaries, and its own
    /// measures; nil if it is not wanted.
    func undefendedControl(
        _ tell: AuditListener
    ) throws -> (audit: Audit, baseline: [MeasuredValue])? {
        guard let baseline = try originalMeasurements(tell),
            let audit = try undefended(baseline: baseline)
        else { return nil }
        return (audit, baseline)
    }

    /// Returns an audit with the same adversaries on the model before hardening: the undefended
    /// control at the same budget.
    ///
    /// If that model is past the threshold without any attack, a break costs nothing at any budget.
    /// Then only benign adversaries are run, to their end: their speed of learning shows how much
    /// trainability the hardening cost.
    func undefended(baseline: [MeasuredValue]) throws -> Audit? {
        guard let original = request.original, request.attacksOriginal else { return nil }
        let isBroken =
            baseline.first(thresholds.measure).map { thresholds.isBroken($0.value) } ?? false
        var control = request
        (control.model, control.identity) = (original.model, original.identity)
        (control.original, control.hardening, control.judges) = (nil, nil, [])
        control.trials = 0
        control.battery = Battery(
            name: request.battery.name,
            spelledOut: try request.battery.adversaries.filter { adversary in
                let attack = try AttackCatalogue.attack(for: adversary)
                let isBenign = attack.learning.data == .benign
                return !adversary.isControl && !attack.needsBase && (isBenign || !isBroken)
            })
        var audit = try Audit(
            control, store: store, role: isBroken ? .undefendedToEnd : .undefended)
        audit.isCollecting = isCollecting
        return audit
    }

    /// How answers were judged: the deciding judge first.
    private var notes: [JudgeNote] {
        let panel = evaluator.panel
        return [
            JudgeNote(
                measure: MeasureName.refusal, judge: panel.decider.name, note: panel.decider.note)
        ]
            + panel.others.map {
                JudgeNote(measure: MeasureName.compliance, judge: $0.name, note: $0.note)
            } + (request.suite.hasRequiredPhrases ? [RequiredPhrases.note] : [])
    }
}
