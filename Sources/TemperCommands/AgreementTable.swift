// SPDX-License-Identifier: Apache-2.0
// The agreement of a reproduction as lines for a terminal.

import Foundation
import Records

/// Every number of a reproduction. Numbers of steps before the last are shown only if they
/// disagree.
struct AgreementTable {
    private let agreements: [Agreement]
    private let notes: [String]

    init(_ agreements: [Agreement], notes: [String]) {
        self.agreements = agreements
        self.notes = notes
    }

    var text: String {
        var lines = notes.map { "note: \($0)" }
        var subjects: [String] = []
        for agreement in agreements where !subjects.contains(agreement.subject) {
            subjects.append(agreement.subject)
        }
        for subject in subjects {
            let own = agreements.filter { $0.subject == subject }
            lines += ["", subject, row("", "recorded", "now", "")]
            lines += own.filter { $0.step == nil || $0.verdict == .disagrees }.map(row)
            let onTheWay = own.filter { $0.step != nil }
            if !onTheWay.isEmpty {
                lines.append("  before the last step: \(counted(onTheWay))")
            }
        }
        let isGood = !agreements.contains { $0.verdict == .disagrees }
        lines += [
            "",
            "\(counted(agreements)): " + (isGood ? "the record is reproduced" : "not reproduced"),
        ]
        return lines.joined(separator: "\n")
    }

    private func row(_ agreement: Agreement) -> String {
        let place = [
            agreement.split?.rawValue, agreement.step.map { "step \($0)" },
        ].compactMap(\.self)
        let name =
            agreement.number.replacing("-", with: " ")
            + (place.isEmpty ? "" : ", " + place.joined(separator: ", "))
        let bounds = agreement.interval.map {
            " (\(number($0.lower, agreement)) to \(number($0.upper, agreement)))"
        }
        let verdict =
            switch agreement.verdict {
            case .exact: "exactly"
            case .rounding: "but for rounding"
            case .within: "within the interval"
            case .disagrees: "DISAGREES"
            }
        return row(
            name, number(agreement.recorded, agreement) + (bounds ?? ""),
            number(agreement.now, agreement), verdict)
    }

    private func row(_ name: String, _ recorded: String, _ now: String, _ verdict: String) -> String
    {
        func pad(_ text: String, _ width: Int) -> String {
            text.padding(toLength: max(width, text.count + 1), withPad: " ", startingAt: 0)
        }
        return "  " + pad(name, 30) + pad(recorded, 28) + pad(now, 12) + verdict
    }

    private func number(_ value: Double, _ agreement: Agreement) -> String {
        if value.isNaN { return "none" }
        if value.isInfinite { return agreement.unit == nil ? "not broken" : "\(value)" }
        return agreement.unit == .fraction
            ? String(format: "%.1f%%", value * 100) : String(format: "%.4g", value)
    }

    private func counted(_ agreements: [Agreement]) -> String {
        func count(_ verdict: Agreement.Verdict) -> Int {
            agreements.count { $0.verdict == verdict }
        }
        return "\(agreements.count) numbers, \(count(.exact)) exactly, \(count(.rounding)) but for "
            + "rounding, \(count(.within)) within their intervals, \(count(.disagrees)) disagree"
    }
}
