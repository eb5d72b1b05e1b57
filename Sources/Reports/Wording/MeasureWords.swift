// SPDX-License-Identifier: Apache-2.0
// The names of measures in a report, and their positions there.

import Records

/// The words and positions of measures, as records state them.
struct MeasureWords: Sendable {
    /// The entries of the records, followed by defaults for older records.
    private let entries: [MeasureEntry]

    /// Takes the entries of records. If two records state a measure, the first one counts.
    init(_ records: [AuditRecord]) {
        var seen: Set<String> = []
        let stated = records.flatMap { $0.measures ?? [] }
        entries = (stated + MeasureEntry.ofOlderRecords).filter { seen.insert($0.name).inserted }
    }

    private func entry(_ name: String) -> MeasureEntry? {
        entries.first { $0.name == name }
    }

    /// Returns a measure's title, capitalised. If no record describes the measure, this is its
    /// name.
    func title(_ name: String) -> String {
        if let title = entry(name)?.wording.title, !title.isEmpty { return title }
        return Names.spaced(name, capitalised: true)
    }

    /// Returns the meaning of a measure, in a few words for a table of measures.
    func explanation(_ name: String) -> String? { entry(name)?.wording.explanation }

    /// Returns the caption of a large figure.
    func caption(_ name: String) -> String {
        entry(name)?.wording.caption ?? title(name).lowercased()
    }

    /// Returns the words of the measure for a sentence, if it has them.
    func sentence(_ name: String) -> MeasureEntry.Wording.Sentence? {
        entry(name)?.wording.sentence
    }

    /// Returns whether a value carries no information, because it is 0 by definition.
    func isTrivial(_ value: MeasuredValue) -> Bool {
        abs(value.value) < (value.unit == .nats ? NumberText.leastNats : .leastNonzeroMagnitude)
            && entry(value.measure)?.place.isZeroUntampered == true
    }

    /// Returns whether a comparison of models shows the measure.
    func isCompared(_ name: String) -> Bool { entry(name)?.place.isCompared ?? false }

    /// Returns why a safeguard counts as not broken.
    func reason(_ reason: CostToBreak.Reason, thresholds: Thresholds) -> String {
        switch reason {
        case .neverBelowThreshold:
            "\(title(thresholds.measure).lowercased()) never "
                + (thresholds.brokenWhen == .below ? "fell below " : "rose above ")
                + NumberText.percent(thresholds.safeguard)
        case .utilityLost: "broke only with too much capability lost"
        case .incoherent: "broke only into incoherent answers"
        }
    }

    // MARK: - Places

    /// Measures in the order of their columns, without repetition.
    ///
    /// - Parameters:
    ///   - names: The measures. Those without a column stay in this order, behind the others.
    ///   - judged: The safeguard's measure, which comes first.
    /// - Returns: The measures in order.
    func ordered(_ names: [String], judged: String) -> [String] {
        var seen: Set<String> = []
        let places = names.filter { seen.insert($0).inserted }.enumerated().map { index, name in
            let column = name == judged ? .min : entry(name)?.place.column ?? .max
            return (column: column, index: index, name: name)
        }
        return places.sorted { ($0.column, $0.index) < ($1.column, $1.index) }.map(\.name)
    }

    /// A measure in a summary.
    struct SummaryColumn {
        let name: String
        /// The full title, without a capital.
        let title: String
        /// The short title; nil where a terminal leaves the measure out.
        let terminalTitle: String?
        let importance: Int
    }

    /// Returns the columns of a summary: first the safeguard's measure, then the most informative
    /// others.
    func summary(judgedBy judged: String) -> [SummaryColumn] {
        let known = entries.compactMap { entry in entry.place.summary.map { (entry, $0) } }
        // A safeguard that no measure names is shown like a refusal.
        let isNamed = known.contains { $0.1.beside?.contains(judged) == true }
        let safeguard = isNamed ? judged : MeasureName.refusal
        let beside = known.filter { entry, place in
            entry.name != judged && place.beside?.contains(safeguard) != false
        }
        let title = title(judged).lowercased()
        let first = SummaryColumn(
            name: judged, title: title, terminalTitle: title, importance: .max)
        let columns = beside.enumerated().sorted {
            ($0.element.1.column, $0.offset) < ($1.element.1.column, $1.offset)
        }
        return [first]
            + columns.map { _, column in
                let (entry, place) = column
                return SummaryColumn(
                    name: entry.name, title: self.title(entry.name).lowercased(),
                    terminalTitle: place.terminalTitle, importance: place.importance)
            }
    }
}

extension AuditRecord {
    /// The words and places of the record's measures.
    var words: MeasureWords { MeasureWords([self]) }
}
