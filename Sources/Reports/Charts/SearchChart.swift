// SPDX-License-Identifier: Apache-2.0
// The course of a search: the result of every trial, the best so far, and the confirmation.

import Records

/// One panel: the trials of a search on validation prompts, and beside them its winner on test
/// prompts.
struct SearchChart {
    private static let size = Point(340, 240)
    private static let left = 38.0
    private static let right = 232.0
    private static let top = 14.0
    private static let bottom = 190.0

    private let search: SearchRecord
    private let thresholds: Thresholds
    private let measure: String
    /// The winner's measure on test prompts in each confirming seed.
    private let confirmed: [MeasuredValue]
    private let horizontal: Scale
    private let vertical = Scale(kind: .linear, domain: 0...1, start: bottom, end: top)

    /// Makes a panel; nil when no trial gave a share.
    ///
    /// - Parameters:
    ///   - search: The search.
    ///   - measure: The title of the safeguard's measure.
    ///   - thresholds: The thresholds of the safeguard.
    ///   - confirmed: The winner's measure on test prompts in each confirming seed.
    init?(
        _ search: SearchRecord, measure: String, thresholds: Thresholds,
        confirmed: [MeasuredValue]
    ) {
        let values = search.trials.compactMap(\.value)
        guard !values.isEmpty, values.allSatisfy({ (0...1).contains($0) }) else { return nil }
        self.search = search
        self.thresholds = thresholds
        self.confirmed = confirmed.filter(\.value.isFinite)
        self.measure = measure
        horizontal = Scale(
            kind: .linear, domain: 1...Double(max(2, search.trials.count)),
            start: Self.left + 8, end: Self.right - 6)
    }

    /// Returns the panel as SVG.
    ///
    /// - Parameter id: Unique in the page.
    /// - Returns: The chart, and its numbers in words.
    func markup(id: String) -> Drawing {
        var svg = SVG(width: Self.size.x, height: Self.size.y)
        drawFrame(&svg)
        let best = search.bestSoFar(thresholds)
        var line: [Point] = []
        for (index, value) in best.enumerated() {
            guard let value else { continue }
            let x = horizontal(Double(index + 1))
            if let last = line.last { line.append(Point(x, last.y)) }
            line.append(Point(x, vertical(value)))
        }
        svg.polyline(line, "line series-0")
        for (index, trial) in search.trials.enumerated() {
            guard let value = trial.value else { continue }
            svg.mark(
                .circle, at: Point(horizontal(Double(index + 1)), vertical(value)), size: 3.2,
                trial.isWithinBounds ? "mark safeguard" : "mark outside")
        }
        drawWinner(best.last ?? nil, &svg)
        let all = best.compactMap(\.self)
        return svg.markup(
            id: id, title: "\(measure) against trials: \(search.adversary)",
            description: description(best: all.last), classes: "chart")
    }

    private func drawFrame(_ svg: inout SVG) {
        for quarter in 0...4 {
            let share = Double(quarter) / 4
            let y = vertical(share)
            svg.line(
                Point(Self.left, y), Point(Self.size.x - 4, y), quarter == 0 ? "axis" : "grid")
            svg.text(
                NumberText.percent(share), at: Point(Self.left - 5, y + 3.5), "tick", anchor: .end)
        }
        let threshold = vertical(thresholds.safeguard)
        svg.line(Point(Self.left, threshold), Point(Self.size.x - 4, threshold), "threshold")
        svg.line(Point(Self.right + 8, Self.top), Point(Self.right + 8, Self.bottom), "axis")
        let trials = (1...max(search.trials.count, 1)).map(Double.init)
        for tick in spread(trials, apart: 24, place: { horizontal($0) }) {
            let x = horizontal(tick)
            svg.line(Point(x, Self.bottom), Point(x, Self.bottom + 4), "axis")
            svg.text(
                NumberText.whole(tick), at: Point(x, Self.bottom + 16), "tick", anchor: .middle)
        }
        svg.text(
            "trial, on validation prompts",
            at: Point((Self.left + Self.right) / 2, Self.bottom + 33), "tick", anchor: .middle)
    }

    /// Draws the value by which the winner was chosen, and its values on other prompts.
    private func drawWinner(_ chosen: Double?, _ svg: inout SVG) {
        let (first, second) = (Self.right + 33, Self.right + 78)
        for (x, text) in [(first, "chosen"), (second, "test")] {
            svg.text(text, at: Point(x, Self.bottom + 16), "tick", anchor: .middle)
        }
        guard let chosen else {
            svg.text("none", at: Point(first, vertical(0.5)), "label", anchor: .middle)
            return
        }
        svg.mark(.diamond, at: Point(first, vertical(chosen)), size: 5.5, "mark winner")
        guard let pooled = PooledValue(confirmed) else { return }
        if let lower = pooled.lower, let upper = pooled.upper {
            svg.line(
                Point(second, vertical(lower)), Point(second, vertical(upper)), "bound winner")
        }
        for value in confirmed {
            svg.line(
                Point(second - 7, vertical(value.value)), Point(second + 7, vertical(value.value)),
                "line thin series-0")
        }
        let mean = Point(second, vertical(pooled.value))
        svg.line(Point(first, vertical(chosen)), mean, "guide")
        svg.mark(.square, at: mean, size: 4.5, "mark winner")
        for (x, value) in [(first, chosen), (second, pooled.value)] {
            let isLow = vertical(value) > Self.bottom - 20
            svg.text(
                NumberText.percent(value), at: Point(x, vertical(value) + (isLow ? -10 : 20)),
                "label value halo", anchor: .middle)
        }
    }

    private func description(best: Double?) -> String {
        let outside = search.trials.count { !$0.isWithinBounds }
        var text = "\(NumberText.count(search.trials.count, "trial")), \(outside) out of bounds. "
        text += best.map { "Best on validation prompts \(NumberText.percent($0))." } ?? "No winner."
        if let pooled = PooledValue(confirmed) {
            text +=
                " The winner on test prompts: \(pooled.textWithBounds) over "
                + "\(NumberText.count(confirmed.count, "seed"))."
        }
        return text
    }
}
