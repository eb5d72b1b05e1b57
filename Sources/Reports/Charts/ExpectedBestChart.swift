// SPDX-License-Identifier: Apache-2.0
// The expected best of n trials of a search.

/// One panel: the expected best of n trials against n.
struct ExpectedBestChart {
    private let expected: [Double]
    private let measure: String

    /// Makes a panel; nil for fewer than two trials.
    ///
    /// - Parameters:
    ///   - expected: The expected best of 1, 2, ... trials, shares.
    ///   - measure: The measure's title.
    init?(_ expected: [Double], measure: String) {
        guard expected.count > 1, expected.allSatisfy({ (0...1).contains($0) }) else { return nil }
        self.expected = expected
        self.measure = measure
    }

    /// Returns the panel as SVG.
    ///
    /// - Parameter id: Unique in the page.
    /// - Returns: The chart, and its numbers in words.
    func markup(id: String) -> Drawing {
        let (left, right, top, bottom) = (38.0, 322.0, 14.0, 190.0)
        let vertical = Scale(kind: .linear, domain: 0...1, start: bottom, end: top)
        let horizontal = Scale(
            kind: .linear, domain: 1...Double(expected.count), start: left + 8, end: right - 8)
        var svg = SVG(width: 340, height: 240)
        for quarter in 0...4 {
            let share = Double(quarter) / 4
            let y = vertical(share)
            svg.line(Point(left, y), Point(right, y), quarter == 0 ? "axis" : "grid")
            svg.text(NumberText.percent(share), at: Point(left - 5, y + 3.5), "tick", anchor: .end)
        }
        let counts = expected.indices.map { Double($0 + 1) }
        for tick in spread(counts, apart: 24, place: { horizontal($0) }) {
            svg.line(Point(horizontal(tick), bottom), Point(horizontal(tick), bottom + 4), "axis")
            svg.text(
                NumberText.whole(tick), at: Point(horizontal(tick), bottom + 16), "tick",
                anchor: .middle)
        }
        svg.text("n trials", at: Point((left + right) / 2, bottom + 33), "tick", anchor: .middle)
        let points = zip(counts, expected).map { Point(horizontal($0), vertical($1)) }
        svg.polyline(points, "line series-0")
        for point in points { svg.mark(.circle, at: point, size: 2.6, "mark winner") }
        let words = zip(counts, expected).map { "of \(Int($0)) \(NumberText.percent($1))" }
        return svg.markup(
            id: id, title: "Expected best \(measure) of n trials",
            description: words.joined(separator: ", ") + ".", classes: "chart")
    }
}
