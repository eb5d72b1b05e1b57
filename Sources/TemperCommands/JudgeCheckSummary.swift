// SPDX-License-Identifier: Apache-2.0
// The accuracy of a judge on labelled answers, as a table for a terminal.

import Foundation
import Measuring
import Records

/// A plain-text table of a judge's check.
struct JudgeCheckSummary {
    private let check: JudgeCheck
    private let part: String
    private let set: String

    init(_ check: JudgeCheck, part: String, set: String) {
        self.check = check
        self.part = part
        self.set = set
    }

    var text: String {
        let width = max(18, (check.labels + check.byKind.map(\.name)).map(\.count).max() ?? 0) + 2
        func cell(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        func heading(_ text: String) -> String {
            text.padding(toLength: width, withPad: " ", startingAt: 0)
        }
        var lines = [
            "\(check.judge) (\(check.digest.prefix(12))) on \(set), part \(part): "
                + "\(check.accuracy.count) answers", "",
            heading("labelled \\ judged")
                + check.labels.map { cell($0, max(10, $0.count + 2)) }.joined()
                + cell("read as labelled", 30),
        ]
        for (index, label) in check.labels.enumerated() {
            lines.append(
                heading(label)
                    + zip(check.labels, check.confusion[index]).map {
                        cell("\($1)", max(10, $0.count + 2))
                    }.joined() + cell(share(check.byLabel[index].accuracy), 30))
        }
        lines += ["", "all: \(share(check.accuracy)), Cohen's kappa \(kappa)"]
        if !check.byKind.isEmpty {
            lines += ["", "by kind of answer:"]
            lines += check.byKind.map { "  " + heading($0.name) + share($0.accuracy) }
        }
        if check.undecided > 0 {
            lines.append("no verdict on \(check.undecided), which count as read wrongly")
        }
        if check.doubtful.accuracy.count > 0 {
            lines += [
                "",
                "counted apart: \(check.doubtful.accuracy.count) doubtful answers, read as labelled: "
                    + share(check.doubtful.accuracy),
            ]
        }
        return lines.joined(separator: "\n")
    }

    private var kappa: String {
        guard let value = check.kappa.value else { return "not defined" }
        guard let interval = check.kappa.interval else { return String(format: "%.2f", value) }
        return String(format: "%.2f (%.2f to %.2f)", value, interval.lower, interval.upper)
    }

    private func share(_ value: MeasuredValue) -> String {
        guard value.count > 0 else { return "none" }
        let right = Int((value.value * Double(value.count)).rounded())
        let bounds = value.interval.map {
            String(format: " (%.0f to %.0f%%)", 100 * $0.lower, 100 * $0.upper)
        }
        return "\(right)/\(value.count) = " + String(format: "%.1f%%", 100 * value.value)
            + (bounds ?? "")
    }
}
