// SPDX-License-Identifier: Apache-2.0
// The safeguard against the cost of one adversary, for several models in one panel.

import Records

/// One panel: the safeguard's measure against dollars of computation, a line for each model.
struct CourseChart {
    private struct Series {
        let index: Int
        let name: String
        let points: [(dollars: Double, value: PooledValue)]
    }

    private let title: String
    private let measure: String
    private let thresholds: Thresholds
    private let series: [Series]
    private let frame: CostFrame

    /// Makes a panel; nil when no model has a course against this adversary, or the measure is not
    /// a share between 0 and 1.
    ///
    /// - Parameters:
    ///   - title: The adversary.
    ///   - measure: The measure's title.
    ///   - thresholds: The thresholds of the safeguard.
    ///   - models: Each model's name and its result against the adversary; nil where it was not
    ///     run.
    init?(
        _ title: String, measure: String, thresholds: Thresholds,
        models: [(String, AdversarySummary?)]
    ) {
        self.title = title
        self.measure = measure
        self.thresholds = thresholds
        series = models.prefix(SurvivalChart.most).enumerated().compactMap { index, model in
            guard let summary = model.1, !summary.isInstant else { return nil }
            let points = summary.course(thresholds.measure).compactMap { step, value in
                summary.dollars(at: step).map { (dollars: $0, value: value) }
            }
            return points.count > 1 ? Series(index: index, name: model.0, points: points) : nil
        }
        let values = series.flatMap(\.points)
        guard values.contains(where: { $0.dollars > 0 }),
            values.allSatisfy({ (0...1).contains($0.value.value) })
        else { return nil }
        frame = CostFrame(.dollars, costs: values.map(\.dollars))
    }

    /// Returns the panel as SVG.
    ///
    /// - Parameter id: Unique in the page.
    /// - Returns: The chart, and its numbers in words.
    func markup(id: String) -> Drawing {
        var svg = frame.panel(keys: series.count, threshold: thresholds.safeguard)
        for one in series.reversed() {
            let points = one.points.map { frame.place($0.dollars, $0.value.value) }
            svg.polyline(points, "line series-\(one.index)")
            for point in points {
                svg.mark(.circle, at: point, size: 2.6, "mark dot series-\(one.index)")
            }
        }
        for (row, one) in series.enumerated() {
            svg.key(
                one.index, one.name, one.points.last?.value.text ?? "",
                from: frame.key(row), to: CostFrame.right)
        }
        let words = series.map { one in
            let points = one.points.map {
                "\($0.value.text) after \(NumberText.dollars($0.dollars))"
            }
            return "\(one.name): \(points.joined(separator: ", "))"
        }
        return svg.markup(
            id: id,
            title: "\(measure) against dollars: \(title)",
            description: words.joined(separator: "; ") + ".", classes: "chart")
    }
}

extension AdversarySummary {
    /// Returns the mean cost of the seeds up to a step; 0 before the first.
    func dollars(at step: Int) -> Double? {
        let paid = cells.flatMap(\.trace).filter { $0.step == step }.map(\.cost.dollars)
        return paid.isEmpty ? (step == 0 ? 0 : nil) : Interval.mean(paid)
    }
}
