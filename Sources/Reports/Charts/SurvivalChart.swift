// SPDX-License-Identifier: Apache-2.0
// The share of seeds whose safeguard still holds, against the cost.

import Records

/// One panel: Kaplan-Meier curves of one part of the cost to break.
struct SurvivalChart {
    /// One curve and its name.
    struct Series {
        let name: String
        let curve: SurvivalCurve
    }

    /// The most curves that can be distinguished.
    static let most = 5

    private let series: [Series]
    private let frame: CostFrame

    /// Makes a panel; nil when nothing was paid of the quantity.
    ///
    /// - Parameters:
    ///   - quantity: The quantity of the axis.
    ///   - series: The curves. The first few are drawn.
    init?(_ quantity: CostQuantity, _ series: [Series]) {
        self.series = Array(series.prefix(Self.most))
        let costs = self.series.flatMap(\.curve.observations).map(\.cost)
        guard costs.contains(where: { $0 > 0 }) else { return nil }
        frame = CostFrame(quantity, costs: costs)
    }

    /// Returns the panel as SVG.
    ///
    /// - Parameters:
    ///   - id: Unique in the page.
    ///   - subject: The subject of the curves, if the heading does not name it.
    ///   - hasBand: Whether the first curve has its bootstrap band.
    /// - Returns: The chart, and its numbers in words.
    func markup(id: String, subject: String? = nil, hasBand: Bool = true) -> Drawing {
        var svg = frame.panel(keys: series.count)
        if hasBand, let first = series.first { drawBand(first.curve, &svg) }
        for index in series.indices.reversed() { draw(index, &svg) }
        for (index, one) in series.enumerated() {
            svg.key(
                index, one.name, text(median: one.curve), from: frame.key(index),
                to: CostFrame.right)
        }
        let words = series.map { one in
            let steps = one.curve.steps.map {
                "\(NumberText.percent($0.survival)) after \(frame.quantity.text($0.cost))"
            }
            return "\(one.name): " + (steps.isEmpty ? "all stand" : listed(steps) + " stand")
        }
        return svg.markup(
            id: id,
            title: "Seeds that stand against \(frame.quantity.title.lowercased())"
                + (subject.map { ": \($0)" } ?? ""),
            description: words.joined(separator: "; ") + ".", classes: "chart")
    }

    private func text(median curve: SurvivalCurve) -> String {
        if let median = curve.median { return frame.quantity.text(median) }
        let most = curve.censored.last ?? 0
        return most > 0 ? "> " + frame.quantity.text(most) : "not broken"
    }

    /// Returns the curve's path, with a step at each break.
    private func path(_ curve: SurvivalCurve, _ share: (SurvivalCurve.Step) -> Double) -> [Point] {
        var points = [Point(CostFrame.left, frame.place(0, 1).y)]
        var last = 1.0
        for step in curve.steps {
            points.append(frame.place(step.cost, last))
            last = share(step)
            points.append(frame.place(step.cost, last))
        }
        return points + [frame.place(curve.observations.map(\.cost).max() ?? 0, last)]
    }

    private func drawBand(_ curve: SurvivalCurve, _ svg: inout SVG) {
        let costs = curve.steps.map(\.cost)
        let intervals = curve.bootstrap(seed: 0) { sample in
            costs.map { sample.survival(at: $0) }
        }
        guard let intervals, !costs.isEmpty else { return }
        let bounds = Dictionary(zip(costs, intervals), uniquingKeysWith: { first, _ in first })
        let upper = path(curve) { bounds[$0.cost]?.upper ?? $0.survival }
        let lower = path(curve) { bounds[$0.cost]?.lower ?? $0.survival }
        svg.polygon(upper + lower.reversed(), "band series-0")
    }

    private func draw(_ index: Int, _ svg: inout SVG) {
        // Curves that coincide are shifted by the width of a line.
        let shift = (Double(index) - Double(series.count - 1) / 2) * 2.4
        func shifted(_ point: Point) -> Point { Point(point.x, point.y + shift) }
        let curve = series[index].curve
        svg.polyline(path(curve) { $0.survival }.map(shifted), "line series-\(index)")
        for cost in Set(curve.censored).sorted() {
            let point = shifted(frame.place(cost, curve.survival(at: cost)))
            svg.line(
                Point(point.x, point.y - 5), Point(point.x, point.y + 5),
                "line solid series-\(index)")
        }
    }
}
