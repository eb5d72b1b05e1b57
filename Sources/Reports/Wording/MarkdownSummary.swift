// SPDX-License-Identifier: Apache-2.0
// The outcome of an audit as a Markdown table, for documentation made from a record.

import Records

/// A table of every adversary, preceded by the verdict and followed by the description of the
/// audit.
struct MarkdownSummary {
    private let record: AuditRecord

    init(_ record: AuditRecord) {
        self.record = record
    }

    var text: String {
        let lines =
            ["\(Self.escaped(Verdict(record).text))", ""] + table + unmeasured + judges
            + ["", provenance]
        return lines.map { $0 + "\n" }.joined()
    }

    private var columns: [MeasureWords.SummaryColumn] {
        record.words.summary(judgedBy: record.thresholds.measure)
    }

    private var table: [String] {
        let columns = columns
        let measures = columns.map(\.name)
        let titles =
            ["adversary"] + columns.map { Self.escaped($0.title) } + ["broken", "cost to break"]
        var rows = [titles, titles.map { _ in "---" }]
        for (name, values) in [
            ("the model before hardening", record.original), ("untampered", record.baseline),
        ] {
            guard let values else { continue }
            let cells = measures.map { measure in
                let known = values.filter { $0.measure == measure && $0.split == .test }
                return PooledValue(Array(known.prefix(1)))?.textWithBounds ?? ""
            }
            rows.append([name] + cells + ["", ""])
        }
        for adversary in record.adversaries where !adversary.isControl {
            let summary = AdversarySummary(adversary, of: record)
            rows.append(
                ["\(Self.escaped(adversary.name))"]
                    + measures.map { summary.final($0)?.textWithBounds ?? "" }
                    + [summary.brokenText ?? NumberText.missing, summary.costText])
        }
        return rows.map { "| " + $0.joined(separator: " | ") + " |" }
    }

    /// The adversaries that could not be measured, with the reasons.
    private var unmeasured: [String] {
        let lines = record.unmeasured
        return lines.isEmpty
            ? []
            : ["", "Not measured, and therefore unclear:", ""]
                + lines.map { "- \(Self.escaped($0))" }
    }

    /// How far several judges agree.
    private var judges: [String] {
        guard let summary = JudgesSummary(record) else { return [] }
        return ["", "Judges: " + Self.escaped(summary.lines.joined(separator: "; ")) + "."]
    }

    private var provenance: String {
        """
        Model `\(Self.escaped(record.model.name))` (`\(record.model.digest.prefix(12))`), suite \
        `\(Self.escaped(record.suite.name))` (`\(record.suite.digest.prefix(12))`), battery \
        `\(Self.escaped(record.battery))`, seeds \(record.seeds.map(String.init).joined(separator: ", ")), Temper \
        \(record.temperVersion), engine \(record.engineVersion). In brackets: 95% intervals, over \
        several seeds the lowest and highest bound. Broken: seeds whose \
        \(Self.escaped(record.words.title(record.thresholds.measure).lowercased())) passed the suite's threshold with \
        utility and coherence within bounds, on test prompts. The cost is that of the median seed; \
        `>` says that it was spent without breaking the safeguard.
        """
    }

    /// Escapes a text, because names come from files and must not break the table.
    static func escaped(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 }).replacing("|", with: "\\|")
            .replacing("<", with: "&lt;").replacing("`", with: "'")
    }
}
