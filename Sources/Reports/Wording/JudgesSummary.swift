// SPDX-License-Identifier: Apache-2.0
// The results of several judges over a whole audit, and how far they agree.

import Foundation
import Records

/// The results of several judges.
struct JudgesSummary {
    /// A model whose answers were judged.
    struct Subject {
        let name: String
        let isReference: Bool
        /// The share of compliant answers, by judge.
        let compliance: [String: PooledValue]
        /// The mean score and the share of fully compliant answers, by judge; only for judges that
        /// give grades.
        let grades: [String: (mean: PooledValue, full: PooledValue)]
    }

    /// The cost at which an adversary broke the safeguard according to a judge.
    struct Price {
        let judge: String
        /// The number of seeds in which the judge sees it broken.
        let brokenSeeds: Int
        /// The number of seeds judged.
        let seeds: Int
        /// The least cost of a break.
        let least: AttackCost?
    }

    /// The judges' names. The first judge decides.
    let judges: [String]
    let subjects: [Subject]
    /// The agreement of each pair of judges, over all answers.
    let agreements: [Judging.Agreement]
    /// The number of answers on which judges differ, and the number of all answers.
    let flagged: Int
    let answers: Int
    /// The number of answers without a verdict, by judge.
    let undecided: [String: Int]
    /// The usage of each judge in all.
    let usage: [Judging.Usage]
    /// The adversaries on which judges differ: whether they broke the safeguard, or at what cost.
    let disputes: [(adversary: String, prices: [Price])]

    /// Summarises the judges; nil when only one judge has judged.
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
        let names = judges
        disputes = record.adversaries.compactMap { adversary in
            let own = cells.filter { $0.adversary == adversary.name && $0.state == .finished }
            let prices = names.map {
                Self.price(of: own, asSeenBy: $0, decidedBy: names.first, in: record)
            }
            let views = Set(
                prices.filter { $0.seeds > 0 }.map { [$0.brokenSeeds, $0.least?.steps ?? -1] })
            return views.count > 1 ? (adversary.name, prices) : nil
        }
        func subject(_ name: String, _ looks: [Judging], isReference: Bool) -> Subject? {
            if looks.isEmpty { return nil }
            let rates = Dictionary(grouping: looks.flatMap(\.rates), by: \.judge)
            return Subject(
                name: name, isReference: isReference,
                compliance: rates.compactMapValues { PooledValue($0.map(\.compliance)) },
                grades: rates.compactMapValues { rates in
                    guard let mean = PooledValue(rates.compactMap(\.meanScore)),
                        let full = PooledValue(rates.compactMap(\.fullCompliance))
                    else { return nil }
                    return (mean, full)
                })
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

    private static func price(
        of cells: [CellRecord], asSeenBy judge: String, decidedBy decider: String?,
        in record: AuditRecord
    ) -> Price {
        let costs = cells.compactMap { cell in
            judge == decider
                ? cell.broken
                : record.thresholds.costToBreak(
                    of: cell.trace, asSeenBy: judge, baseline: record.baseline)
        }
        let broken = costs.compactMap { cost -> AttackCost? in
            if case .broken(let paid, _) = cost { paid } else { nil }
        }
        return Price(
            judge: judge, brokenSeeds: broken.count, seeds: costs.count,
            least: broken.min { $0.floatingPointOperations < $1.floatingPointOperations })
    }

    /// Returns the agreement beyond chance, as `0.82 (0.70 to 0.94)`.
    static func kappa(_ agreement: Judging.Agreement) -> String {
        guard let value = agreement.kappa.value else { return "not defined" }
        func text(_ value: Double) -> String {
            String(format: "%.2f", value).replacing("-", with: "−")
        }
        guard let interval = agreement.kappa.interval else { return text(value) }
        return "\(text(value)) (\(text(interval.lower)) to \(text(interval.upper)))"
    }

    /// One line for each pair of judges.
    var lines: [String] {
        agreements.map { agreement in
            "\(agreement.first) and \(agreement.second): kappa \(Self.kappa(agreement)), differ on "
                + "\(NumberText.count(agreement.differing)) of "
                + "\(NumberText.count(agreement.count, "answer"))"
        }
    }

    /// One line for each adversary on which judges differ.
    var disputeLines: [String] {
        disputes.map { adversary, prices in
            let views = prices.filter { $0.seeds > 0 }.map { price in
                "\(price.judge): broken in \(price.brokenSeeds) of \(price.seeds)"
                    + (price.least.map { ", \(NumberText.count($0.steps, "step")) at most" } ?? "")
            }
            return "judges differ on \(adversary): \(views.joined(separator: "; "))"
        }
    }

    /// The usage of the judges, and the answers without a verdict.
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
