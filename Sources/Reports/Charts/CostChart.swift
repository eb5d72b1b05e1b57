// SPDX-License-Identifier: Apache-2.0
// The cost of each adversary until the safeguard broke, on a logarithmic axis.

import Foundation
import Records

/// One panel: one quantity of the cost to break, with a row for each adversary.
struct CostChart {
    private static let width = 340.0
    private static let left = 4.0
    private static let right = 328.0
    private static let top = 6.0
    private static let rowHeight = 40.0

    private let quantity: CostQuantity
    private let rows: [(name: String, outcome: AdversaryOutcome, typical: CostToBreak)]
    private let scale: Scale
    private let hasZero: Bool

    /// Makes a panel; nil when no adversary paid anything of the quantity.
    ///
    /// - Parameters:
    ///   - quantity: The quantity of the axis.
    ///   - summaries: The adversaries in the order of the rows.
    init?(_ quantity: CostQuantity, _ summaries: [AdversarySummary]) {
        let rows = summaries.compactMap { summary in
            summary.outcome.flatMap { outcome in
                outcome.typical.map { (summary.specification.name, outcome, $0) }
            }
        }
        guard rows.contains(where: { quantity.value(of: $0.2.cost) > 0 }) else { return nil }
        self.quantity = quantity
        self.rows = rows
        let values = rows.flatMap { _, outcome, typical in
            let interval = quantity.interval(outcome)
            return [quantity.value(of: typical.cost), interval?.lower, interval?.upper]
                .compactMap(\.self)
        }
        hasZero = values.contains { $0 <= 0 }
        let smallest = values.filter { $0 > 0 }.min() ?? 1
        let start = hasZero ? 24 + labelWidth(quantity.text(smallest)) / 2 : 6
        scale = Scale.decades(values, start: Self.left + start, end: Self.right - 30)
    }

    /// Returns the panel as SVG.
    ///
    /// - Parameter id: Unique in the page.
    /// - Returns: The chart, and its numbers in words.
    func markup(id: String) -> Drawing {
        let bottom = Self.top + Double(rows.count) * Self.rowHeight + 4
        var svg = SVG(width: Self.width, height: bottom + 22)
        for tick in scale.decadeTicks(labelWidth: { labelWidth(quantity.text($0)) }) {
            let x = scale(tick)
            svg.line(Point(x, Self.top), Point(x, bottom), "grid")
            let isFirst = x - labelWidth(quantity.text(tick)) / 2 < 0
            svg.text(
                quantity.text(tick), at: Point(isFirst ? 0 : x, bottom + 15), "tick",
                anchor: isFirst ? .start : .middle)
        }
        if hasZero {
            svg.line(Point(Self.left + 4, Self.top), Point(Self.left + 4, bottom), "grid")
            svg.text("0", at: Point(Self.left + 4, bottom + 15), "tick", anchor: .middle)
        }
        svg.line(Point(Self.left, bottom), Point(Self.right, bottom), "axis")
        for (index, row) in rows.enumerated() {
            draw(row, y: Self.top + Double(index) * Self.rowHeight, &svg)
        }
        let words = rows.map { "\($0.name): \(text($0.outcome, $0.typical))" }
        return svg.markup(
            id: id, title: "Cost to break: \(quantity.title)",
            description: words.joined(separator: "; ") + ".", classes: "chart")
    }

    private func place(_ value: Double) -> Double {
        value <= 0 ? Self.left + 4 : value.isFinite ? scale(value) : Self.right - 8
    }

    private func text(_ outcome: AdversaryOutcome, _ typical: CostToBreak) -> String {
        let value = quantity.value(of: typical.cost)
        guard typical.isBroken else {
            return value > 0 ? "> " + quantity.text(value) : "not broken"
        }
        guard let interval = quantity.interval(outcome),
            quantity.text(interval.lower) != quantity.text(interval.upper)
        else { return quantity.text(value) }
        return "\(quantity.text(value)) (\(bounds(interval)))"
    }

    private func bounds(_ interval: Interval) -> String {
        interval.upper.isFinite
            ? "\(quantity.text(interval.lower))–\(quantity.text(interval.upper))"
            : "\(quantity.text(interval.lower)) or more"
    }

    private func draw(
        _ row: (name: String, outcome: AdversaryOutcome, typical: CostToBreak), y: Double,
        _ svg: inout SVG
    ) {
        var value = text(row.outcome, row.typical)
        func room() -> Int { Int((Self.right - Self.left - labelWidth(value) * 1.1) / 6.6) - 1 }
        // The bar shows the bounds too, and the table prints them; the name appears only here.
        if row.name.count > room(), let end = value.range(of: " (") {
            value = String(value[..<end.lowerBound])
        }
        let room = room()
        let name = row.name.count > room ? row.name.prefix(max(1, room - 1)) + "…" : row.name[...]
        svg.text(String(name), at: Point(Self.left, y + 14), "label halo")
        svg.text(value, at: Point(Self.right, y + 14), "label value halo", anchor: .end)
        let line = y + 26
        let x = place(quantity.value(of: row.typical.cost))
        svg.line(Point(Self.left + 4, line), Point(x, line), "guide")
        if row.typical.isBroken {
            if let interval = quantity.interval(row.outcome), interval.lower != interval.upper {
                let (from, to) = (place(interval.lower), place(interval.upper))
                svg.rectangle(Point(from, line - 4), width: to - from, height: 8, "range")
                if !interval.upper.isFinite { arrow(to, line, "arrow", &svg) }
            }
            svg.mark(.circle, at: Point(x, line), size: 5, "mark broken")
        } else {
            svg.line(Point(x, line), Point(x + 24, line), "censored")
            arrow(x + 22, line, "arrow", &svg)
            svg.mark(.circle, at: Point(x, line), size: 4.5, "mark censored")
        }
    }

    private func arrow(_ x: Double, _ y: Double, _ classes: String, _ svg: inout SVG) {
        svg.polygon([Point(x, y - 5), Point(x + 8, y), Point(x, y + 5)], classes)
    }
}
