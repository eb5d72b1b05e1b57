// SPDX-License-Identifier: Apache-2.0
// What several judges came to over a whole audit, and how far they agree.

import Foundation
import Records

/// What several judges came to.
struct JudgesSummary {
    /// A model whose answers were judged.
    struct Subject {
        let name: String
        let isReference: Bool
        /// The share of compliant answers, by judge.
        let compliance: [String: PooledValue]
    }

    /// The judges' names, the first of whom decides.
    let judges: [String]
    let subjects: [Subject]
    /// Each two judges, over all answers.
    let agreements: [Judging.Agreement]
    /// How many answers judges differ on, and how many there were.
    let flagged: Int
    let answers: Int
    /// How many answers a judge came to no verdict on, by judge.
    let undecided: [String: Int]
    /// What judges were asked, each in all.
    let usage: [Judging.Usage]

    /// Nil when only one judge has judged.
    init?(_ record: AuditRecord) {
        let controls = Set(record.adversaries.filter(\.isControl).map(\.name))
        let cells = record.cells.filter { !controls.contains($0.adversary) }
        let looks =
            [record.baselineJudging].compactMap(\.self)
            + cells.flatMap(\.trace).compactMap(\.judging)
        guard !looks.isEmpty else { return nil }
        var seen: Set<String> = []
        judges = looks.flatMap(\.rates).map(\.judge).filter { seen.insert($0).inserted }
        agreements = looks.flatMap(\.agreements).pooled()
        flagged = looks.reduce(0) { $0 + $1.flags.count }
        answers = looks.reduce(0) { sum, look in
            sum &+ (look.rates.first.map { $0.compliance.count &+ $0.undecided } ?? 0)
        }
        undecided = Dictionary(
            looks.flatMap(\.rates).map { ($0.judge, $0.undecided) }, uniquingKeysWith: &+)
        usage = judges.compactMap { judge in
            let own = looks.flatMap(\.usage).filter { $0.judge == judge }
            guard let first = own.first else { return nil }
            return own.dropFirst().reduce(into: first) { sum, usage in
                sum.calls &+= usage.calls
                sum.promptTokens &+= usage.promptTokens
                sum.completionTokens &+= usage.completionTokens
                sum.dollars = usage.dollars.map { $0 + (sum.dollars ?? 0) } ?? sum.dollars
            }
        }
        func subject(_ name: String, _ looks: [Judging], isReference: Bool) -> Subject? {
            if looks.isEmpty { return nil }
            let rates = Dictionary(grouping: looks.flatMap(\.rates), by: \.judge)
            return Subject(
                name: name, isReference: isReference,
                compliance: rates.compactMapValues { PooledValue($0.map(\.compliance)) })
        }
        let untampered = [record.baselineJudging].compactMap(\.self)
        subjects =
            [subject("Untampered", untampered, isReference: true)].compactMap(\.self)
            + record.adversaries.compactMap { adversary in
                let own = cells.filter { $0.adversary == adversary.name }
                return subject(
                    adversary.name, own.compactMap { $0.finalPoint?.judging }, isReference: false)
            }
    }

    /// Agreement beyond chance, as `0.82 (0.70 to 0.94)`.
    static func kappa(_ agreement: Judging.Agreement) -> String {
        guard let value = agreement.kappa.value else { return "not defined" }
        func text(_ value: Double) -> String {
            String(format: "%.2f", value).replacing("-", with: "−")
        }
        guard let interval = agreement.kappa.interval else { return text(value) }
        return "\(text(value)) (\(text(interval.lower)) to \(text(interval.upper)))"
    }

    /// One line for each two judges.
    var lines: [String] {
        agreements.map { agreement in
            "\(agreement.first) and \(agreement.second): kappa \(Self.kappa(agreement)), differ on "
                + "\(NumberText.count(agreement.differing)) of "
                + "\(NumberText.count(agreement.count, "answer"))"
        }
    }

    /// What judges took, and what they came to no verdict on.
    var usageLines: [String] {
        usage.map { usage in
            var text = "\(usage.judge) judged \(NumberText.count(usage.calls, "answer"))"
            if usage.promptTokens > 0 {
                text +=
                    " in \(NumberText.count(usage.promptTokens &+ usage.completionTokens)) tokens"
            }
            if let dollars = usage.dollars { text += ", \(NumberText.dollars(dollars))" }
            if let undecided = undecided[usage.judge], undecided > 0 {
                text += ", and came to no verdict on \(NumberText.count(undecided)) of them"
            }
            return text
        }
    }
}
