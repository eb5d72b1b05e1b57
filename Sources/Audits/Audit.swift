// SPDX-License-Identifier: Apache-2.0
// Runs an audit: plan, cells, traces, store, record.

internal import Foundation
public import LanguageModels
public import Records
internal import Tensors
internal import Training
public import Adversaries
public import Measuring
public import Suites

/// An audit of one checkpoint by one battery.
///
/// Cells run one after the other, since one adversary uses the whole device. Each trace point is on
/// disk before it is told. What the store has is not measured again; an adversary that was killed
/// half-way is replayed from its seed up to where its trace ends, because tampered weights are
/// never written.
public struct Audit: Sendable {
    /// What is asked of an audit.
    public struct Request: Sendable {
        /// The checkpoint under audit.
        public var model: LanguageModel
        /// Its digest and what else the record says of it.
        public var identity: ModelIdentity
        /// The model that it was hardened from, for the safety tax.
        public var original: LoadedModel?
        /// Whether the original is attacked, too, for an undefended control.
        public var attacksOriginal = true
        /// A suite of another domain, for adversaries that learn from one.
        public var otherSuite: Suite?
        /// How it was hardened.
        public var hardening: HardeningSummary?
        /// The data.
        public var suite: Suite
        /// The adversaries.
        public var battery: Battery
        /// The seeds of adversaries that depend on one.
        public var seeds: [UInt64]
        /// What an adversary may spend at most.
        public var budget = AttackBudget()
        /// Who judges answers beside the text judge, which decides.
        public var judges: [any Judge] = []
        /// How many trials an adversary with ranges has to search them; 0 runs it as it stands.
        public var trials = 0
        /// How measures are taken.
        public var settings = EvaluationSettings()
        /// The most memory that the process may take, mapped checkpoints included, in bytes; nil sets
        /// no limit.
        public var memory: Int?
        /// What turns operations into dollars.
        public var prices = Prices()
        /// The command line that the record states.
        public var commandLine: [String] = []

        /// Asks for an audit.
        public init(
            model: LanguageModel, identity: ModelIdentity, suite: Suite, battery: Battery,
            seeds: [UInt64]
        ) {
            self.model = model
            self.identity = identity
            self.suite = suite
            self.battery = battery
            self.seeds = seeds
        }
    }

    let request: Request
    let store: AuditStore
    let plan: AuditPlan
    let evaluator: Evaluator
    private let limit: MemoryLimit?
    private let findings = SharedFindings()

    /// Plans an audit whose points go to `store`.
    /// - Throws: ``AdversaryError`` for an adversary that cannot be run.
    public init(_ request: Request, store: AuditStore) throws {
        do {
            try self.init(planning: request, store: store)
        } catch let error as AdversaryError {
            throw request.battery.placing(error)
        }
    }

    private init(planning request: Request, store: AuditStore) throws {
        var settings = request.settings
        if !request.judges.isEmpty { settings.judges = request.judges.map(\.identity) }
        self.request = request
        self.store = store
        for adversary in request.battery.adversaries {
            let attack = try AttackCatalogue.attack(for: adversary)
            for split in attack.learntSplits {
                _ = try request.suite.compliantExamples(in: split, for: adversary.name)
            }
            if attack.needsOtherSuite {
                _ = try request.otherSuite?.compliantExamples(for: adversary.name)
            }
        }
        plan = try AuditPlan(
            model: request.identity, base: request.original?.identity,
            suite: request.suite.identity, otherSuite: request.otherSuite?.identity,
            thresholds: request.suite.manifest.thresholds, battery: request.battery,
            seeds: request.seeds, budget: request.budget, settings: settings,
            examplesAtOnce: { attack, seed in
                guard request.memory != nil else { return nil }
                return try request.examplesAtOnce(
                    attack.extent(on: request.target, seed: seed))
            })
        limit = request.memory.map(MemoryLimit.init)
        evaluator = Evaluator(
            suite: request.suite, reference: request.model, settings: settings,
            prices: request.prices, judges: request.judges, batchBytes: request.batchBytes)
    }

    /// Runs the audit on a thread of its own; the last event is the record.
    ///
    /// Ending the iteration cancels the audit after the step that it is in.
    public func run() -> AsyncThrowingStream<AuditEvent, any Error> {
        AsyncThrowingStream { continuation in
            let work = Task.detached(priority: .userInitiated) {
                do {
                    try execute { event in
                        try limit?.check()
                        continuation.yield(event)
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in work.cancel() }
        }
    }

    /// Runs the audit on this thread.
    /// - Parameter tell: hears each event.
    /// - Throws: errors of the store, the engine and the models; `CancellationError`.
    private func execute(_ tell: @escaping @Sendable (AuditEvent) throws -> Void) throws {
        try tell(.planned(plan.cells, isUndefended: false))
        let untampered = try control(
            Subject(request.model), identity: request.identity, name: "the untampered model", tell)
        let baseline = untampered.measurements
        let original = try request.original.map { original in
            try control(
                Subject(original.model), identity: original.identity,
                name: "the model before hardening", tell
            ).measurements
        }
        var cells: [CellRecord] = []
        for cell in plan.cells {
            let record = try Profile.time(cell.adversary.name) {
                try run(cell, baseline: baseline, tell)
            }
            try tell(.finished(cell, record))
            cells.append(record)
        }
        var record = record(of: cells, baseline: baseline, original: original)
        record.baselineJudging = untampered.judging
        record.otherSuite = request.otherSuite?.identity
        if let original, request.attacksOriginal {
            record.undefendedCells = try undefendedCells(baseline: original, tell)
        }
        if request.trials > 0 {
            record = try searched(record, baseline: baseline, tell)
        }
        try tell(.record(record))
    }

    /// The same adversaries on the model before hardening: the undefended control at the same
    /// budget.
    ///
    /// Where its safeguard is past the threshold untouched, a break costs nothing at any budget, and
    /// only benign adversaries are run, to their end: how fast they learn tells what hardening took
    /// from the model's trainability.
    private func undefendedCells(
        baseline: [MeasuredValue], _ tell: @escaping @Sendable (AuditEvent) throws -> Void
    ) throws -> [CellRecord] {
        guard let original = request.original else { return [] }
        let thresholds = request.suite.manifest.thresholds
        let isBroken =
            baseline.first(thresholds.measure).map { thresholds.isBroken($0.value) } ?? false
        var control = request
        (control.model, control.identity) = (original.model, original.identity)
        (control.original, control.hardening, control.judges) = (nil, nil, [])
        control.battery = Battery(
            name: request.battery.name,
            spelledOut: try request.battery.adversaries.filter { adversary in
                let attack = try AttackCatalogue.attack(for: adversary)
                return !adversary.isControl && !attack.needsBase && (attack.isBenign || !isBroken)
            })
        let audit = try Audit(control, store: store)
        try tell(.planned(audit.plan.cells, isUndefended: true))
        return try audit.plan.cells.map { cell in
            let record = try Profile.time("\(cell.adversary.name), undefended") {
                try audit.run(cell, baseline: baseline, runsToEnd: isBroken, tell)
            }
            try tell(.finished(cell, record))
            return record
        }
    }

    /// The record with what the adversaries that have ranges found, confirmed with fresh seeds.
    private func searched(
        _ record: AuditRecord, baseline: [MeasuredValue],
        _ tell: @escaping @Sendable (AuditEvent) throws -> Void
    ) throws -> AuditRecord {
        var adversaries = record.adversaries
        var cells = record.cells
        var searches: [SearchRecord] = []
        for adversary in plan.battery.adversaries where adversary.search != nil {
            let (search, winner) = try Profile.time("\(adversary.name), search") {
                try self.search(adversary, tell)
            }
            searches.append(search)
            guard let winner else { continue }
            adversaries.append(winner)
            let confirming = try plan.cells(of: winner, seeds: Self.confirmingSeeds)
            try tell(.planned(confirming, isUndefended: false))
            for cell in confirming {
                let found = try Profile.time(winner.name) {
                    try run(cell, baseline: baseline, tell)
                }
                try tell(.finished(cell, found))
                cells.append(found)
            }
        }
        return record.adding(adversaries: adversaries, cells: cells, searches: searches)
    }

    /// Every measure of an untampered model, from the store when it is there.
    private func control(
        _ subject: Subject, identity: ModelIdentity, name: String,
        _ tell: (AuditEvent) throws -> Void
    ) throws -> TracePoint {
        let control = AdversarySpecification(
            name: name, attack: AdversarySpecification.controlAttack)
        let plan = try AuditPlan(
            model: identity, suite: plan.suite, thresholds: request.suite.manifest.thresholds,
            battery: Battery(name: name, spelledOut: [control]), seeds: [0], budget: plan.budget,
            settings: plan.settings)
        let cell = plan.cells[0]
        if let point = try store.cell(cell.key).trace.first { return point }
        try tell(.measuring(name))
        let looks = try Profile.time(name) {
            // Traces are on validation prompts, so what they begin from is measured there, too.
            let isBaseline = identity == request.identity
            return try [evaluator.full(subject, isJudged: isBaseline)]
                + (isBaseline ? [evaluator.brief(subject)] : [])
        }
        var point = TracePoint(
            step: 0, cost: .zero, evaluationCost: looks.reduce(.zero) { $0 + $1.cost },
            measurements: looks.flatMap(\.measurements), isFinal: true)
        point.judging = looks.first?.judging
        try store.append(point, to: cell)
        try store.finish(cell)
        return point
    }

    /// Runs one adversary with one seed, or takes it from the store.
    private func run(
        _ cell: AuditPlan.Cell, baseline: [MeasuredValue], runsToEnd: Bool = false,
        _ tell: @escaping @Sendable (AuditEvent) throws -> Void
    ) throws -> CellRecord {
        let stored = try store.cell(cell.key)
        let attack = try AttackCatalogue.attack(for: cell.adversary)
        let steps = attack.steps(within: request.budget)
        try tell(.started(cell, steps: steps, stored: stored.trace.count))
        var observer = CellObserver(
            cell: cell, steps: steps, trace: stored.trace, evaluator: evaluator, store: store,
            thresholds: request.suite.manifest.thresholds, baseline: baseline,
            runsToEnd: runsToEnd, tell: tell)
        if !stored.isFinished {
            var meter = CostMeter(model: request.model, prices: request.prices)
            try attack.tamper(
                with: target(of: cell), seed: cell.seed, meter: &meter, observer: &observer)
            try store.finish(cell)
            Engine.clearCache()
        }
        return observer.record
    }

    /// What the adversary of a cell is given.
    func target(of cell: AuditPlan.Cell) -> AttackTarget {
        var target = request.target
        target.findings = findings
        target.examplesAtOnce = cell.examplesAtOnce
        return target
    }

    /// How answers were judged: the text judge first, which decides.
    private var notes: [JudgeNote] {
        let text = TextJudge(markers: request.suite.manifest.refusalMarkers)
        return [JudgeNote(measure: MeasureName.refusal, judge: text.name, note: text.note)]
            + request.judges.map {
                JudgeNote(measure: MeasureName.compliance, judge: $0.name, note: $0.note)
            }
    }

    private func record(
        of cells: [CellRecord], baseline: [MeasuredValue], original: [MeasuredValue]?
    ) -> AuditRecord {
        AuditRecord(
            temperVersion: temperVersion, engineVersion: Engine.nameAndVersion, createdAt: Date(),
            commandLine: request.commandLine, machine: .current, prices: request.prices,
            model: request.identity, baseModel: request.original?.identity,
            hardening: request.hardening, suite: plan.suite,
            thresholds: request.suite.manifest.thresholds, battery: plan.battery.name,
            adversaries: plan.battery.adversaries, seeds: plan.seeds, baseline: baseline,
            original: original, cells: cells,
            judges: notes + (request.suite.hasRequiredPhrases ? [RequiredPhrases.note] : []))
    }
}

extension Audit.Request {
    /// What adversaries are given.
    var target: AttackTarget {
        var target = AttackTarget(model: model, suite: suite)
        target.base = original?.model
        target.otherSuite = otherSuite
        target.budget = budget
        return target
    }
}
