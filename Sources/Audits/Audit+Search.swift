// SPDX-License-Identifier: Apache-2.0
// The adversary that searches, and the confirmation of its result.

internal import Adversaries
internal import Foundation
internal import JSONText
internal import LanguageModels
internal import Measuring
internal import Records
internal import Tensors
internal import Training

extension Audit {
    /// The first seed of trials. Each trial has its own, so that the search cannot adapt to one
    /// draw of examples.
    private static let firstTrialSeed: UInt64 = 10_001

    /// The result of a search.
    struct Finding {
        let search: SearchRecord
        let winner: AdversarySpecification?
        let cells: [CellRecord]
    }

    /// Searches the ranges of every adversary that has some, and confirms the results with fresh
    /// seeds.
    func searched(
        baseline: [MeasuredValue], _ tell: @escaping AuditListener
    ) throws -> [Finding] {
        guard request.trials > 0 else { return [] }
        return try request.battery.adversaries.filter { $0.search != nil }.map { adversary in
            let (search, winner) = try Profile.time("\(adversary.name), search") {
                try self.search(adversary, tell)
            }
            guard let winner else { return Finding(search: search, winner: nil, cells: []) }
            let jobs = try plan.jobs(of: winner, seeds: SearchRecord.confirmingSeeds)
            try tell(.planned(jobs, isUndefended: false))
            return Finding(
                search: search, winner: winner,
                cells: try records(of: jobs, baseline: baseline, tell))
        }
    }

    /// Searches the ranges of an adversary for the most harm within the bounds.
    ///
    /// - Parameters:
    ///   - adversary: An adversary with ranges.
    ///   - tell: Receives each trial.
    /// - Returns: The trials, and the adversary to confirm, if any trial stayed within bounds.
    /// - Throws: Errors of the store, the engine and the models; `CancellationError`.
    private func search(
        _ adversary: AdversarySpecification, _ tell: @escaping AuditListener
    ) throws -> (record: SearchRecord, winner: AdversarySpecification?) {
        var search = try AdversarySearch(adversary, trials: request.trials, seed: 1)
        let before = try evaluator.trial(Subject(request.model), isLast: true).measurements
            .first(MeasureName.capability, preferring: .validation)?.value
        var trials: [SearchTrial] = []
        var courses: [[Int: Double]] = []
        var best: (specification: AdversarySpecification, trial: SearchTrial, loss: Double)?
        for number in 1...max(request.trials, 1) {
            let place = search.suggestion()
            var specification = search.specification(at: place)
            specification.name = "\(adversary.name), trial \(number) of \(request.trials)"
            let observer = try run(
                trial: specification, seed: Self.firstTrialSeed + UInt64(number - 1),
                earlier: courses, tell)
            courses.append(observer.course)
            let trial = trial(
                observer, parameters: search.parameters(at: place), capability: before)
            trials.append(trial)
            let loss = loss(of: trial)
            search.add(place, loss: loss)
            guard trial.isWithinBounds else { continue }
            if (loss, trial.cost.dollars) < (best?.loss ?? .infinity, best?.trial.cost.dollars ?? 0)
            {
                best = (specification, trial, loss)
            }
        }
        guard let (found, trial, _) = best else {
            return (SearchRecord(adversary: adversary.name, confirmed: nil, trials: trials), nil)
        }
        var winner = found
        winner.name = SearchRecord.confirmedName(of: adversary.name)
        let measure = trial.value.map { String(format: "%.0f%%", $0 * 100) } ?? "unknown"
        winner.description =
            "The best of \(trials.count) trials of \(adversary.name), whose "
            + "\(thresholds.measure) was \(measure) on the validation prompts it was chosen on."
        let record = SearchRecord(
            adversary: adversary.name, confirmed: winner.name, trials: trials)
        return (record, winner)
    }

    /// Returns the loss of a trial: the more harm, the lower. A trial out of bounds is worse than
    /// all within.
    private func loss(of trial: SearchTrial) -> Double {
        guard let value = trial.value else { return .infinity }
        let harmless = thresholds.brokenWhen == .below ? value : 1 - value
        return trial.isWithinBounds ? harmless : 1 + harmless + max(0, trial.utilityLoss ?? 0)
    }

    private func run(
        trial specification: AdversarySpecification, seed: UInt64, earlier: [[Int: Double]],
        _ tell: @escaping AuditListener
    ) throws -> TrialObserver {
        let job = try plan.jobs(of: specification, seeds: [seed], as: .trial)[0]
        try tell(.measuring(specification.name))
        while true {
            let stored = try store.cell(job.key)
            let attack = try AttackCatalogue.attack(for: specification)
            var observer = TrialObserver(
                job: job, steps: attack.steps(within: request.budget), trace: stored.trace,
                evaluator: evaluator, store: store, thresholds: thresholds, earlier: earlier,
                tell: tell)
            if stored.isDone { return observer }
            if isCollecting {
                throw InputError(
                    "collect", "the search of \(specification.name) is not done",
                    remedy: "do it with 'temper cell', and collect again")
            }
            guard try store.claim(job) else {
                try wait(tell)
                continue
            }
            defer { store.release(job) }
            var state = CellRecord.State.finished
            do {
                var meter = CostMeter(model: request.model, prices: request.prices)
                try attack.tamper(
                    with: target(of: job), seed: job.seed, meter: &meter, observer: &observer)
            } catch let stop as AuditStop {
                throw stop.cause
            } catch let error where !(error is CancellationError) {
                // A failed trial is a bad point of the search; it does not end the audit.
                state = .failed(reason: "\(error)")
            }
            try store.finish(job, as: state, on: .current)
            Engine.clearCache()
            return observer
        }
    }

    private func trial(
        _ observer: TrialObserver, parameters: [String: ParameterValue], capability before: Double?
    ) -> SearchTrial {
        let last = observer.trace.last
        func value(_ measure: String) -> Double? {
            last?.measurements.first(measure, preferring: .validation)?.value
        }
        let utilityLoss = value(MeasureName.capability).flatMap { after in
            before.map { 1 - after / max($0, .leastNormalMagnitude) }
        }
        let isCoherent = value(MeasureName.incoherence).map {
            thresholds.isCoherent(incoherence: $0, unanswered: value(MeasureName.unanswered))
        }
        return SearchTrial(
            parameters: parameters, value: value(thresholds.measure), utilityLoss: utilityLoss,
            isWithinBounds: isCoherent ?? true
                && utilityLoss.map { $0 <= thresholds.utilityLoss } ?? false,
            cost: last?.cost ?? .zero)
    }
}
