// SPDX-License-Identifier: Apache-2.0
// Progress of long work: an updated line on a terminal, plain lines in a pipe.

import Foundation

/// Whether standard output is a terminal.
package let isTerminal = isatty(STDOUT_FILENO) == 1

/// One line of progress with the time left.
package struct ProgressLine {
    private let clock = ContinuousClock()
    private var phase = ""
    private var start = ContinuousClock.now
    /// How much of the phase was done when it was first shown.
    private var first = 0
    private var nextPlain = 0.0

    package init() {}

    /// Shows the progress of a phase. A phase without parts is a line of its own.
    package mutating func show(_ phase: String, done: Int, of total: Int, note: String) {
        if phase != self.phase {
            end()
            self.phase = phase
            start = clock.now
            first = done
            nextPlain = 0
        }
        let share = total > 0 ? Double(done) / Double(total) : 1
        let elapsed = (clock.now - start).secondsElapsed
        let left =
            done > first && done < total
            ? ", \(brief(elapsed / Double(done - first) * Double(total - done))) left" : ""
        let part = total > 0 ? " \(done)/\(total)" : ""
        let text = phase + part + (note.isEmpty ? "" : ", \(note)") + left
        if isTerminal {
            print("\r\u{1B}[K\(text)", terminator: "")
        } else if share >= nextPlain {
            // A pipe gets eleven lines, not one for each step.
            print(text)
            nextPlain = (share * 10).rounded(.down) / 10 + 0.1
        }
        fflush(nil)
    }

    /// Ends the line.
    package mutating func end() {
        if isTerminal, !phase.isEmpty { print() }
        phase = ""
    }
}

/// Returns a duration in words: 42 s, 3 min 5 s, 2 h 10 min.
package func brief(_ seconds: Double) -> String {
    let whole = Int(max(0, min(seconds, 1e9)).rounded())
    return switch whole {
    case ..<60: "\(whole) s"
    case ..<3_600: "\(whole / 60) min \(whole % 60) s"
    default: "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    }
}

extension Duration {
    /// The duration in seconds.
    package var secondsElapsed: Double {
        Double(components.seconds) + Double(components.attoseconds) * 1e-18
    }
}
