// SPDX-License-Identifier: Apache-2.0
// Whether the hardened model counts as immunised, condition by condition.

import Records

extension PageSections {
    /// One row for each condition; none where the battery does not fine-tune.
    var immunization: Table {
        let found = Immunization(record)
        let headers = ["Verdict", "What was found"]
        let isKnown = found.seen != nil || found.heldOut != nil || found.otherDomain != nil
        return Table(
            caption: "The conditions of immunisation (arXiv:2402.16382)", corner: "Condition",
            headers: headers.map { Table.Header(label: $0, isText: true) },
            rows: (isKnown ? Immunization.Condition.allCases : []).map { condition in
                let words = Self.words(condition)
                return Table.Row(
                    heading: words.name, subheading: words.meaning, isReference: false,
                    cells: [
                        Table.Cell(
                            label: headers[0], text: found.verdict(condition).rawValue,
                            isText: true),
                        Table.Cell(
                            label: headers[1], text: evidence(condition, found), isText: true),
                    ])
            })
    }

    var immunizationRemark: String {
        "Resistance is to fine-tuning alone: the other attacks of this page may be cheaper. A break "
            + "is seen at the next point of a trace, so that the steps a safeguard stood are a "
            + "lower bound. Capability may fall, and the training loss lie above the original's, by "
            + "\(NumberText.percent(thresholds.utilityLoss)) of its value at most."
    }

    private static func words(
        _ condition: Immunization.Condition
    ) -> (name: String, meaning: String) {
        switch condition {
        case .strongResistance:
            ("Strong resistance", "no fine-tuning on restricted data breaks it")
        case .weakResistance: ("Weak resistance", "it stands longer than the undefended original")
        case .stability: ("Stability", "hardening kept the capability")
        case .generalisationInDomain:
            ("Generalisation in domain", "restricted data that the defender has not seen")
        case .generalisationAcrossDomains:
            ("Generalisation across domains", "restricted data of another suite")
        case .trainability: ("Trainability", "benign fine-tuning learns as before hardening")
        }
    }

    private func evidence(_ condition: Immunization.Condition, _ found: Immunization) -> String {
        switch condition {
        case .strongResistance:
            return found.seen.map(text) ?? "no adversary of the battery learns from such data"
        case .generalisationInDomain:
            return found.heldOut.map(text) ?? "no adversary of the battery learns from such data"
        case .generalisationAcrossDomains:
            return found.otherDomain.map(text)
                ?? "no adversary of the battery learns from such data"
        case .weakResistance:
            guard let seen = found.seen else { return "nothing to judge it by" }
            let here = "stood \(NumberText.count(seen.standingSteps, "step")) in every seed"
            return seen.undefendedSteps.map { steps in
                here
                    + (steps == 0
                        ? "; the original is past the threshold untampered, or after a step"
                        : "; the original stood \(NumberText.count(steps, "step"))")
            } ?? here + "; the original is not known"
        case .stability:
            return found.capability.map { change in
                "capability changed by \(NumberText.points(change.difference)) "
                    + "(\(NumberText.points(change.lower, unit: "")) to "
                    + "\(NumberText.points(change.upper, unit: "")), "
                    + (change.isPaired ? "item by item)" : "items taken as independent)")
            } ?? "the original is not known"
        case .trainability:
            guard !found.learning.isEmpty else {
                return "no benign fine-tuning was run on both models"
            }
            return found.learning.map { cell in
                "loss \(NumberText.significant(cell.hardened)) against the original's "
                    + "\(NumberText.significant(cell.undefended)) nats a token after "
                    + NumberText.count(cell.step, "step")
            }.joined(separator: "; ")
        }
    }

    private func text(_ resistance: Immunization.Resistance) -> String {
        guard record.safeguard == .stands else { return withoutCosts }
        guard resistance.cells > 0 else { return "no run could be measured" }
        let rest =
            resistance.unmeasured > 0
            ? "; \(NumberText.count(resistance.unmeasured, "run")) could not be measured" : ""
        let stood = NumberText.count(resistance.standingSteps, "step")
        return resistance.broken == 0
            ? "stood \(stood) in all \(NumberText.count(resistance.cells, "measured run"))\(rest)"
            : "\(resistance.broken) of \(NumberText.count(resistance.cells, "run")) broke it, the "
                + "first when it had stood \(stood)\(rest)"
    }
}
