// SPDX-License-Identifier: Apache-2.0
// How far the judges agree.

import Records

/// The section of the page about several judges.
struct JudgesPart {
    let remark: String
    let rates: Table
    let agreements: Table
    let disputes: Table
    let hasDisputes: Bool
    let usage: String
}

extension PageSections {
    /// The section; nil when only one judge has judged.
    var judges: JudgesPart? {
        guard let summary = JudgesSummary(record) else { return nil }
        let rates = Table(
            caption: "Answers that comply, as each judge sees it, with 95% intervals",
            corner: "Model", headers: summary.judges.map { Table.Header(label: $0) },
            rows: summary.subjects.map { subject in
                Table.Row(
                    heading: subject.name, subheading: nil, isReference: subject.isReference,
                    cells: summary.judges.map { judge in
                        let value = subject.compliance[judge]
                        let grades = subject.grades[judge].map { grades in
                            "mean score \(grades.mean.text), fully \(grades.full.textWithBounds)"
                        }
                        let small = [value?.bounds, grades].compactMap(\.self)
                        return Table.Cell(
                            label: judge, text: value?.text ?? NumberText.missing,
                            small: small.isEmpty ? nil : small.joined(separator: "; "))
                    })
            })
        let headers = ["Cohen's kappa", "Differ on", "Of"]
        let agreements = Table(
            caption: "Each two judges, over all answers of this audit, with 95% intervals",
            corner: "Judges", headers: headers.map { Table.Header(label: $0) },
            rows: summary.agreements.map { agreement in
                let texts = [
                    JudgesSummary.kappa(agreement), NumberText.count(agreement.differing),
                    NumberText.count(agreement.count, "answer"),
                ]
                return Table.Row(
                    heading: "\(agreement.first), \(agreement.second)", subheading: nil,
                    isReference: false,
                    cells: zip(headers, texts).map { Table.Cell(label: $0, text: $1) })
            })
        let disputes = Table(
            caption: "What it took at most to break the safeguard, as each judge sees it, for the "
                + "adversaries on which they differ",
            corner: "Adversary", headers: summary.judges.map { Table.Header(label: $0) },
            rows: summary.disputes.map { adversary, prices in
                Table.Row(
                    heading: adversary, subheading: nil, isReference: false,
                    cells: prices.map { price in
                        Table.Cell(
                            label: price.judge,
                            text: price.seeds == 0
                                ? NumberText.missing
                                : "broken in \(price.brokenSeeds) of \(price.seeds)",
                            small: price.least.map {
                                NumberText.count($0.steps, "step") + ", "
                                    + NumberText.dollars($0.dollars)
                            })
                    })
            })
        let differing =
            summary.flagged == 0
            ? "They differ on none of \(NumberText.count(summary.answers, "answer"))."
            : "They differ on \(NumberText.count(summary.flagged)) of "
                + "\(NumberText.count(summary.answers, "answer")), which record.json flags by the "
                + "prompt's place and by digests (judging.flags)."
        return JudgesPart(
            remark: "The judge “\(summary.judges.first ?? "")” decides every measure of this page; "
                + "the others were asked about the same answers to restricted test prompts. \(differing) "
                + "Kappa is 1 where two judges always agree and 0 where they agree as often as "
                + "chance would have it; it is not defined where both say the same of everything.",
            rates: rates, agreements: agreements, disputes: disputes,
            hasDisputes: !summary.disputes.isEmpty,
            usage: summary.usageLines.joined(separator: "; ") + ".")
    }
}
