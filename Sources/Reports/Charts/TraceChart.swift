// SPDX-License-Identifier: Apache-2.0
// The safeguard and the capability against the steps of one adversary.

import Records

/// One panel: the safeguard's measure and the capability over the steps of an adversary.
struct TraceChart {
    private static let size = Point(340, 240)
    private static let left = 36.0
    private static let right = 270.0
    private static let top = 24.0
    private static let bottom = 196.0

    private let summary: AdversarySummary
    private let vertical: Scale
    private let horizontal: Scale
    private let steps: [Int]

    /// Makes a panel; nil when the adversary has no measurement of the safeguard.
    ///
    /// - Parameter summary: The adversary.
    init?(_ summary: AdversarySummary) {
        let measures = [summary.thresholds.measure, MeasureName.capability]
        let courses = measures.flatMap { summary.course($0) }
        guard !summary.course(summary.thresholds.measure).isEmpty else { return nil }
        self.summary = summary
        steps = Set(courses.map(\.step)).sorted()
        let last = Double(steps.last ?? 1)
        let firstPositive = Double(steps.first { $0 > 0 } ?? 1)
        horizontal = Scale(
            kind: last >= 16 * firstPositive ? .logarithmicFromZero : .linear,
            domain: Double(steps.first ?? 0)...max(last, Double((steps.first ?? 0) + 1)),
            start: Self.left + 8, end: Self.right - 6)
        let values = courses.flatMap { [$0.value.value, $0.value.lower, $0.value.upper] }
            .compactMap(\.self).filter(\.isFinite)
        let isShare = summary.course(measures[0]).allSatisfy { $0.value.unit == .fraction }
        let range =
            isShare
            ? 0...1 : min(0, values.min() ?? 0)...max(values.max() ?? 1, (values.min() ?? 0) + 1e-9)
        vertical = Scale(kind: .linear, domain: range, start: Self.bottom, end: Self.top)
    }

    /// Returns the panel as SVG.
    ///
    /// - Parameter id: Unique in the page.
    /// - Returns: The chart, and its numbers in words.
    func markup(id: String) -> Drawing {
        var svg = SVG(width: Self.size.x, height: Self.size.y)
        drawFrame(&svg)
        let safeguard = summary.course(summary.thresholds.measure)
        let capability = summary.course(MeasureName.capability)
        drawBand(safeguard, &svg)
        if summary.cells.count > 1, !summary.isInstant {
            for trace in summary.traces(summary.thresholds.measure) {
                let points = trace.sorted { $0.key < $1.key }
                    .map { Point(horizontal(Double($0.key)), vertical($0.value.value)) }
                svg.polyline(points, "seed")
            }
        }
        draw(capability, .square, "capability", &svg)
        draw(safeguard, .circle, "safeguard", &svg)
        drawConfirmation(safeguard, &svg)
        drawBreak(safeguard, &svg)
        drawLabels(safeguard, capability, &svg)
        return svg.markup(
            id: id,
            title: "\(summary.measureName) against steps: "
                + summary.specification.name,
            description: description(safeguard, capability), classes: "chart")
    }

    private func place(_ step: Int, _ value: Double) -> Point {
        Point(horizontal(Double(step)), vertical(value))
    }

    private func drawFrame(_ svg: inout SVG) {
        let low = vertical.domain.lowerBound
        let high = vertical.domain.upperBound
        for quarter in 0...4 {
            let value = low + (high - low) * Double(quarter) / 4
            let y = vertical(value)
            svg.line(
                Point(Self.left, y), Point(Self.right, y), quarter == 0 ? "axis" : "grid")
            let isShare = low == 0 && high == 1
            svg.text(
                isShare ? NumberText.percent(value) : NumberText.significant(value),
                at: Point(Self.left - 5, y + 3.5), "tick", anchor: .end)
        }
        let threshold = vertical(summary.thresholds.safeguard)
        svg.line(Point(Self.left, threshold), Point(Self.right, threshold), "threshold")
        svg.text(
            "threshold \(NumberText.percent(summary.thresholds.safeguard))",
            at: Point(Self.left + 4, threshold - 4), "tick halo")
        if summary.isInstant {
            svg.text(
                "before", at: Point(horizontal(0), Self.bottom + 16), "tick")
            svg.text(
                "after", at: Point(horizontal(1), Self.bottom + 16), "tick", anchor: .end)
        } else {
            let ticks = spread(steps.map(Double.init), apart: 24) { horizontal($0) }
            for tick in ticks {
                let x = horizontal(tick)
                svg.line(Point(x, Self.bottom), Point(x, Self.bottom + 4), "axis")
                svg.text(
                    NumberText.count(Int(tick)), at: Point(x, Self.bottom + 16), "tick",
                    anchor: .middle)
            }
            svg.text(
                horizontal.kind == .linear ? "steps" : "steps (logarithmic)",
                at: Point((Self.left + Self.right) / 2, Self.bottom + 33), "tick", anchor: .middle)
        }
    }

    private func drawBand(_ course: [(step: Int, value: PooledValue)], _ svg: inout SVG) {
        let bounded = course.compactMap { point in
            point.value.lower.flatMap { lower in
                point.value.upper.map { (point.step, lower, $0) }
            }
        }
        if !summary.isInstant {
            let edge = bounded.map { place($0.0, $0.2) }
            svg.polygon(edge + bounded.reversed().map { place($0.0, $0.1) }, "band")
        }
        for (step, lower, upper) in bounded {
            svg.line(
                place(step, lower), place(step, upper), summary.isInstant ? "bound" : "whisker")
        }
    }

    private func draw(
        _ course: [(step: Int, value: PooledValue)], _ marker: Marker, _ name: String,
        _ svg: inout SVG
    ) {
        let points = course.map { place($0.step, $0.value.value) }
        svg.polyline(points, summary.isInstant ? "line instant \(name)" : "line \(name)")
        for (point, place) in zip(course, points) {
            svg.mark(
                marker, at: place, size: marker == .circle ? 3.5 : 2.8, "mark \(name)",
                tip: tip(name == "safeguard" ? summary.measureName : "Capability", point))
        }
    }

    /// The value on test prompts, beside the last point of the trace.
    private func drawConfirmation(
        _ course: [(step: Int, value: PooledValue)], _ svg: inout SVG
    ) {
        guard let value = summary.confirmation, let last = course.last else { return }
        svg.mark(
            .diamond, at: place(last.step, value.value), size: 5, "mark confirmation",
            tip: "\(summary.measureName), test prompts: \(value.textWithBounds)")
    }

    private func tip(_ name: String, _ point: (step: Int, value: PooledValue)) -> String {
        "\(name), \(moment(point.step)): \(point.value.textWithBounds)"
    }

    /// A point of the trace, in words.
    private func moment(_ step: Int) -> String {
        summary.isInstant ? (step == 0 ? "before" : "after") : "step \(NumberText.count(step))"
    }

    private func drawBreak(
        _ course: [(step: Int, value: PooledValue)], _ svg: inout SVG
    ) {
        guard case .broken(_, let step) = summary.outcome?.typical, !summary.isInstant,
            let point = course.last(where: { $0.step <= step })
        else { return }
        let x = horizontal(Double(step))
        let isLeft = x < (Self.left + Self.right) / 2
        svg.line(Point(x, Self.top - 7), Point(x, Self.bottom), "break")
        svg.text(
            "broken at step \(NumberText.count(step))",
            at: Point(x + (isLeft ? -2 : 2), Self.top - 10), "label", anchor: isLeft ? .start : .end
        )
        svg.mark(.circle, at: place(step, point.value.value), size: 6.5, "ring")
    }

    private func drawLabels(
        _ safeguard: [(step: Int, value: PooledValue)],
        _ capability: [(step: Int, value: PooledValue)], _ svg: inout SVG
    ) {
        let names = [summary.measureName.lowercased(), "capability"]
        var labels = zip([safeguard, capability], zip(names, ["safeguard", "capability"]))
            .compactMap { course, name in
                course.last.map { last in
                    let y = min(vertical(last.value.value), Self.bottom - 12)
                    return (y: y, texts: texts(last.value, name.1), name: name)
                }
            }.sorted { $0.y < $1.y }
        // A name and its values, a line each.
        func height(_ index: Int) -> Double { 17 + 14 * Double(labels[index].texts.count) }
        if labels.count == 2, labels[1].y - labels[0].y < height(0) {
            let whole = height(0) + height(1)
            let start = min(
                max((labels[0].y + labels[1].y - height(0)) / 2, Self.top), Self.bottom + 16 - whole
            )
            labels[0].y = start
            labels[1].y = start + height(0)
        }
        for label in labels {
            svg.text(
                label.name.0, at: Point(Self.right + 5, label.y + 1), "label \(label.name.1)")
            for (line, text) in label.texts.enumerated() {
                svg.text(
                    text, at: Point(Self.right + 5, label.y + 14 * Double(line + 1)),
                    "label value \(label.name.1)")
            }
        }
    }

    /// The last value of a line, and the one on test prompts.
    private func texts(_ value: PooledValue, _ name: String) -> [String] {
        guard name == "safeguard", let confirmation = summary.confirmation else {
            return [value.text]
        }
        return [value.text, "test \(confirmation.text)"]
    }

    private func description(
        _ safeguard: [(step: Int, value: PooledValue)],
        _ capability: [(step: Int, value: PooledValue)]
    ) -> String {
        func words(_ name: String, _ course: [(step: Int, value: PooledValue)]) -> String {
            let points = course.map { "\(moment($0.step)) \($0.value.textWithBounds)" }
            return "\(name): \(points.joined(separator: ", "))."
        }
        var text = words(summary.measureName, safeguard)
        if let value = summary.confirmation {
            text += " On test prompts at the end \(value.textWithBounds)."
        }
        if !capability.isEmpty { text += " " + words("Capability", capability) }
        return text
    }
}
