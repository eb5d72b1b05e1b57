// SPDX-License-Identifier: Apache-2.0
// The benefit of hardenings against their cost: one point for each.

import Foundation
import Records

/// One panel: how many times more each model costs to break than the control, against the
/// capability that its safeguard costs.
struct TradeOffChart {
    /// One model.
    struct Entry {
        let label: String
        let least: ResistanceRatio
        let median: ResistanceRatio
        /// The capability lost, in percentage points.
        let tax: RateDifference?
    }

    private static let size = Point(340, 250)
    private static let left = 44.0
    private static let right = 328.0
    private static let top = 16.0
    private static let bottom = 200.0
    /// The greatest ratio drawn; larger ones are drawn at it. The ratio is infinite if the control
    /// broke for nothing and the model held.
    private static let most = 1000.0

    private let entries: [Entry]
    private let quantity: String
    private let horizontal: Scale
    private let vertical: Scale

    /// Makes a panel; nil when no model has both numbers.
    ///
    /// - Parameters:
    ///   - quantity: The quantity of the ratios.
    ///   - entries: The models.
    init?(_ quantity: String, _ entries: [Entry]) {
        let shown = entries.filter { $0.tax != nil }
        guard !shown.isEmpty else { return nil }
        self.entries = shown
        self.quantity = quantity
        let taxes = shown.compactMap(\.tax)
        let low = taxes.map { -$0.upper }.min() ?? 0
        let high = taxes.map { -$0.lower }.max() ?? 0
        horizontal = Scale(
            kind: .linear, domain: min(low, -0.01)...max(high, 0.03), start: Self.left,
            end: Self.right)
        let ratios = shown.flatMap { [$0.least.value, $0.median.value] }
            .map { min(max($0, 0.1), Self.most) }
        vertical = Scale.decades(ratios + [1, 10], start: Self.bottom, end: Self.top)
    }

    /// Returns the panel as SVG.
    ///
    /// - Parameter id: Unique in the page.
    /// - Returns: The chart, and its numbers in words.
    func markup(id: String) -> Drawing {
        var svg = SVG(width: Self.size.x, height: Self.size.y)
        for tick in vertical.decadeTicks(labelWidth: { _ in 12 }) {
            let y = vertical(tick)
            svg.line(Point(Self.left, y), Point(Self.right, y), tick == 1 ? "axis" : "grid")
            svg.text(
                "× \(NumberText.significant(tick))", at: Point(Self.left - 6, y + 4), "tick",
                anchor: .end)
        }
        svg.line(
            Point(horizontal(0), Self.top), Point(horizontal(0), Self.bottom), "axis")
        let points = stride(from: -0.5, through: 0.5, by: 0.02).filter {
            horizontal.domain.contains($0)
        }
        for tick in spread(points, apart: 44, place: { horizontal($0) }) {
            svg.text(
                NumberText.whole((tick * 100).rounded()),
                at: Point(horizontal(tick), Self.bottom + 18), "tick", anchor: .middle)
        }
        svg.text(
            "points of capability lost", at: Point((Self.left + Self.right) / 2, Self.bottom + 40),
            "tick", anchor: .middle)
        for (index, entry) in entries.enumerated() { draw(entry, index, &svg) }
        return svg.markup(
            id: id, title: "Ratio of \(quantity) to the control against capability lost",
            description: entries.map(words).joined(separator: "; ") + ".", classes: "chart")
    }

    private func place(_ ratio: ResistanceRatio) -> Double {
        vertical(min(max(ratio.value, vertical.domain.lowerBound), vertical.domain.upperBound))
    }

    private func draw(_ entry: Entry, _ index: Int, _ svg: inout SVG) {
        guard let tax = entry.tax else { return }
        let x = horizontal(-tax.difference)
        let (middle, low) = (place(entry.median), place(entry.least))
        svg.line(
            Point(horizontal(-tax.upper), middle), Point(horizontal(-tax.lower), middle), "guide")
        svg.line(Point(x, low), Point(x, middle), "guide")
        svg.mark(.square, at: Point(x, low), size: 3.5, "mark outside")
        svg.mark(
            .circle, at: Point(x, middle), size: 5,
            entry.median.isLowerBound ? "mark censored" : "mark broken")
        if entry.median.isLowerBound || entry.median.value > vertical.domain.upperBound {
            svg.polygon(
                [Point(x - 5, middle - 6), Point(x, middle - 13), Point(x + 5, middle - 6)], "arrow"
            )
        }
        // Labels of neighbours alternate, so that those of two points at one place can both be
        // read.
        let isLeft = x + 9 + labelWidth(entry.label) > Self.right
        svg.text(
            entry.label,
            at: Point(isLeft ? x - 9 : x + 9, middle + (index.isMultiple(of: 2) ? -6 : 14)),
            "label halo", anchor: isLeft ? .end : .start)
    }

    private func words(_ entry: Entry) -> String {
        "\(entry.label): median \(Self.text(entry.median)), least \(Self.text(entry.least)), "
            + (entry.tax.map { NumberText.percent(-$0.difference) } ?? "unknown")
            + " of capability lost"
    }

    /// Returns a ratio as `× 2.1` or `> × 4`, or a word where the control broke for nothing and the
    /// model held.
    static func text(_ ratio: ResistanceRatio) -> String {
        guard ratio.value.isFinite else { return "held" }
        let value = "× \(NumberText.significant(ratio.value))"
        return ratio.isLowerBound ? "> \(value)" : value
    }
}
