// SPDX-License-Identifier: Apache-2.0
// The outcome of an audit as a table for a terminal.

import Records

/// A plain-text table that omits columns before it breaks lines.
struct TerminalSummary {
    private let record: AuditRecord
    private let width: Int

    init(_ record: AuditRecord, width: Int) {
        self.record = record
        self.width = width
    }

    var text: String {
        let verdict = wrapped(printable(Verdict(record).text)).joined(separator: "\n")
        var lines = [verdict, ""]
        let measures = record.words.summary(judgedBy: record.thresholds.measure)
            .filter { $0.terminalTitle != nil }
        let table = rows(measures)
        // The columns that a narrow terminal omits, the least important first. The name comes
        // before the measures, the cost after them.
        let droppable = measures.indices.dropFirst()
            .sorted { (measures[$0].importance, $1) < (measures[$1].importance, $0) }
            .map { $0 + 1 }
        for count in 0...droppable.count {
            let dropped = droppable.prefix(count)
            let kept = (0..<(measures.count + 2)).filter { !dropped.contains($0) }
            let columns = kept.map { column in table.map { $0[column] } }
            let widths = columns.map { $0.map(\.count).max() ?? 0 }
            let total = widths.reduce(0, +) + 2 * (widths.count - 1)
            guard total <= width || count == droppable.count else { continue }
            lines += layout(table, kept: kept, widths: widths, excess: max(0, total - width))
            break
        }
        let unmeasured = record.unmeasured
        if !unmeasured.isEmpty {
            lines += ["", "Not measured:"]
            for line in unmeasured { lines += wrapped(printable(line)) }
        }
        if let judges = JudgesSummary(record) {
            lines.append("")
            for line in judges.lines + judges.disputeLines + judges.usageLines {
                lines += wrapped(printable(line))
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func layout(
        _ table: [[String]], kept: [Int], widths: [Int], excess: Int
    ) -> [String] {
        var widths = widths
        // Names are shortened first, down to eight columns; then the cost, which ends the line.
        let fromName = min(excess, max(0, widths[0] - 8))
        widths[0] -= fromName
        widths[widths.count - 1] = max(4, widths[widths.count - 1] - (excess - fromName))
        var lines = table.map { row in
            let cells = zip(kept, widths).map { column, width in
                let cell = row[column]
                let cut = cell.count > width ? cell.prefix(max(0, width - 1)) + "…" : cell[...]
                return cut + String(repeating: " ", count: width - cut.count)
            }
            return trimmingEnd(cells.joined(separator: "  "))
        }
        lines.insert(
            widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "), at: 1)
        return lines
    }

    private func rows(_ columns: [MeasureWords.SummaryColumn]) -> [[String]] {
        let measures = columns.map(\.name)
        let titles = columns.map { printable($0.terminalTitle ?? $0.title) }
        var rows = [["adversary"] + titles + ["cost to break"]]
        func row(_ name: String, _ values: [PooledValue?], _ cost: String) -> [String] {
            let texts = values.enumerated().map { index, value in
                index == 0
                    ? value?.textWithBounds ?? NumberText.missing
                    : value?.text ?? NumberText.missing
            }
            return [printable(name)] + texts + [cost]
        }
        for (name, values) in [("(original)", record.original), ("(untampered)", record.baseline)] {
            guard let values else { continue }
            rows.append(
                row(name, measures.map { PooledValue(values.first($0).map { [$0] } ?? []) }, ""))
        }
        for adversary in record.adversaries where !adversary.isControl {
            let summary = AdversarySummary(adversary, of: record)
            rows.append(row(adversary.name, measures.map(summary.final), summary.costText))
        }
        return rows
    }

    private func wrapped(_ text: String) -> [String] {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}

private func trimmingEnd(_ text: String) -> String {
    var text = Substring(text)
    while text.last == " " { text.removeLast() }
    return String(text)
}

/// Returns the text without control characters: a name in a record must not steer the terminal.
private func printable(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: result += "\u{FFFD}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
