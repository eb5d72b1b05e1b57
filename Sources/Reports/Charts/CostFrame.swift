// SPDX-License-Identifier: Apache-2.0
// The frame of a share against a cost: a logarithmic axis with zero at its left.

import Records

/// Axes, grid and coordinates of a panel that shows a share between 0 and 1 against a cost.
struct CostFrame {
    static let width = 340.0
    static let left = 38.0
    static let right = 326.0
    static let top = 12.0
    static let bottom = 158.0

    let quantity: CostQuantity
    private let scale: Scale
    private let hasZero: Bool
    private let vertical = Scale(kind: .linear, domain: 0...1, start: bottom, end: top)

    /// Makes a frame that holds all costs.
    init(_ quantity: CostQuantity, costs: [Double]) {
        self.quantity = quantity
        hasZero = costs.contains { $0 <= 0 }
        scale = Scale.decades(
            costs, start: Self.left + (hasZero ? 34 : 6), end: Self.right - 10)
    }

    func place(_ cost: Double, _ share: Double) -> Point {
        Point(cost <= 0 ? Self.left + 6 : scale(cost), vertical(share))
    }

    /// Returns an empty panel with its axes, with room for this number of lines of a key.
    func panel(keys: Int, threshold: Double? = nil) -> SVG {
        var svg = SVG(
            width: Self.width, height: Self.bottom + 30 + Double(keys) * SVG.keyHeight)
        for share in [0, 0.5, 1] {
            let y = vertical(share)
            svg.line(Point(Self.left, y), Point(Self.right, y), share == 0 ? "axis" : "grid")
            svg.text(
                NumberText.percent(share), at: Point(Self.left - 5, y + 3.5), "tick", anchor: .end)
        }
        if let threshold {
            let y = vertical(threshold)
            svg.line(Point(Self.left, y), Point(Self.right, y), "threshold")
        }
        var free = -Double.infinity
        let decades = scale.decadeTicks(labelWidth: { labelWidth(quantity.text($0)) })
        for tick in (hasZero ? [0] : []) + decades {
            let text = quantity.text(tick)
            let x = place(tick, 0).x
            let half = labelWidth(text) / 2
            svg.line(Point(x, Self.bottom), Point(x, Self.bottom + 4), "axis")
            guard x - half > free, x + half < Self.width + 6 else { continue }
            free = x + half + 4
            svg.text(text, at: Point(x, Self.bottom + 16), "tick", anchor: .middle)
        }
        return svg
    }

    /// Returns the start of a line of the key.
    func key(_ row: Int) -> Point {
        Point(Self.left, Self.bottom + 34 + Double(row) * SVG.keyHeight)
    }
}
