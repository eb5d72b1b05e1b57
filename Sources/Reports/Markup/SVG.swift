// SPDX-License-Identifier: Apache-2.0
// A small builder of SVG. It supports only what the charts draw, and omits coordinates that are not
// finite.

import Foundation

/// A point in a chart, in the chart's units.
struct Point {
    var x: Double
    var y: Double

    init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }

    var isFinite: Bool { x.isFinite && y.isFinite }
}

/// The position of a text relative to its point.
enum Anchor: String {
    case start, middle, end
}

/// The shape that marks a value, so that series differ without colour.
enum Marker {
    case circle, square, diamond
}

/// A finished chart.
struct Drawing {
    let svg: String
    /// What it shows, in words and numbers: for people who cannot see it or want the figures.
    let words: String
}

/// An SVG element under construction. Elements with a coordinate that is not finite are left out.
struct SVG {
    let width: Double
    let height: Double
    private var body = ""

    init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    /// Returns the finished element.
    ///
    /// - Parameters:
    ///   - id: Unique in the page.
    ///   - title: A short name of the chart, for screen readers.
    ///   - description: The content of the chart in words and numbers.
    ///   - classes: CSS classes.
    /// - Returns: The markup, and the description.
    func markup(id: String, title: String, description: String, classes: String) -> Drawing {
        let svg = """
            <svg xmlns="http://www.w3.org/2000/svg" class="\(classes)" role="img" \
            viewBox="0 0 \(number(width)) \(number(height))" \
            aria-labelledby="\(id)-title \(id)-desc">\
            <title id="\(id)-title">\(escaped(title))</title>\
            <desc id="\(id)-desc">\(escaped(description))</desc>\(body)</svg>
            """
        return Drawing(svg: svg, words: description)
    }

    mutating func line(_ from: Point, _ to: Point, _ classes: String) {
        guard from.isFinite, to.isFinite else { return }
        body += """
            <line class="\(classes)" x1="\(number(from.x))" y1="\(number(from.y))" \
            x2="\(number(to.x))" y2="\(number(to.y))"/>
            """
    }

    mutating func polyline(_ points: [Point], _ classes: String) {
        let points = points.filter(\.isFinite)
        guard points.count > 1 else { return }
        body += "<polyline class=\"\(classes)\" points=\"\(coordinates(points))\"/>"
    }

    mutating func polygon(_ points: [Point], _ classes: String) {
        guard points.count > 2, points.allSatisfy(\.isFinite) else { return }
        body += "<polygon class=\"\(classes)\" points=\"\(coordinates(points))\"/>"
    }

    mutating func rectangle(_ origin: Point, width: Double, height: Double, _ classes: String) {
        guard origin.isFinite, width.isFinite, height.isFinite, width >= 0 else { return }
        body += """
            <rect class="\(classes)" x="\(number(origin.x))" y="\(number(origin.y))" \
            width="\(number(width))" height="\(number(height))"/>
            """
    }

    /// A mark, with words that a browser shows beside the pointer.
    mutating func mark(
        _ marker: Marker, at point: Point, size: Double, _ classes: String, tip: String? = nil
    ) {
        guard point.isFinite else { return }
        if let tip { body += "<g><title>\(escaped(tip))</title>" }
        defer { if tip != nil { body += "</g>" } }
        switch marker {
        case .circle:
            body += """
                <circle class="\(classes)" cx="\(number(point.x))" cy="\(number(point.y))" \
                r="\(number(size))"/>
                """
        case .square:
            rectangle(
                Point(point.x - size, point.y - size), width: 2 * size, height: 2 * size, classes)
        case .diamond:
            polygon(
                [
                    Point(point.x, point.y - size), Point(point.x + size, point.y),
                    Point(point.x, point.y + size), Point(point.x - size, point.y),
                ], classes)
        }
    }

    mutating func text(
        _ text: String, at point: Point, _ classes: String, anchor: Anchor = .start
    ) {
        guard point.isFinite else { return }
        body += """
            <text class="\(classes)" x="\(number(point.x))" y="\(number(point.y))" \
            text-anchor="\(anchor.rawValue)">\(escaped(text))</text>
            """
    }

    /// The height of a line of a chart's key.
    static let keyHeight = 17.0

    /// A line of a key: how a series is drawn, its name, and a value.
    mutating func key(
        _ series: Int, _ name: String, _ value: String, from start: Point, to right: Double
    ) {
        line(start, Point(start.x + 30, start.y), "line series-\(series)")
        let room = max(4, Int((right - start.x - 44 - Double(value.count) * 7.6) / 6.6))
        let shown = name.count > room ? name.prefix(room - 1) + "…" : name[...]
        text(String(shown), at: Point(start.x + 37, start.y + 4), "label")
        text(value, at: Point(right, start.y + 4), "label value", anchor: .end)
    }

    private func coordinates(_ points: [Point]) -> String {
        points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
    }
}

/// Returns a coordinate with at most two decimals.
func number(_ value: Double) -> String {
    var text = Substring(String(format: "%.2f", value))
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text == "-0" ? "0" : String(text)
}
