// SPDX-License-Identifier: Apache-2.0
// The counters of a server, in Prometheus's text format.

import Synchronization

/// A server's counters.
package final class ServerMetrics: Sendable {
    private struct Counts {
        var responses: [Int: Int] = [:]
        var seconds = 0.0
        var buckets = [Int](repeating: 0, count: ServerMetrics.bounds.count)
        var answered = 0
        var promptTokens = 0
        var answerTokens = 0
        var steps = 0
        var stepped = 0
        var queueLength = 0
        var active = 0
    }

    /// The bounds of the histogram of answer times, in seconds.
    private static let bounds: [Double] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120]

    private let counts = Mutex(Counts())

    package init() {}

    package func setQueueLength(_ length: Int) { counts.withLock { $0.queueLength = length } }
    package func count(response status: Int) {
        counts.withLock { $0.responses[status, default: 0] += 1 }
    }
    package func count(active change: Int) { counts.withLock { $0.active += change } }

    /// Counts a step that makes one token of each of some answers.
    package func count(stepOf size: Int) {
        counts.withLock {
            $0.steps += 1
            $0.stepped += size
        }
    }

    package func count(promptTokens: Int, answerTokens: Int) {
        counts.withLock {
            $0.promptTokens += promptTokens
            $0.answerTokens += answerTokens
        }
    }

    /// Counts an answer and its time.
    package func count(answerIn time: Duration) {
        let seconds = time / .seconds(1)
        counts.withLock { counts in
            counts.answered += 1
            counts.seconds += seconds
            for (index, bound) in Self.bounds.enumerated() where seconds <= bound {
                counts.buckets[index] += 1
            }
        }
    }

    /// Returns the counters as text.
    ///
    /// - Parameters:
    ///   - model: The model's name.
    ///   - root: The root of its signature.
    ///   - isHealthy: Whether the model gives answers.
    ///   - connections: The number of open connections.
    /// - Returns: Prometheus's text format, version 0.0.4.
    package func text(model: String, root: String, isHealthy: Bool, connections: Int) -> String {
        let counts = counts.withLock { $0 }
        var lines: [String] = []
        func add(_ name: String, _ kind: String, _ help: String, _ samples: [(String, String)]) {
            lines.append("# HELP temper_\(name) \(help)")
            lines.append("# TYPE temper_\(name) \(kind)")
            lines += samples.map { "temper_\(name)\($0.0) \($0.1)" }
        }
        let name = model.unicodeScalars.map { $0.escaped(asASCII: true) }.joined()
        add(
            "model_info", "gauge", "The verified model.",
            [("{model=\"\(name)\",root=\"\(root)\"}", "1")])
        add(
            "healthy", "gauge", "Whether the model makes progress.", [("", isHealthy ? "1" : "0")])
        add("open_connections", "gauge", "Open connections.", [("", "\(connections)")])
        add(
            "responses_total", "counter", "Responses by status.",
            counts.responses.sorted { $0.key < $1.key }
                .map { ("{code=\"\($0.key)\"}", "\($0.value)") })
        add("active_requests", "gauge", "Requests being answered.", [("", "\(counts.active)")])
        add("queue_length", "gauge", "Answers that wait.", [("", "\(counts.queueLength)")])
        add("steps_total", "counter", "Steps of decoding.", [("", "\(counts.steps)")])
        add(
            "step_answers_total", "counter", "Answers that got a token in these steps.",
            [("", "\(counts.stepped)")])
        add(
            "tokens_total", "counter", "Tokens read and made.",
            [
                ("{kind=\"prompt\"}", "\(counts.promptTokens)"),
                ("{kind=\"completion\"}", "\(counts.answerTokens)"),
            ])
        let buckets = zip(Self.bounds, counts.buckets).map { ("_bucket{le=\"\($0)\"}", "\($1)") }
        add(
            "answer_seconds", "histogram", "Time from a request to the end of its answer.",
            buckets + [
                ("_bucket{le=\"+Inf\"}", "\(counts.answered)"), ("_sum", "\(counts.seconds)"),
                ("_count", "\(counts.answered)"),
            ])
        return lines.joined(separator: "\n") + "\n"
    }
}
