// SPDX-License-Identifier: Apache-2.0
// The display of a running audit: a live table on a terminal, plain lines in a pipe.

import Audits
import CommandLineInterface
import Foundation
import Records

/// The width of the terminal, in columns.
var terminalWidth: Int {
    var size = winsize()
    let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
    return isKnown ? Int(size.ws_col) : 100
}

/// Shows the events of one audit.
struct AuditDisplay {
    /// The state of one cell.
    private struct Row {
        let name: String
        var state = "waiting"
        var value = ""
        var cost = ""
        var done = 0
        var steps = 0
        var isFinished = false
    }

    private let title: String
    /// The safeguard's measure.
    private let measure: String
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now
    private var keys: [String] = []
    private var rows: [String: Row] = [:]
    private var controls = ""
    private var linesShown = 0
    /// When the current cell began, and how many of its steps were stored then.
    private var cellStart = ContinuousClock.now

    init(title: String, measure: String) {
        self.title = title
        self.measure = measure
        if !isTerminal { print("auditing \(title)") }
    }

    mutating func show(_ event: AuditEvent) {
        switch event {
        case .planned(let cells, let isUndefended):
            keys += cells.map(\.key)
            for cell in cells {
                let name = "\(cell.adversary.name), seed \(cell.seed)"
                rows[cell.key] = Row(name: isUndefended ? "undefended, \(name)" : name)
            }
        case .measuring(let what):
            controls = "measuring \(what)"
            plain(controls)
        case .started(let cell, let steps, let stored):
            controls = ""
            cellStart = clock.now
            rows[cell.key]?.steps = steps
            rows[cell.key]?.state = "started"
            if stored > 0 { plain("\(name(of: cell)): \(stored) points were measured before") }
        case .advanced(let cell, let step, let note):
            rows[cell.key]?.done = step
            rows[cell.key]?.state = note
        case .point(let cell, let point):
            let value = value(at: point)
            rows[cell.key]?.value = value
            rows[cell.key]?.cost = Self.dollars(point.cost.dollars)
            plain("\(name(of: cell)): step \(point.step), \(measure) \(value)")
        case .finished(let cell, let record):
            rows[cell.key]?.isFinished = true
            let value = record.finalPoint.map(value) ?? ""
            rows[cell.key]?.value = value
            rows[cell.key]?.cost = Self.dollars(record.finalPoint?.cost.dollars ?? 0)
            rows[cell.key]?.state =
                switch record.broken {
                case .broken(_, let step): "broken at step \(step)"
                case .censored(_, let reason): "not broken (\(reason.rawValue))"
                case nil where record.state.reason != nil:
                    "\(record.state.name): \(record.state.reason ?? "")"
                case nil: "measured"
                }
            plain("\(name(of: cell)): \(rows[cell.key]?.state ?? "")")
        case .record:
            if isTerminal { draw() }
            print("\naudited in \(brief((clock.now - start).secondsElapsed))\n")
            return
        }
        if isTerminal { draw() }
    }

    // MARK: - Lines

    private func plain(_ text: String) {
        guard !isTerminal else { return }
        print(text)
        // A pipe is not flushed at line ends, and an audit takes minutes.
        fflush(nil)
    }

    private func name(of cell: CellJob) -> String {
        rows[cell.key]?.name ?? cell.adversary.name
    }

    private func value(at point: TracePoint) -> String {
        guard let value = point.measurements.first(measure) else { return "" }
        let range = value.interval.map {
            String(format: " (%.0f-%.0f)", $0.lower * 100, $0.upper * 100)
        }
        return String(format: "%.0f%%", value.value * 100) + (range ?? "")
    }

    private static func dollars(_ value: Double) -> String {
        value == 0
            ? "$0" : value < 0.01 ? String(format: "$%.1g", value) : String(format: "$%.2f", value)
    }

    /// Draws the table over the previous one.
    private mutating func draw() {
        var lines = ["Temper audits \(title)", ""]
        lines.append(Self.columns("adversary", "step", "\(measure) % (95%)", "cost", "state"))
        for key in keys {
            guard let row = rows[key] else { continue }
            let step = row.steps > 0 ? "\(row.done)/\(row.steps)" : ""
            lines.append(Self.columns(row.name, step, row.value, row.cost, row.state))
        }
        lines.append("")
        lines.append(controls.isEmpty ? progress : controls)
        let width = terminalWidth
        let up = linesShown > 0 ? "\u{1B}[\(linesShown)A" : ""
        print(up + lines.map { "\r\u{1B}[K" + $0.prefix(width - 1) }.joined(separator: "\n"))
        linesShown = lines.count
        fflush(nil)
    }

    private static func columns(
        _ name: String, _ step: String, _ value: String, _ cost: String, _ state: String
    ) -> String {
        func pad(_ text: String, _ width: Int) -> String {
            text.padding(toLength: max(width, text.count + 1), withPad: " ", startingAt: 0)
        }
        return pad(name, 28) + pad(step, 8) + pad(value, 18) + pad(cost, 10) + state
    }

    /// How much is done and how long the rest takes, if a cell takes as long as the cells before.
    private var progress: String {
        let all = keys.compactMap { rows[$0] }
        let finished = all.count { $0.isFinished }
        let running = all.first { !$0.isFinished && $0.steps > 0 }
        let part = running.map { Double($0.done) / Double(max($0.steps, 1)) } ?? 0
        let share = (Double(finished) + min(part, 1)) / Double(max(all.count, 1))
        let elapsed = (clock.now - start).secondsElapsed
        let left =
            share > 0.02 && share < 1 ? ", about \(brief(elapsed / share - elapsed)) left" : ""
        return "\(finished) of \(all.count) cells, \(brief(elapsed))\(left)"
    }
}
