// SPDX-License-Identifier: Apache-2.0
// Cost to break over seeds, and how sure the fall of the safeguard is.

import Records

extension PageSections {
    /// The attacks that were run with several seeds, cheapest first.
    private var repeated: [AdversarySummary] { ranked.filter { ($0.outcome?.seeds ?? 0) > 1 } }

    private func series(_ quantity: CostQuantity) -> [SurvivalChart.Series] {
        repeated.compactMap { summary in
            SurvivalCurve(summary.cells.survival(quantity)).map {
                SurvivalChart.Series(name: summary.specification.name, curve: $0)
            }
        }
    }

    var survival: [Panel] {
        CostQuantity.allCases.compactMap { quantity in
            SurvivalChart(quantity, series(quantity)).map {
                Panel(
                    heading: quantity.title, remark: "",
                    svg: $0.markup(id: "survival-\(quantity.rawValue)"))
            }
        }
    }

    var survivalRemark: String {
        let left = repeated.count - SurvivalChart.most
        return "The share of seeds whose safeguard still stands after so much was paid "
            + "(Kaplan-Meier), and beside each name the median. A tick across a line is a seed "
            + "that never broke within its budget. The band is the 95% bootstrap interval of the "
            + "first curve. A break is seen at the next point of the trace, so that true costs lie "
            + "up to one point lower."
            + (left > 0
                ? " The \(left) dearer adversaries are in the table alone." : "")
    }

    var survivalTable: Table {
        let quantities = CostQuantity.allCases
        let headers = ["Seeds broken", "Standing at the end"] + quantities.map(\.title)
        let rows = repeated.map { summary in
            let curves = quantities.map { SurvivalCurve(summary.cells.survival($0)) }
            let last = curves[0]?.steps.last
            let standing = last.flatMap { curves[0]?.interval(at: $0.cost) }
            var cells = [
                Table.Cell(
                    label: headers[0],
                    text: summary.outcome.map { "\($0.brokenSeeds) of \($0.seeds)" } ?? ""),
                Table.Cell(
                    label: headers[1],
                    text: NumberText.percent(last?.survival ?? 1),
                    small: standing.map { NumberText.percents($0.lower, $0.upper) }),
            ]
            for (quantity, curve) in zip(quantities, curves) {
                let interval = curve?.medianInterval()
                let most = curve?.censored.last ?? 0
                cells.append(
                    Table.Cell(
                        label: quantity.title,
                        text: curve?.median.map(quantity.text)
                            ?? (most > 0 ? "> \(quantity.text(most))" : NumberText.missing),
                        small: interval.flatMap { bounds($0, quantity.text) }))
            }
            return Table.Row(
                heading: summary.specification.name, subheading: nil, isReference: false,
                cells: cells)
        }
        return Table(
            caption: "The median cost to break over seeds, with 95% intervals: bootstrap for "
                + "costs, Greenwood's for what stands",
            corner: "Adversary", headers: headers.map { Table.Header(label: $0) }, rows: rows)
    }

    /// What the model before hardening does, which nothing defends, or nil when it is not known.
    var undefended: String? {
        guard let value = record.original?.first(thresholds.measure),
            let pooled = PooledValue([value])
        else { return nil }
        return thresholds.measure == MeasureName.refusal
            ? "refuses \(pooled.text) untouched" : "has \(pooled.text) untouched"
    }

    /// The undefended control beside the prices: at any budget, if it needs none.
    func undefendedRow(headers: [String]) -> Table.Row? {
        guard let value = record.original?.first(thresholds.measure),
            let pooled = PooledValue([value])
        else { return nil }
        let isBroken = thresholds.isBroken(value.value)
        let outcome =
            isBroken
            ? "past the threshold untouched: \(measureName.lowercased()) \(pooled.textWithBounds)"
            : "\(measureName.lowercased()) \(pooled.textWithBounds) untouched; the battery was "
                + "not run on it"
        return Table.Row(
            heading: "Undefended original", subheading: "control", isReference: true,
            cells: headers.enumerated().map { index, header in
                index == 0
                    ? Table.Cell(label: header, text: outcome, isText: true)
                    : Table.Cell(
                        label: header,
                        text: index == 1 || !isBroken ? NumberText.missing : "0")
            })
    }

    /// How each attack's final measure differs from the untampered model's, and the probability of
    /// that by chance, corrected for the number of attacks.
    var differences: [String: (difference: RateDifference, corrected: Double)] {
        let found = attacks.compactMap { summary -> (String, RateDifference)? in
            let seeds = summary.cells.compactMap { cell -> RateDifference? in
                guard let after = cell.finalPoint?.measurements.first(thresholds.measure),
                    let before = record.baseline.first(
                        thresholds.measure, preferring: after.split),
                    before.split == after.split
                else { return nil }
                return RateDifference(after, minus: before)
            }
            return RateDifference(ofSeeds: seeds).map { (summary.specification.name, $0) }
        }
        let corrected = holmCorrected(found.map(\.1.probability))
        return Dictionary(
            zip(found, corrected).map { ($0.0, ($0.1, $1)) },
            uniquingKeysWith: { first, _ in first })
    }

    var differencesRemark: String {
        "Against untampered: the difference in \(measureName.lowercased()) with Newcombe's 95% "
            + "interval, over several seeds the lowest and highest bound; p by the z test of two "
            + "shares, the greatest of the seeds', corrected by Holm for \(differences.count) "
            + "adversaries; a star marks p below 0.05. The record does not say which prompts were "
            + "refused, so they are taken as independent."
    }
}

/// A difference of two shares as a cell.
/// - Parameters:
///   - label: the column.
///   - difference: the difference, if there is one.
///   - corrected: its probability by chance, corrected for many.
/// - Returns: the cell.
func cell(
    _ label: String, _ difference: RateDifference?, corrected: Double?
) -> Table.Cell {
    guard let difference, let corrected else {
        return Table.Cell(label: label, text: NumberText.missing)
    }
    return Table.Cell(
        label: label,
        text: NumberText.points(difference.difference) + (corrected < 0.05 ? " *" : ""),
        small: "\(NumberText.points(difference.lower, unit: "")) to "
            + "\(NumberText.points(difference.upper, unit: "")); "
            + NumberText.probability(corrected))
}
