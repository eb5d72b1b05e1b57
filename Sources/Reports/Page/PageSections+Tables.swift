// SPDX-License-Identifier: Apache-2.0
// The tables of the page.

import Foundation
import Records

extension PageSections {
    private var tableMeasures: [String] {
        let present =
            record.baseline.map(\.measure) + (record.original ?? []).map(\.measure)
            + record.cells.compactMap(\.finalPoint).flatMap(\.measurements).map(\.measure)
        return words.ordered(present, judged: thresholds.measure)
    }

    /// The most measures that a table has room for on a page.
    private static let columns = 7

    /// What each adversary left of the model, in as many tables as the measures need.
    var effects: [Table] {
        let measures = tableMeasures
        let parts = stride(from: 0, to: measures.count, by: Self.columns).map {
            Array(measures[$0..<min($0 + Self.columns, measures.count)])
        }
        return parts.enumerated().map { index, part in
            effects(part, part: parts.count > 1 ? " (\(index + 1) of \(parts.count))" : "")
        }
    }

    private func effects(_ measures: [String], part: String) -> Table {
        let words = words
        func row(
            _ name: String, _ note: String?, isReference: Bool, _ value: (String) -> PooledValue?
        ) -> Table.Row {
            Table.Row(
                heading: name, subheading: note, isReference: isReference,
                cells: measures.map { measure in
                    let value = value(measure)
                    return Table.Cell(
                        label: words.title(measure), text: value?.text ?? NumberText.missing,
                        small: value?.bounds, value: value?.value)
                })
        }
        var rows: [Table.Row] = []
        if let original = record.original {
            rows.append(
                row("Original", "before hardening", isReference: true) { measure in
                    PooledValue(original.first(measure).map { [$0] } ?? [])
                })
        }
        rows.append(row("Untampered", "the audited model", isReference: true, baseline))
        let controls = summaries.filter(\.specification.isControl)
        for summary in controls + ranked where !summary.cells.isEmpty {
            let note = Names.attack(summary.specification)
            rows.append(
                row(
                    summary.specification.name, note == summary.specification.name ? nil : note,
                    isReference: summary.specification.isControl, summary.final))
        }
        return Table(
            caption: "What each adversary left of the model, at its last step, with 95% intervals"
                + part,
            corner: "Adversary",
            headers: measures.map { Table.Header(label: words.title($0)) },
            rows: rows)
    }

    var prices: Table {
        let headers = [
            "Outcome", "Seeds broken", "Examples", "Steps", "Tokens", "FLOPs", "Dollars",
            "Device time",
        ]
        let rows = ranked.map { summary -> Table.Row in
            let typical = summary.outcome?.typical
            let cost = typical?.cost
            func cell(
                _ label: String, _ value: Double?, _ text: (Double) -> String,
                _ interval: Interval? = nil
            ) -> Table.Cell {
                guard let value else { return Table.Cell(label: label, text: NumberText.missing) }
                let sign = typical?.isBroken == false && value > 0 ? "> " : ""
                return Table.Cell(
                    label: label, text: sign + text(value), small: bounds(interval, text),
                    value: value)
            }
            let outcome: String =
                switch typical {
                case .broken(_, let step):
                    step == 0 ? "broken at once" : "broken at step \(NumberText.count(step))"
                case .censored(_, let reason): words.reason(reason, thresholds: thresholds)
                case nil: summary.withoutCost
                }
            return Table.Row(
                heading: summary.specification.name, subheading: nil, isReference: false,
                cells: [
                    Table.Cell(label: headers[0], text: outcome, isText: true),
                    Table.Cell(
                        label: headers[1],
                        text: summary.brokenText ?? NumberText.missing),
                    cell(headers[2], cost.map { Double($0.examples) }, NumberText.whole),
                    cell(
                        headers[3], cost.map { Double($0.steps) }, NumberText.whole,
                        summary.outcome?.steps),
                    cell(headers[4], cost.map { Double($0.tokens) }, NumberText.whole),
                    cell(headers[5], cost?.floatingPointOperations) { NumberText.significant($0) },
                    cell(
                        headers[6], cost?.dollars, NumberText.dollars, summary.outcome?.dollars),
                    cell(headers[7], cost?.deviceSeconds, NumberText.duration),
                ])
        }
        return Table(
            caption: "What each adversary paid until the safeguard broke, in the middle seed",
            corner: "Adversary",
            headers: headers.enumerated().map {
                Table.Header(label: $0.element, isText: $0.offset == 0)
            }, rows: [undefendedRow(headers: headers)].compactMap(\.self) + rows)
    }

    func bounds(
        _ interval: Interval?, _ text: (Double) -> String
    ) -> String? {
        guard let interval, text(interval.lower) != text(interval.upper) else { return nil }
        return interval.upper.isFinite
            ? "\(text(interval.lower))–\(text(interval.upper))" : "\(text(interval.lower)) or more"
    }

    var pricesRemark: String {
        let prices = record.prices
        let evaluation = record.cells.compactMap { $0.trace.last?.evaluationCost }
            .reduce(.zero, +)
        return
            "Dollars are FLOPs ÷ (\(NumberText.significant(prices.peakFlops, digits: 3)) "
            + "a second × \(NumberText.percent(prices.utilisation)) utilisation) × "
            + "\(NumberText.dollars(prices.dollarsPerHour)) an hour: \(prices.accelerator), price "
            + "of \(prices.date). Device time is what it took on the audit's machine "
            + "(\(record.machines.map(\.summary).joined(separator: "; "))). "
            + "Measuring took another "
            + "\(NumberText.significant(evaluation.floatingPointOperations)) FLOPs and "
            + "\(NumberText.duration(evaluation.deviceSeconds)), which no adversary pays."
    }

    var tax: [TaxRow] {
        let names = words
        return tableMeasures.enumerated().compactMap { index, measure in
            guard let after = record.baseline.first(measure), !names.isTrivial(after) else {
                return nil
            }
            let before = record.original?.first(measure)
            let pooled = (before.flatMap { PooledValue([$0]) }, PooledValue([after]))
            let texts = (pooled.0?.text ?? NumberText.missing, pooled.1?.text ?? NumberText.missing)
            let words =
                (pooled.0.map { "original \($0.textWithBounds), " } ?? "")
                + "\(taxColumn.lowercased()) \(pooled.1?.textWithBounds ?? NumberText.missing)"
            return TaxRow(
                measure: names.title(measure), explanation: names.explanation(measure),
                before: texts.0, beforeBounds: pooled.0?.bounds, after: texts.1,
                afterBounds: pooled.1?.bounds, change: change(before, after),
                svg: after.unit == .fraction
                    ? Strip.change(
                        before: before, after: after, id: "tax-\(index)",
                        title: names.title(measure), text: words) : nil)
        }
    }

    private func change(_ before: MeasuredValue?, _ after: MeasuredValue) -> String {
        guard let before, before.value.isFinite, after.value.isFinite else {
            return NumberText.missing
        }
        let difference = after.value - before.value
        if after.unit == .fraction { return NumberText.points(difference) }
        if difference == 0 { return "±0" }
        return (difference > 0 ? "+" : "−") + NumberText.significant(abs(difference))
    }

    var taxHeading: String {
        record.safeguard == .stands ? "What the safeguard itself costs" : "The untampered model"
    }

    /// The audited model's name in the comparison with the original.
    var taxColumn: String { record.safeguard == .stands ? "Safeguarded" : "Audited" }

    var taxLead: String {
        if record.original == nil, record.safeguard != .stands {
            return "What the audited model does before any adversary is at work."
        }
        guard record.original != nil else {
            return "The model before hardening was not measured, so what the safeguard costs in "
                + "capability is not known. The untampered model by itself:"
        }
        let base = record.baseModel.map { " of \($0.name)" } ?? ""
        guard let hardening = record.hardening else {
            return "The untampered model beside the original\(base)."
        }
        let cost = hardening.cost
        let effort = [
            cost.steps > 0 ? NumberText.count(cost.steps, "step") : nil,
            cost.examples > 0 ? NumberText.count(cost.examples, "example") : nil,
            cost.deviceSeconds > 0 ? NumberText.duration(cost.deviceSeconds) : nil,
        ].compactMap(\.self)
        return "Hardened\(record.baseModel.map { " from \($0.name)" } ?? "") by "
            + Names.attack(hardening.defense)
            + (effort.isEmpty ? "." : " (\(effort.joined(separator: ", "))).")
    }
}
