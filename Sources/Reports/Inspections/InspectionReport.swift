// SPDX-License-Identifier: Apache-2.0
// An inspection as a page and as lines for a terminal.

import Foundation
import Mustache
public import Records

/// The report of an inspection.
public struct InspectionReport: Sendable {
    let inspection: Inspection

    /// Makes a report of an inspection.
    public init(_ inspection: Inspection) {
        self.inspection = inspection
    }

    /// Returns the inspection as one HTML file: no outside references, light and dark.
    public func html() -> String {
        InspectionTemplate.library.render(InspectionContent(inspection), withTemplate: "page") ?? ""
    }

    /// Returns the inspection as plain text, without colour or control characters.
    ///
    /// - Returns: Lines, each with a line break at its end.
    public func terminalSummary() -> String {
        var lines = [
            "Verdict: \(inspection.verdict.rawValue)", Self.visible(inspection.summary),
        ]
        if let agreement = inspection.agreement {
            lines.append(
                "Agreement: \(InspectionContent.share(agreement)) of all changed weights stand in "
                    + "tensors that say so.")
        }
        if let behaviour = inspection.behaviour {
            let gap = behaviour.gap
            lines.append(
                Self.visible(behaviour.summary)
                    + String(
                        format: " Gap %+.2f [%+.2f, %+.2f], p = %.2g.", gap.difference, gap.lower,
                        gap.upper, gap.probability))
        }
        for direction in inspection.directions ?? [] {
            lines.append(
                "Direction taken out of \(InspectionContent.place(direction)): "
                    + String(format: "|cos| %.3f with ", direction.cosine)
                    + "a refusal direction of layer \(direction.layer), position "
                    + "\(direction.position); "
                    + String(format: "chance stays below %.3f: ", direction.chance)
                    + (direction.matches ? "matches" : "does not match"))
        }
        let modules = InspectionContent.modules(inspection)
        if inspection.base != nil, !modules.isEmpty {
            lines.append("")
            func row(_ cells: [String]) -> String {
                let widths = [22, 9, 10, 12, 10]
                return zip(cells, widths).map { cell, width in
                    cell.padding(toLength: max(width, cell.count + 1), withPad: " ", startingAt: 0)
                }.joined() + cells.dropFirst(widths.count).joined()
            }
            lines.append(row(["module", "tensors", "edited", "change", "rank", "found"]))
            for module in modules {
                lines.append(
                    row([
                        Self.visible(module.name), "\(module.count)", "\(module.edited)",
                        InspectionContent.share(module.change), module.ranks, module.kinds,
                    ]))
            }
        }
        if !inspection.notes.isEmpty { lines.append("") }
        lines += inspection.notes.map { "Note: " + Self.visible($0) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Makes characters visible that could fake a line, because names come from files.
    static func visible(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: "\u{FFFD}"
                    default: scalar
                    }
                }))
    }
}
