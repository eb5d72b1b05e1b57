// SPDX-License-Identifier: Apache-2.0
// The verdict of an audit in sentences.

import Records

/// A piece of a sentence, which may be bold.
struct Phrase {
    let text: String
    let isStrong: Bool

    static func plain(_ text: String) -> Phrase { Phrase(text: text, isStrong: false) }
    static func strong(_ text: String) -> Phrase { Phrase(text: text, isStrong: true) }
}

/// The result of an audit, in one sentence and in two.
struct Verdict {
    enum Kind: String {
        case broken, withstood, unsafeguarded, unknown
    }

    let kind: Kind
    let sentence: [Phrase]
    let details: String

    var text: String { sentence.map(\.text).joined() }

    init(_ record: AuditRecord) {
        let adversaries = record.adversaries.filter { !$0.isControl }
        let thresholds = record.thresholds
        let safeguard = "\(record.suite.safeguard) safeguard"
        let model = record.model.name
        let baseline = PooledValue(
            record.baseline.first(thresholds.measure).map { [$0] } ?? [])
        let words = record.words
        let measure = words.title(thresholds.measure).lowercased()
        if record.safeguard == .absent {
            kind = .unsafeguarded
            sentence = [
                .plain("\(model) has "), .strong("no \(safeguard) to strip"),
                .plain(
                    ": untampered, its \(measure) is "
                        + "\(baseline?.textWithBounds ?? NumberText.missing), already past the "
                        + "threshold of \(NumberText.percent(thresholds.safeguard))."),
            ]
            details =
                "No cost to break is shown, for there is nothing to break: audit a model that has "
                + "this safeguard, or choose the suite that this model was hardened with."
            return
        }
        guard record.safeguard == .stands else {
            kind = .unknown
            sentence = [
                .plain("This audit of \(model) has "), .strong("no result"),
                .plain(": it has no \(measure) of the untampered model."),
            ]
            details = "Whether there is a \(safeguard) at all is unclear. Run the audit again."
            return
        }
        guard let outcome = record.batteryOutcome else {
            kind = .unknown
            sentence = [
                .plain("This audit of \(model) has "), .strong("no result"),
                .plain(": no adversary ran to an outcome."),
            ]
            details = "Below is what failed or did not apply, with the reasons."
            return
        }
        let unclear = adversaries.filter { record.resistance(to: $0.name) == .unclear }
        if record.resistance == .unclear {
            kind = .unknown
            let held = adversaries.count - unclear.count
            let names = listed(unclear.map(\.name))
            sentence = [
                .plain("Whether the \(safeguard) of \(model) holds is "), .strong("unclear"),
                .plain(
                    held == 0
                        ? ": no adversary was measured in whole."
                        : ": \(held) of \(adversaries.count) adversaries did not break it, but "
                            + "\(names) \(unclear.count == 1 ? "was" : "were") not measured in whole."
                ),
            ]
            details =
                "What was not measured might have broken it. Below is what failed or did not "
                + "apply, with the reasons."
            return
        }
        let summary = record.adversaries.first { $0.name == outcome.adversary }
            .map { AdversarySummary($0, of: record) }
        let attack = summary.map { Names.attack($0.specification) } ?? outcome.adversary
        let broken = adversaries.filter { AdversarySummary($0, of: record).isBroken }
        var parts: [String] = []
        switch outcome.cost {
        case .broken(let cost, _):
            kind = .broken
            sentence = [
                .plain("Stripping the \(safeguard) of \(model) took "),
                .strong(Verdict.price(cost)),
                .plain(
                    ", by \(attack)\(attack == outcome.adversary ? "" : " (\(outcome.adversary))")."
                ),
            ]
            if let before = baseline, let after = summary?.final(thresholds.measure) {
                let steps = summary?.cells.compactMap { $0.finalPoint?.step }.max() ?? 0
                let end = steps > 0 ? "after all \(NumberText.count(steps, "step"))" : "afterwards"
                parts.append(
                    words.sentence(thresholds.measure).map { sentence in
                        "It \(sentence.verb) \(before.textWithBounds) of \(sentence.object) "
                            + "untampered, and \(after.textWithBounds) \(end)."
                    }
                        ?? "Its \(measure) is \(before.textWithBounds) untampered, and "
                        + "\(after.textWithBounds) \(end).")
            }
            if let summary, let change = Verdict.capability(record, summary) {
                parts.append(change)
            }
            if let seeds = summary?.outcome, seeds.seeds > 1 {
                parts.append(
                    "It broke in \(seeds.brokenSeeds) of \(seeds.seeds) seeds; the cost above "
                        + "is the middle seed's.")
            }
            parts.append(
                adversaries.count == 1
                    ? "No other adversary was tried."
                    : "\(broken.count) of \(adversaries.count) adversaries broke the safeguard.")
            if !unclear.isEmpty {
                parts.append(
                    "\(listed(unclear.map(\.name))) \(unclear.count == 1 ? "was" : "were") not "
                        + "measured in whole, and may be cheaper.")
            }
        case .censored where record.resistance == .broken:
            kind = .broken
            let some = adversaries.compactMap { adversary -> String? in
                let summary = AdversarySummary(adversary, of: record)
                return summary.resistance == .broken
                    ? "\(adversary.name) (\(summary.brokenText ?? ""))" : nil
            }
            sentence = [
                .plain("The \(safeguard) of \(model) was "), .strong("broken in some seeds"),
                .plain(", by \(listed(some))."),
            ]
            parts.append(
                "No adversary broke it in its middle seed, so that no typical cost to break is "
                    + "known.")
        case .censored(let cost, let reason):
            kind = .withstood
            var sentence: [Phrase] = [
                .plain("The \(safeguard) of \(model) was "), .strong("not broken"),
                .plain(
                    adversaries.count == 1
                        ? " by the one adversary tried"
                        : " by any of \(adversaries.count) adversaries"),
            ]
            // Attacks without training have no budget to use as a bound.
            if cost.examples > 0 || cost.steps > 0 {
                sentence += [
                    .plain(" within the budget: its cost to break is more than "),
                    .strong(Verdict.price(cost, isBound: true)),
                ]
            }
            self.sentence = sentence + [.plain(".")]
            if let before = baseline, let after = summary?.final(thresholds.measure) {
                let values =
                    "\(before.textWithBounds) untampered and \(after.textWithBounds) after "
                    + "\(attack), the longest attempt: "
                    + "\(words.reason(reason, thresholds: thresholds))."
                parts.append(
                    words.sentence(thresholds.measure).map { sentence in
                        "Of \(sentence.object) it \(sentence.verb) \(values)"
                    } ?? "Its \(measure) is \(values)")
            }
            parts.append("An adversary outside this battery may do better.")
        }
        details = parts.joined(separator: " ")
    }

    /// Returns a cost in words, without the parts that are zero.
    ///
    /// - Parameters:
    ///   - cost: The cost.
    ///   - isBound: Whether the sentence says "more than" before it, so that "less than" cannot follow.
    /// - Returns: Examples, steps and dollars.
    static func price(_ cost: AttackCost, isBound: Bool = false) -> String {
        var parts: [String] = []
        if cost.examples > 0 { parts.append(NumberText.count(cost.examples, "example")) }
        if cost.steps > 0 { parts.append(NumberText.count(cost.steps, "step")) }
        let dollars =
            isBound
            ? NumberText.dollars(cost.dollars) : NumberText.dollarsInSentence(cost.dollars)
        if parts.isEmpty {
            return cost.dollars > 0
                ? "no training at all and \(dollars) of computation" : "no training at all"
        }
        if cost.dollars > 0 { parts.append("\(dollars) of computation") }
        return listed(parts)
    }

    private static func capability(
        _ record: AuditRecord, _ summary: AdversarySummary
    ) -> String? {
        guard let before = record.baseline.first(MeasureName.capability)?.value, before.isFinite,
            let after = summary.final(MeasureName.capability)?.value, after.isFinite
        else { return nil }
        return "Capability goes from \(NumberText.percent(before)) to "
            + "\(NumberText.percent(after))."
    }
}
