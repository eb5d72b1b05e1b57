// SPDX-License-Identifier: Apache-2.0
// A comparison as a page, as Markdown and as JSON.

public import Foundation
import Mustache
import Records

/// The report of a comparison.
public struct ComparisonReport: Sendable {
    let comparison: Comparison

    /// Makes a report of a comparison.
    public init(_ comparison: Comparison) {
        self.comparison = comparison
    }

    /// Returns the comparison as one HTML file: no outside references, light and dark.
    public func html() -> String {
        ComparisonTemplate.library.render(ComparisonContent(comparison), withTemplate: "page") ?? ""
    }

    /// Returns the comparison as Markdown tables.
    public func markdown() -> String {
        let content = ComparisonContent(comparison)
        func table(_ map: HeatMap) -> Table {
            Table(
                caption: map.caption, corner: "Adversary",
                headers: map.headers.map { Table.Header(label: $0) },
                rows: map.rows.map { row in
                    Table.Row(
                        heading: row.heading, subheading: nil, isReference: false,
                        cells: row.cells.map {
                            Table.Cell(label: $0.label, text: $0.text, small: $0.small)
                        })
                })
        }
        let tables = [
            content.overview, content.tradeOff, table(content.safeguardMap),
            table(content.costMap), content.differences, content.tax, content.taxDifferences,
        ]
        let parts =
            [MarkdownSummary.escaped(content.sentence)] + tables.map(\.markdown)
            + [content.tradeOffRemark, content.differencesRemark]
            + [content.notes.map { "- \($0)" }.joined(separator: "\n")]
        return parts.joined(separator: "\n\n") + "\n"
    }

    /// Returns the benefit and the cost of each hardening, as a Markdown table.
    ///
    /// - Returns: The table, and an explanation of it.
    public func tradeOffText() -> String {
        let content = ComparisonContent(comparison)
        return content.tradeOff.markdown + "\n\n" + content.tradeOffRemark
    }

    /// Returns the comparison as JSON for programs, keys sorted.
    ///
    /// - Throws: `EncodingError` when the JSON cannot be written.
    public func json() throws -> Data {
        try RecordJSON.encoder().encode(ComparisonSummary(comparison)) + Data("\n".utf8)
    }
}

extension Table {
    /// The table as Markdown under its caption.
    fileprivate var markdown: String {
        func line(_ texts: [String]) -> String {
            "| " + texts.map(MarkdownSummary.escaped).joined(separator: " | ") + " |"
        }
        let body = rows.map { row in
            let heading = row.heading + (row.subheading.map { " (\($0))" } ?? "")
            return line(
                [heading]
                    + row.cells.map { cell in
                        cell.small.map { "\(cell.text) (\($0))" } ?? cell.text
                    })
        }
        let titles = [corner] + headers.map(\.label)
        let head = [line(titles), line(titles.map { _ in "---" })]
        return "**\(MarkdownSummary.escaped(caption))**\n\n"
            + (head + body).joined(separator: "\n")
    }
}

/// The comparison in a form for programs.
private struct ComparisonSummary: Encodable {
    struct Result: Encodable {
        let adversary: String
        let model: String
        /// The final measure, the mean over seeds, on test prompts.
        let value: Double?
        let lower: Double?
        let upper: Double?
        let seeds: Int
        let brokenSeeds: Int
        let failedSeeds: Int
        let inapplicableSeeds: Int
        /// `broken`, `held` or `unclear`.
        let resistance: Resistance?
        /// Nil if there is no safeguard to break.
        let typical: CostToBreak?
    }
    struct Difference: Encodable {
        let adversary: String
        let model: String
        let reference: String
        let rate: RateDifference?
        let correctedProbability: Double?
        /// `exact`, `atLeast` or `atMost`.
        let costRatioKind: String?
        let costRatio: Double?
        let costRatioInterval: Interval?
    }
    struct Model: Encodable {
        let label: String
        let identity: ModelIdentity
        let baseline: [MeasuredValue]
        let original: [MeasuredValue]?
        /// `stands`, `absent` or `unknown`, for the untampered model.
        let safeguard: SafeguardStatus
    }
    let suite: SuiteIdentity
    let thresholds: Thresholds
    let models: [Model]
    let results: [Result]
    let differences: [Difference]
    let notes: [String]

    init(_ comparison: Comparison) {
        suite = comparison.reference.record.suite
        thresholds = comparison.thresholds
        models = comparison.entries.map {
            Model(
                label: $0.label, identity: $0.record.model, baseline: $0.record.baseline,
                original: $0.record.original, safeguard: $0.record.safeguard)
        }
        results = comparison.adversaries.flatMap { adversary in
            comparison.entries.compactMap { entry in
                entry.summary(adversary.name).map { summary in
                    let value = summary.final(comparison.thresholds.measure)
                    let counts = AdversaryOutcome(
                        adversary: adversary.name, cells: summary.cells)
                    return Result(
                        adversary: adversary.name, model: entry.label, value: value?.value,
                        lower: value?.lower, upper: value?.upper,
                        seeds: summary.outcome?.seeds ?? 0,
                        brokenSeeds: summary.outcome?.brokenSeeds ?? 0,
                        failedSeeds: counts.failedSeeds,
                        inapplicableSeeds: counts.inapplicableSeeds,
                        resistance: summary.resistance,
                        typical: summary.outcome?.typical)
                }
            }
        }
        differences = comparison.differences.map {
            Difference(
                adversary: $0.adversary, model: $0.entry.label,
                reference: comparison.reference.label, rate: $0.rate,
                correctedProbability: $0.corrected,
                costRatioKind: $0.ratio.map { "\($0.kind)" }, costRatio: $0.ratio?.value,
                costRatioInterval: $0.ratio?.interval)
        }
        notes = comparison.notes
    }
}
