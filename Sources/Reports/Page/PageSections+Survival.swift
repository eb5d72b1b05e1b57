// SPDX-License-Identifier: Apache-2.0
// Cost to break over seeds, and how certain the fall of the safeguard is.

import Records

extension PageSections {
    /// The attacks that were run with several seeds, the cheapest first.
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
                    drawing: $0.markup(id: "survival-\(quantity.rawValue)"))
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
}
