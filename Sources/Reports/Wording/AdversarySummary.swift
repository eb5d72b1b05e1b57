// SPDX-License-Identifier: Apache-2.0
// The pooled results of an adversary's seeds, measure by measure.

import Records

/// A measure over several seeds: the mean, and bounds that hold every seed's interval.
struct PooledValue {
    let value: Double
    /// The lowest and the highest bound of the seeds' intervals; nil when none has one.
    let lower: Double?
    let upper: Double?
    let seeds: Int
    let count: Int
    let unit: MeasurementUnit
    let split: SuiteSplit
    /// The least and the greatest seed, where the two are no measurements of one value: shares more
    /// than half apart whose intervals do not meet. A mean would describe no seed.
    let extremes: (least: Double, greatest: Double)?

    /// Pools the seeds' values; nil when there are none. Values that are not finite count only if
    /// there are no others.
    init?(_ values: [MeasuredValue]) {
        guard let first = values.first else { return nil }
        let finite = values.filter(\.value.isFinite)
        let used = finite.isEmpty ? values : finite
        value = used.map(\.value).reduce(0, +) / Double(used.count)
        // Pooling the prompts would count each of them once for every seed and give an interval
        // that is too narrow.
        lower = used.compactMap(\.interval?.lower).filter(\.isFinite).min()
        upper = used.compactMap(\.interval?.upper).filter(\.isFinite).max()
        seeds = used.count
        count = first.count
        unit = first.unit
        split = first.split
        let ordered = used.sorted { $0.value < $1.value }
        if first.unit == .fraction, let low = ordered.first, let high = ordered.last,
            high.value - low.value > 0.5,
            (low.interval?.upper ?? low.value) < (high.interval?.lower ?? high.value)
        {
            extremes = (low.value, high.value)
        } else {
            extremes = nil
        }
    }

    /// The value alone. Seeds that disagree are stated apart.
    var text: String {
        guard let extremes else { return NumberText.value(value, unit: unit) }
        let (least, greatest) = (
            NumberText.value(extremes.least, unit: unit),
            NumberText.value(extremes.greatest, unit: unit)
        )
        return seeds == 2 ? "\(least) and \(greatest)" : "\(least) to \(greatest)"
    }

    /// The bounds, or nil.
    var bounds: String? {
        if extremes != nil { return "\(NumberText.count(seeds, "seed")) apart" }
        guard let lower, let upper, lower < upper, value.isFinite,
            unit != .nats || upper >= NumberText.leastNats
        else { return nil }
        return NumberText.bounds(lower, upper, unit: unit)
    }

    /// The value with its bounds, as `98% (93–99%)`.
    var textWithBounds: String { bounds.map { "\(text) (\($0))" } ?? text }
}

/// One adversary with its cells and outcome.
struct AdversarySummary {
    let specification: AdversarySpecification
    let cells: [CellRecord]
    /// The outcome over its seeds; nil if there is no safeguard to break.
    let outcome: AdversaryOutcome?
    /// The record's conclusion about the safeguard against it; nil for the control.
    let resistance: Resistance?
    let thresholds: Thresholds
    /// The title of the safeguard's measure.
    let measureName: String
    private let safeguard: SafeguardStatus
    private let baseline: [MeasuredValue]

    init(_ specification: AdversarySpecification, of record: AuditRecord) {
        self.specification = specification
        cells = record.cells.filter { $0.adversary == specification.name }
        safeguard = record.safeguard
        outcome =
            safeguard == .stands
            ? record.outcomes.first { $0.adversary == specification.name } : nil
        resistance = record.resistance(to: specification.name)
        thresholds = record.thresholds
        measureName = record.words.title(record.thresholds.measure)
        baseline = record.baseline
    }

    /// Whether the typical seed broke the safeguard.
    var isBroken: Bool { outcome?.typical?.isBroken ?? false }

    /// Returns a measure at the cells' last points.
    func final(_ measure: String) -> PooledValue? {
        PooledValue(cells.compactMap { $0.finalPoint?.measurements.first(measure) })
    }

    /// Why there is no cost to break, in a few words.
    var withoutCost: String {
        if let objection = safeguard.objection { return objection }
        return states.first?.words ?? "no result"
    }

    /// Why there is no measure at its last step, in a few words.
    var withoutMeasure: String { states.first?.words ?? "no result" }

    /// The states of the cells that did not finish, each once: failed before others.
    private var states: [CellRecord.State] {
        let all = cells.map(\.state).filter { $0 != .finished }
        func isFailed(_ state: CellRecord.State) -> Bool {
            if case .failed = state { true } else { false }
        }
        var seen: Set<String> = []
        return (all.filter(isFailed) + all).filter { seen.insert($0.words).inserted }
    }

    /// How many seeds broke the safeguard, and how many of all have no result, as `1 of 2, 1
    /// failed`; nil without an outcome.
    var brokenText: String? {
        guard let outcome else { return nil }
        let rest = states.map { state in
            "\(cells.count { $0.state.words == state.words }) \(state.words)"
        }
        let measured =
            outcome.seeds > 0 || rest.isEmpty
            ? ["\(outcome.brokenSeeds) of \(outcome.seeds)"] : []
        return (measured + rest).joined(separator: ", ")
    }

    /// The cost of the typical seed until the safeguard broke, or its expenses without breaking it.
    var costText: String {
        guard let outcome, let typical = outcome.typical else { return withoutCost }
        let rest = states.map { state in
            "\(cells.count { $0.state.words == state.words }) of \(cells.count) \(state.words)"
        }
        return paidText(typical) + (rest.isEmpty ? "" : " (\(rest.joined(separator: ", ")))")
    }

    private func paidText(_ typical: CostToBreak) -> String {
        let cost = typical.cost
        var parts: [String] = []
        if cost.examples > 0 { parts.append(NumberText.count(cost.examples, "example")) }
        if cost.steps > 0 { parts.append(NumberText.count(cost.steps, "step")) }
        parts.append(NumberText.dollars(cost.dollars))
        if typical.isBroken { return parts.joined(separator: ", ") }
        return cost.steps + cost.examples > 0 ? "> " + parts.joined(separator: ", ") : "not broken"
    }

    /// Returns the split on which the trace of a measure is drawn: the one with the most points.
    func traceSplit(_ measure: String) -> SuiteSplit? {
        let splits = cells.flatMap(\.trace).flatMap(\.measurements)
            .filter { $0.measure == measure }.map(\.split)
        return SuiteSplit.allCases.max { left, right in
            splits.count(where: { $0 == left }) < splits.count(where: { $0 == right })
        }.flatMap { splits.contains($0) ? $0 : nil }
    }

    /// The safeguard's measure on test prompts at the end, where the trace is on others.
    var confirmation: PooledValue? {
        guard let value = final(thresholds.measure), value.split == .test,
            traceSplit(thresholds.measure) != .test
        else { return nil }
        return value
    }

    /// Returns a measure against steps for each cell, starting at the untampered model.
    func traces(_ measure: String) -> [[Int: MeasuredValue]] {
        guard let split = traceSplit(measure) else { return [] }
        let start = baseline.first { $0.measure == measure && $0.split == split }
        return cells.map { cell in
            var points: [Int: MeasuredValue] = [:]
            for point in cell.trace {
                let value = point.measurements.first { $0.measure == measure && $0.split == split }
                if let value, value.value.isFinite { points[point.step] = value }
            }
            // An attack without steps leaves one point, at step 0. It is drawn at step 1, after the
            // untampered model.
            if !points.isEmpty, let start, start.value.isFinite {
                if isInstant {
                    points = [0: start, 1: points[points.keys.max() ?? 0] ?? start]
                } else if points[0] == nil {
                    points[0] = start
                }
            }
            return points
        }
    }

    /// Whether the attack has no course to draw, only the states before and after.
    var isInstant: Bool {
        let steps = Set(cells.flatMap(\.trace).map(\.step))
        return steps.isSubset(of: [0, 1])
    }

    /// Returns a measure pooled over the cells at each step, in the order of the steps.
    func course(_ measure: String) -> [(step: Int, value: PooledValue)] {
        let traces = traces(measure)
        let steps = Set(traces.flatMap(\.keys)).sorted()
        return steps.compactMap { step in
            PooledValue(traces.compactMap { $0[step] }).map { (step, $0) }
        }
    }
}
