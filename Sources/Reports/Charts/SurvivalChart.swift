// SPDX-License-Identifier: Apache-2.0
// The share of seeds whose safeguard still stands, against what was paid.

import Foundation
import Records

/// One panel: Kaplan-Meier curves of one part of the cost to break.
struct SurvivalChart {
    /// One curve and what it is of.
    struct Series {
        let name: String
        let curve: SurvivalCurve
    }

    /// More curves than this cannot be told apart.
    static let most = 5

    private static let width = 340.0
    private static let left = 38.0
    private static let right = 326.0
    private static let top = 12.0
    private static let bottom = 158.0
    private static let keyHeight = 17.0

    private let quantity: CostQuantity
    private let series: [Series]
    private let scale: Scale
    private let hasZero: Bool
    private let vertical = Scale(kind: .linear, domain: 0...1, start: bottom, end: top)

    /// A panel, or nil when nothing was paid of the quantity.
    /// - Parameters:
    ///   - quantity: what is counted.
    ///   - series: the curves, of which the first few are drawn.
    init?(_ quantity: CostQuantity, _ series: [Series]) {
        let series = Array(series.prefix(Self.most))
        let costs = series.flatMap(\.curve.observations).map(\.cost)
        guard costs.contains(where: { $0 > 0 }) else { return nil }
        self.quantity = quantity
        self.series = series
        hasZero = costs.contains { $0 <= 0 }
        scale = Scale.decades(
            costs, start: Self.left + (hasZero ? 34 : 6), end: Self.right - 10)
    }

    /// The panel as SVG.
    /// - Parameters:
    ///   - id: unique in the page.
    ///   - hasBand: whether the first curve has its bootstrap band.
    /// - Returns: the markup.
    func markup(id: String, hasBand: Bool = true) -> String {
        let height = Self.bottom + 30 + Double(series.count) * Self.keyHeight
        var svg = SVG(width: Self.width, height: height)
        drawFrame(&svg)
        if hasBand, let first = series.first { drawBand(first.curve, &svg) }
        for index in series.indices.reversed() { draw(index, &svg) }
        for (index, one) in series.enumerated() {
            let y = Self.bottom + 34 + Double(index) * Self.keyHeight
            svg.line(Point(Self.left, y), Point(Self.left + 30, y), "line series-\(index)")
            let median = text(median: one.curve)
            let room = Int((Self.right - Self.left - 40) / 6.4) - median.count - 1
            let name =
                one.name.count > room ? one.name.prefix(max(3, room - 1)) + "…" : one.name[...]
            svg.text("\(name) ", at: Point(Self.left + 37, y + 4), "label")
            svg.text(median, at: Point(Self.right, y + 4), "label value", anchor: .end)
        }
        let words = series.map { one in
            let steps = one.curve.steps.map {
                "\(NumberText.percent($0.survival)) after \(quantity.text($0.cost))"
            }
            return "\(one.name): "
                + (steps.isEmpty ? "all stand" : listed(steps) + " stand")
        }
        return svg.markup(
            id: id, title: "Seeds that stand against \(quantity.title.lowercased())",
            description: words.joined(separator: "; ") + ".", classes: "chart")
    }

    private func text(median curve: SurvivalCurve) -> String {
        if let median = curve.median { return quantity.text(median) }
        let most = curve.censored.last ?? 0
        return most > 0 ? "> " + quantity.text(most) : "not broken"
    }

    private func place(_ cost: Double) -> Double { cost <= 0 ? Self.left + 6 : scale(cost) }

    private func drawFrame(_ svg: inout SVG) {
        for share in [0, 0.5, 1] {
            let y = vertical(share)
            svg.line(Point(Self.left, y), Point(Self.right, y), share == 0 ? "axis" : "grid")
            svg.text(
                NumberText.percent(share), at: Point(Self.left - 5, y + 3.5), "tick", anchor: .end)
        }
        var free = -Double.infinity
        let zero = hasZero ? [0.0] : []
        for tick in zero + scale.decadeTicks(labelWidth: { labelWidth(quantity.text($0)) }) {
            let (x, half) = (place(tick), labelWidth(quantity.text(tick)) / 2)
            svg.line(Point(x, Self.bottom), Point(x, Self.bottom + 4), "axis")
            guard x - half > free, x + half < Self.width + 6 else { continue }
            free = x + half + 4
            svg.text(quantity.text(tick), at: Point(x, Self.bottom + 16), "tick", anchor: .middle)
        }
    }

    /// The curve as it is drawn, a step at each break.
    private func path(_ curve: SurvivalCurve, _ share: (SurvivalCurve.Step) -> Double) -> [Point] {
        var points = [Point(Self.left, vertical(1))]
        var last = 1.0
        for step in curve.steps {
            points.append(Point(place(step.cost), vertical(last)))
            last = share(step)
            points.append(Point(place(step.cost), vertical(last)))
        }
        let end = curve.observations.map(\.cost).max() ?? 0
        return points + [Point(place(end), vertical(last))]
    }

    private func drawBand(_ curve: SurvivalCurve, _ svg: inout SVG) {
        let bounds = curve.steps.map { step in
            curve.bootstrap(seed: 0) { $0.survival(at: step.cost) }
        }
        guard !bounds.isEmpty, bounds.allSatisfy({ $0 != nil }) else { return }
        let byCost = Dictionary(
            zip(curve.steps.map(\.cost), bounds), uniquingKeysWith: { first, _ in first })
        let upper = path(curve) { byCost[$0.cost]??.upper ?? $0.survival }
        let lower = path(curve) { byCost[$0.cost]??.lower ?? $0.survival }
        svg.polygon(upper + lower.reversed(), "band series-0")
    }

    private func draw(_ index: Int, _ svg: inout SVG) {
        // Curves on one another are set apart by the width of a line.
        let shift = (Double(index) - Double(series.count - 1) / 2) * 2.4
        func shifted(_ point: Point) -> Point { Point(point.x, point.y + shift) }
        let curve = series[index].curve
        svg.polyline(path(curve) { $0.survival }.map(shifted), "line series-\(index)")
        for cost in Set(curve.censored) {
            let point = shifted(Point(place(cost), vertical(curve.survival(at: cost))))
            svg.line(
                Point(point.x, point.y - 5), Point(point.x, point.y + 5),
                "line solid series-\(index)")
        }
    }
}
