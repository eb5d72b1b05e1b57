// SPDX-License-Identifier: Apache-2.0
// Several records side by side: what they share, and how their results differ.

public import JSONText
public import Records

/// Several audits of the same suite, the first of them the reference of all differences.
public struct Comparison: Sendable {
    /// One record with a name that distinguishes it from the others.
    struct Entry: Sendable {
        let label: String
        let record: AuditRecord

        func summary(_ adversary: String) -> AdversarySummary? {
            record.adversaries.first { $0.name == adversary }
                .map { AdversarySummary($0, of: record) }
                .flatMap { $0.cells.isEmpty ? nil : $0 }
        }
    }

    let entries: [Entry]
    /// The adversaries of all records by name, those of the first record first, without controls.
    let adversaries: [AdversarySpecification]

    /// Compares records.
    ///
    /// - Parameter records: Two records or more, each with the name of its file.
    /// - Throws: `InputError` when they cannot be compared. It names the difference.
    public init(_ records: [(file: String, record: AuditRecord)]) throws(InputError) {
        guard records.count > 1 else {
            throw InputError(
                records.first?.file ?? "records", "a comparison takes two records or more",
                remedy: "name the records to compare it with")
        }
        try Self.check(records)
        let names = records.map(\.record.model.name)
        let places = records.map { Self.place(of: $0.file) }
        entries = records.indices.map { index in
            let isAlone = names.count { $0 == names[index] } == 1
            let place = places.count { $0 == places[index] } == 1 ? places[index] : "\(index + 1)"
            return Entry(
                label: isAlone ? names[index] : "\(place): \(names[index])",
                record: records[index].record)
        }
        var seen: Set<String> = []
        adversaries = records.flatMap(\.record.adversaries)
            .filter { !$0.isControl && seen.insert($0.name).inserted }
    }

    /// Returns the part of a file's path that distinguishes records: its directory when the file
    /// has the usual name.
    private static func place(of file: String) -> String {
        let parts = file.split(separator: "/").map(String.init)
        guard let last = parts.last, last == "record.json", parts.count > 1 else {
            return parts.last ?? file
        }
        return parts[parts.count - 2]
    }

    /// The models that have no safeguard, or for which that is not known.
    var unsafeguarded: [Entry] { entries.filter { $0.record.safeguard != .stands } }

    var reference: Entry { entries[0] }
    var thresholds: Thresholds { reference.record.thresholds }
    var measureName: String { words.title(thresholds.measure) }
    /// The wording of measures; the reference's record comes first.
    var words: MeasureWords { MeasureWords(entries.map(\.record)) }

    /// The names of the adversaries that were run on every model.
    var shared: [String] {
        adversaries.map(\.name).filter { name in entries.allSatisfy { $0.summary(name) != nil } }
    }

    /// Returns the cheapest break of a model by an adversary that was run on all models; nil when
    /// there is none.
    func outcome(of entry: Entry) -> BatteryOutcome? {
        guard entry.record.safeguard == .stands else { return nil }
        let shared = Set(shared)
        return BatteryOutcome(
            outcomes: entry.record.outcomes.filter { shared.contains($0.adversary) },
            adversaries: entry.record.adversaries)
    }

    // MARK: - Differences from the reference

    /// The difference of one model under one adversary from the reference.
    struct Difference {
        let adversary: String
        let entry: Entry
        /// The difference of the final measure; nil when no seed was run on both.
        let rate: RateDifference?
        /// The probability of the difference by chance, corrected for all differences.
        var corrected: Double?
        let ratio: CostRatio?
    }

    /// The cost to break one model, relative to the cost to break the reference.
    struct CostRatio {
        /// The ratio of dollars.
        let value: Double
        /// Whether ``value`` is exact, a lower bound (the model never broke) or an upper bound.
        enum Kind { case exact, atLeast, atMost }
        let kind: Kind
        /// The bootstrap interval over seeds that broke both; nil with fewer than two.
        let interval: Interval?
    }

    var differences: [Difference] {
        var all = adversaries.flatMap { adversary in
            entries.dropFirst().compactMap { difference(adversary.name, $0) }
        }
        let corrected = holmCorrected(all.compactMap(\.rate?.probability))
        var next = corrected.makeIterator()
        for index in all.indices where all[index].rate != nil {
            all[index].corrected = next.next()
        }
        return all
    }

    private func difference(_ adversary: String, _ entry: Entry) -> Difference? {
        guard let first = reference.summary(adversary), let second = entry.summary(adversary)
        else { return nil }
        let pairs = second.cells.compactMap { cell in
            first.cells.first { $0.seed == cell.seed }.map { (cell, $0) }
        }
        let rates = pairs.compactMap { cell, other -> RateDifference? in
            guard let one = cell.finalPoint?.measurements.first(thresholds.measure),
                let two = other.finalPoint?.measurements.first(thresholds.measure),
                one.split == two.split
            else { return nil }
            return RateDifference(one, minus: two)
        }
        let hasCosts = first.outcome != nil && second.outcome != nil
        return Difference(
            adversary: adversary, entry: entry, rate: RateDifference(ofSeeds: rates),
            ratio: hasCosts ? ratio(pairs, of: adversary) : nil)
    }

    /// Returns the ratio of costs over the seeds that two models share. The second argument holds
    /// the reference's cells.
    private func ratio(
        _ cells: [(CellRecord, CellRecord)], of adversary: String
    ) -> CostRatio? {
        let pairs = cells.map { ($0.broken, $1.broken) }
        let both = pairs.compactMap { one, two -> Double? in
            guard let one, let two, one.isBroken, two.isBroken, one.cost.dollars > 0,
                two.cost.dollars > 0
            else { return nil }
            return one.cost.dollars / two.cost.dollars
        }
        if !both.isEmpty, both.count == pairs.count {
            return CostRatio(
                value: geometricMean(both), kind: .exact,
                interval: Interval.bootstrap(both, seed: 0, statistic: geometricMean))
        }
        func typical(_ cells: [CellRecord]) -> CostToBreak? {
            AdversaryOutcome(adversary: adversary, cells: cells).typical
        }
        guard let one = typical(cells.map(\.0)), let two = typical(cells.map(\.1)),
            one.cost.dollars > 0, two.cost.dollars > 0, one.isBroken || two.isBroken
        else { return nil }
        let value = one.cost.dollars / two.cost.dollars
        let kind: CostRatio.Kind =
            one.isBroken ? (two.isBroken ? .exact : .atMost) : .atLeast
        return CostRatio(value: value, kind: kind, interval: nil)
    }
}
