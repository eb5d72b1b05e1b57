// SPDX-License-Identifier: Apache-2.0
// Tables of adversaries by models, whose cells are coloured by their value.

import Foundation
import Records

extension Comparison {
    /// The safeguard's measure after each adversary.
    var safeguardMap: HeatMap {
        let untampered = HeatMap.Row(
            heading: "Untampered", subheading: nil,
            cells: entries.map { entry in
                let value = entry.record.baseline.first(thresholds.measure)
                return safeguardCell(entry, PooledValue(value.map { [$0] } ?? []), note: nil)
            })
        let rows = adversaries.map { adversary in
            HeatMap.Row(
                heading: adversary.name, subheading: Names.attack(adversary),
                cells: entries.map { entry in
                    let summary = entry.summary(adversary.name)
                    let note = summary?.outcome.flatMap { outcome in
                        outcome.brokenSeeds > 0
                            ? "broken \(outcome.brokenSeeds) of \(outcome.seeds)" : nil
                    }
                    return safeguardCell(
                        entry, summary?.final(thresholds.measure), note: note,
                        missing: summary?.withoutMeasure)
                })
        }
        let originals = HeatMap.Row(
            heading: "Before hardening", subheading: "the undefended control, untampered",
            cells: entries.map { entry in
                let value = entry.record.original?.first(thresholds.measure)
                return safeguardCell(entry, PooledValue(value.map { [$0] } ?? []), note: nil)
            })
        let hasOriginals = entries.contains { $0.record.original != nil }
        return HeatMap(
            caption: "\(measureName) on test prompts at each adversary's last step",
            headers: entries.map(\.label),
            rows: (hasOriginals ? [originals] : []) + [untampered] + rows)
    }

    private func safeguardCell(
        _ entry: Entry, _ value: PooledValue?, note: String?, missing: String? = nil
    ) -> HeatMap.Cell {
        guard let value, value.value.isFinite else {
            return HeatMap.Cell(label: entry.label, text: missing ?? "not run", tone: "none")
        }
        let stands = thresholds.brokenWhen == .below ? value.value : 1 - value.value
        let notes = [value.bounds.map { "(\($0))" }, note].compactMap(\.self)
        return HeatMap.Cell(
            label: entry.label, text: value.text,
            small: notes.isEmpty ? nil : notes.joined(separator: " "),
            tone: HeatMap.tone("hold", stands))
    }

    /// The cost of each adversary, on a logarithmic scale. A cheaper one has a stronger colour.
    var costMap: HeatMap {
        let costs = adversaries.flatMap { adversary in
            entries.compactMap { $0.summary(adversary.name)?.outcome?.typical }
        }
        let paid = costs.filter(\.isBroken).map(\.cost.dollars).filter { $0 > 0 }.map { log10($0) }
        let (low, high) = (paid.min() ?? 0, paid.max() ?? 0)
        let rows = adversaries.map { adversary in
            HeatMap.Row(
                heading: adversary.name, subheading: Names.attack(adversary),
                cells: entries.map { entry in
                    costCell(entry, entry.summary(adversary.name), low: low, high: high)
                })
        }
        return HeatMap(
            caption: "Cost to break in US dollars of computation, in the middle seed",
            headers: entries.map(\.label), rows: rows)
    }

    private func costCell(
        _ entry: Entry, _ summary: AdversarySummary?, low: Double, high: Double
    ) -> HeatMap.Cell {
        guard let typical = summary?.outcome?.typical else {
            return HeatMap.Cell(
                label: entry.label, text: summary?.withoutCost ?? "not run", tone: "none")
        }
        let cost = typical.cost
        let steps = cost.steps > 0 ? NumberText.count(cost.steps, "step") : nil
        guard summary?.resistance != .unclear else {
            return HeatMap.Cell(
                label: entry.label, text: "unclear", small: summary?.brokenText, tone: "none")
        }
        guard typical.isBroken else {
            return HeatMap.Cell(
                label: entry.label,
                text: cost.dollars >= 1e-9
                    ? "> \(NumberText.dollars(cost.dollars))" : "not broken",
                small: steps, tone: "censored")
        }
        let cheapness =
            cost.dollars <= 0 || high <= low
            ? 1 : 0.3 + 0.7 * (high - log10(cost.dollars)) / (high - low)
        return HeatMap.Cell(
            label: entry.label, text: NumberText.dollars(cost.dollars),
            small: steps ?? "at once", tone: HeatMap.tone("harm", cheapness))
    }
}
