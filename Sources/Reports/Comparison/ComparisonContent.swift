// SPDX-License-Identifier: Apache-2.0
// The content of the page of a comparison.

import Foundation
import Records

/// The whole content of the page. Every text is escaped by the template, every `svg` by the code
/// that makes it.
struct ComparisonContent {
    let title: String
    let subtitle: String
    let sentence: String
    let overview: Table
    let safeguardMap: HeatMap
    let costMap: HeatMap
    let mapsRemark: String
    let courses: [Panel]
    let hasCourses: Bool
    let survival: [Panel]
    let hasSurvival: Bool
    let tradeOff: Table
    let tradeOffCharts: [Panel]
    let tradeOffRemark: String
    let hasTradeOff: Bool
    let differences: Table
    let differencesRemark: String
    let tax: Table
    let taxDifferences: Table
    let identity: Table
    let notes: [String]
    let style = PageStyle.css + HeatMap.style

    init(_ comparison: Comparison) {
        let record = comparison.reference.record
        title = listed(comparison.entries.map(\.label))
        subtitle =
            "\(record.suite.safeguard) safeguard · suite \(record.suite.name) "
            + "\(record.suite.version) · \(NumberText.count(comparison.entries.count, "model")) · "
            + "\(comparison.shared.count) shared adversar"
            + (comparison.shared.count == 1 ? "y" : "ies")
        sentence = comparison.sentence
        overview = comparison.overview
        safeguardMap = comparison.safeguardMap
        costMap = comparison.costMap
        mapsRemark =
            "Every cell says what its colour says. Above, the stronger the blue, the more of the "
            + "safeguard stands; below, the stronger the red, the cheaper the break. A dashed "
            + "frame and “>” mark what was not broken within its budget. Over several seeds: the "
            + "mean, with the lowest and highest bound of their 95% intervals."
        courses = comparison.courses
        hasCourses = !courses.isEmpty
        survival = comparison.survival
        hasSurvival = !survival.isEmpty
        tradeOff = comparison.tradeOffTable
        tradeOffCharts = [comparison.tradeOffChart].compactMap(\.self)
        tradeOffRemark = comparison.tradeOffRemark
        hasTradeOff = !tradeOff.rows.isEmpty
        differences = comparison.differenceTable
        differencesRemark = comparison.differencesRemark
        tax = comparison.tax
        taxDifferences = comparison.taxDifferences
        identity = comparison.identity
        notes = comparison.notes
    }
}

extension Comparison {
    /// Names the model that costs most to break by the adversaries that all of them were attacked
    /// with.
    var sentence: String {
        guard unsafeguarded.isEmpty else {
            let words = unsafeguarded.map { entry in
                entry.record.safeguard == .absent
                    ? "\(entry.label) has no \(entry.record.suite.safeguard) safeguard to break, "
                        + "untampered"
                    : "whether \(entry.label) has a safeguard is not known"
            }
            return "These models cannot be ranked by the cost to break: "
                + words.joined(separator: "; ") + "."
        }
        let outcomes = entries.compactMap { entry in
            outcome(of: entry).map { (entry: entry, outcome: $0) }
        }
        guard outcomes.count == entries.count else {
            return "No adversary was measured on every one of these models, so that they cannot "
                + "be ranked."
        }
        let count = "\(shared.count) shared adversar" + (shared.count == 1 ? "y" : "ies")
        let words = outcomes.map { entry, outcome in
            outcome.cost.isBroken
                ? "\(entry.label) took \(Verdict.price(outcome.cost.cost)) (\(outcome.adversary))"
                : isUnclear(entry)
                    ? "whether \(entry.label) holds is unclear, for some were not measured in whole"
                    : "\(entry.label) was not broken"
        }
        return "By the cheapest of \(count), \(words.joined(separator: "; "))."
    }

    /// Returns whether a shared adversary that was not fully measured might have broken a model.
    private func isUnclear(_ entry: Entry) -> Bool {
        shared.contains { entry.record.resistance(to: $0) == .unclear }
    }

    var overview: Table {
        let headers = [
            "Cheapest break", measureName, words.title(MeasureName.overRefusal),
            words.title(MeasureName.capability), "Adversaries that broke it",
        ]
        return Table(
            caption: "At a glance", corner: "Model",
            headers: headers.enumerated().map {
                Table.Header(label: $0.element, isText: $0.offset == 0)
            },
            rows: entries.map { entry in
                let measures = [
                    thresholds.measure, MeasureName.overRefusal, MeasureName.capability,
                ]
                let summaries = adversaries.compactMap { entry.summary($0.name) }
                let price: String =
                    switch outcome(of: entry)?.cost {
                    case .broken(let cost, _): Verdict.price(cost)
                    case .censored(let cost, _):
                        isUnclear(entry)
                            ? "unclear" : "not broken within " + Verdict.price(cost)
                    case nil: entry.record.safeguard.objection ?? NumberText.missing
                    }
                let broken =
                    entry.record.safeguard == .stands
                    ? "\(summaries.count { $0.isBroken }) of \(summaries.count)"
                    : NumberText.missing
                return Table.Row(
                    heading: entry.label,
                    subheading: entry.record.hardening.map { Names.attack($0.defense) },
                    isReference: false,
                    cells: [Table.Cell(label: headers[0], text: price, isText: true)]
                        + zip(measures, headers.dropFirst()).map { measure, header in
                            let value = PooledValue(
                                entry.record.baseline.first(measure).map { [$0] } ?? [])
                            return Table.Cell(
                                label: header, text: value?.text ?? NumberText.missing,
                                small: value?.bounds)
                        }
                        + [
                            Table.Cell(
                                label: headers[4],
                                text: broken)
                        ])
            })
    }

    /// The adversaries with a course, as many as a page can hold readably.
    var courses: [Panel] {
        adversaries.enumerated().compactMap { index, adversary in
            CourseChart(
                adversary.name, measure: measureName, thresholds: thresholds,
                models: entries.map { ($0.label, $0.summary(adversary.name)) }
            ).map {
                Panel(
                    heading: adversary.name, remark: Names.attack(adversary),
                    drawing: $0.markup(id: "course-\(index)"))
            }
        }
    }

    var survival: [Panel] {
        adversaries.enumerated().compactMap { index, adversary in
            let series = entries.compactMap { entry -> SurvivalChart.Series? in
                guard let summary = entry.summary(adversary.name),
                    (summary.outcome?.seeds ?? 0) > 1
                else { return nil }
                return SurvivalCurve(summary.cells.survival(.dollars)).map {
                    SurvivalChart.Series(name: entry.label, curve: $0)
                }
            }
            guard series.count > 1 else { return nil }
            return SurvivalChart(.dollars, series).map {
                Panel(
                    heading: adversary.name, remark: Names.attack(adversary),
                    drawing: $0.markup(
                        id: "survival-\(index)", subject: adversary.name, hasBand: false))
            }
        }
    }

    var identity: Table {
        let headers = ["Model digest", "Defense", "Battery", "Seeds", "Made by", "Command"]
        return Table(
            caption: "The audits", corner: "Model",
            headers: headers.map { Table.Header(label: $0, isText: true) },
            rows: entries.map { entry in
                let record = entry.record
                let values = [
                    String(record.model.digest.prefix(16)),
                    record.hardening.map { Names.attack($0.defense) } ?? NumberText.missing,
                    record.battery, record.seeds.map(String.init).joined(separator: ", "),
                    "Temper \(record.temperVersion), engine \(record.engineVersion)",
                    record.commandLine.joined(separator: " "),
                ]
                return Table.Row(
                    heading: entry.label, subheading: nil, isReference: false,
                    cells: zip(headers, values).map {
                        Table.Cell(label: $0, text: $1, isText: true)
                    })
            })
    }

    /// Notes that a reader must know.
    var notes: [String] {
        var notes = [
            "Records hold how many prompts were refused, not which. The models are therefore "
                + "compared as if on different prompts of the same kind, which makes the intervals "
                + "wider than paired ones; seeds are paired, since equal seeds draw equal examples."
        ]
        let shared = Set(shared)
        let left = adversaries.map(\.name).filter { !shared.contains($0) }
        if !left.isEmpty {
            notes.append(
                "Not run on every model, and left out of the ranking: \(listed(left)).")
        }
        func note<Value: Hashable>(_ what: String, _ value: (AuditRecord) -> Value) {
            if Set(entries.map { value($0.record) }).count > 1 { notes.append(what) }
        }
        note("The records were made by different versions of Temper or its engine.") {
            [$0.temperVersion, $0.engineVersion]
        }
        note("The records state different prices: dollars are not on one scale.", \.prices)
        note("The seeds differ: differences are over those that two records share.", \.seeds)
        note("The audits ran on different machines; device time is not compared.") {
            Set($0.machines)
        }
        if entries.contains(where: { $0.record.evaluation == nil }) {
            notes.append(
                "A record of version 1 does not state how measures were taken, nor its budget apart "
                    + "from the command line.")
        }
        for entry in entries {
            notes += entry.record.unmeasured.map { "Not measured on \(entry.label): \($0)." }
        }
        if entries.contains(where: { $0.record.searches != nil }) {
            notes.append(
                "An adversary that was searched has other parameters on each model: the best that "
                    + "its search found there.")
        }
        return notes
    }
}
