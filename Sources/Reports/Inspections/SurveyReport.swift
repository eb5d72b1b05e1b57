// SPDX-License-Identifier: Apache-2.0
// A survey of derivatives as a table for a terminal.

import Foundation
public import Records

/// The report of a survey: one line for each derivative.
public struct SurveyReport: Sendable {
    private let survey: InspectionSurvey

    /// Makes a report of a survey.
    public init(_ survey: InspectionSurvey) {
        self.survey = survey
    }

    /// Returns the survey as plain text, without colour or control characters.
    ///
    /// - Returns: Lines, each with a line break at its end.
    public func terminalTable() -> String {
        let hasBehaviour = survey.rows.contains { $0.behaviour != nil }
        let headings =
            ["derivative", "made by", "agreement", "change"]
            + (hasBehaviour ? ["gap", "safeguard"] : []) + ["what was found"]
        let lines = [headings] + survey.rows.map { cells($0, hasBehaviour: hasBehaviour) }
        let widths = headings.indices.map { column in
            lines.map { $0[column].count }.max() ?? 0
        }
        return lines.map { line in
            zip(line, widths).dropLast().map { cell, width in
                cell.padding(toLength: width + 2, withPad: " ", startingAt: 0)
            }.joined() + (line.last ?? "")
        }.joined(separator: "\n") + "\n"
    }

    private func cells(_ row: InspectionSurvey.Row, hasBehaviour: Bool) -> [String] {
        let missing = NumberText.missing
        let behaviour = row.behaviour.map {
            [String(format: "%+.2f", $0.gap.difference), $0.safeguard.rawValue]
        }
        return [
            InspectionReport.visible(row.derived), row.verdict?.rawValue ?? "not inspected",
            row.agreement.map(InspectionContent.share) ?? missing,
            row.greatestChange.map(InspectionContent.share) ?? missing,
        ] + (hasBehaviour ? behaviour ?? [missing, missing] : [])
            + [InspectionReport.visible(row.summary)]
    }
}
