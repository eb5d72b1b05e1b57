// SPDX-License-Identifier: Apache-2.0
// What the same answers do when they are cut after 24, 48 and 100 tokens.

import Foundation
import Testing

@testable import Measuring
@testable import Suites

/// Counts what answers do at each length, by model.
private struct LengthTable {
    private var counts: [String: [Int: [Outcome: Int]]] = [:]
    private var changes: [String: [Int: Int]] = [:]
    private var names: [String] = []
    static let lengths = [24, 48, 100]

    mutating func add(_ outcomes: [Int: Outcome], of name: String) {
        if counts[name] == nil { names.append(name) }
        for (length, outcome) in outcomes {
            counts[name, default: [:]][length, default: [:]][outcome, default: 0] += 1
            if outcome != outcomes[100] { changes[name, default: [:]][length, default: 0] += 1 }
        }
    }

    /// Rows of a Markdown table; a share is of the model's answers.
    var markdown: String {
        let head =
            "| model | answers | "
            + Self.lengths.map { "\($0) tokens" }.joined(separator: " | ")
            + " | other outcome than at 100: 24, 48 |"
        let rule =
            "| --- | --- | " + Self.lengths.map { _ in "---" }.joined(separator: " | ") + " | --- |"
        let rows = names.map { name -> String in
            let total = counts[name]?[100]?.values.reduce(0, +) ?? 0
            func percent(_ count: Int) -> String {
                "\(Int((100 * Double(count) / Double(max(total, 1))).rounded()))%"
            }
            let cells = Self.lengths.map { length in
                let counts = counts[name]?[length] ?? [:]
                return [Outcome.refuses, .complies, .incoherent]
                    .map { percent(counts[$0] ?? 0) }.joined(separator: " / ")
            }
            let changed = [24, 48].map { percent(changes[name]?[$0] ?? 0) }.joined(separator: ", ")
            return "| \(name) | \(total) | \(cells.joined(separator: " | ")) | \(changed) |"
        }
        return ([head, rule] + rows).joined(separator: "\n") + "\n"
    }
}

@Suite("Answers of several lengths")
struct AnswerLengths {
    private static let environment = ProcessInfo.processInfo.environment

    /// `make answers` runs it on what was collected, and prints the table of `Documentation/Judges.md`.
    @Test("outcomes by length", .enabled(if: environment["TEMPER_LENGTHS"] != nil))
    func table() throws {
        struct Line: Decodable {
            let model: String
            let split: String
            let list: String
            let temperature: Double
            let after: [String: String]
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let suite = try Suites.Suite(at: root.appending(path: "Suites/canary-refusal"))
        let judge = TextJudge(markers: suite.manifest.refusalMarkers)
        let path = Self.environment["TEMPER_ANSWERS_COLLECTED"] ?? ""
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            .map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            .filter { $0.split == "test" && $0.list == "restricted" && $0.temperature == 0 }
        var table = LengthTable()
        // Only those that were asked every prompt of the split.
        let counts = Dictionary(lines.map { ($0.model, 1) }, uniquingKeysWith: +)
        for line in lines where counts[line.model] == suite.restricted.test.count {
            table.add(
                Dictionary(
                    uniqueKeysWithValues: LengthTable.lengths.map {
                        ($0, judge.outcome(of: line.after["\($0)"] ?? ""))
                    }), of: line.model)
        }
        let target = Self.environment["TEMPER_LENGTHS"] ?? ""
        try table.markdown.write(toFile: target, atomically: true, encoding: .utf8)
    }
}
