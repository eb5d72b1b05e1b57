// SPDX-License-Identifier: Apache-2.0
// What each hardening bought and what it costs, against the first model as the control.

import Foundation
import Records

extension Comparison {
    /// The models that were hardened otherwise than the reference, with their trade.
    private var tradeOffs: [(entry: Entry, trade: TradeOff)] {
        entries.dropFirst().filter { $0.record.safeguard == .stands }.map {
            ($0, TradeOff($0.record, against: reference.record))
        }
    }

    /// The ratios of costs, and what the safeguard costs untampered.
    var tradeOffTable: Table {
        let headers = [
            "Examples, median", "least", "FLOPs, median", "least", "Adversaries",
            "Capability lost", words.title(MeasureName.overRefusal), measureName,
        ]
        return Table(
            caption: "How many times dearer than \(reference.label)", corner: "Model",
            headers: headers.enumerated().map {
                Table.Header(label: $0.element, isText: $0.offset == 4)
            },
            rows: tradeOffs.map { entry, trade in
                func ratio(_ summary: (least: ResistanceRatio, median: ResistanceRatio)?)
                    -> [String]
                {
                    summary.map { [TradeOffChart.text($0.median), TradeOffChart.text($0.least)] }
                        ?? [NumberText.missing, NumberText.missing]
                }
                func share(_ measure: String) -> (String, String?) {
                    let value = PooledValue(entry.record.baseline.first(measure).map { [$0] } ?? [])
                    return (value?.text ?? NumberText.missing, value?.bounds)
                }
                let held = trade.rows.count { $0.operations.isLowerBound }
                let tax = trade.tax.map { tax -> (String, String?) in
                    (
                        Self.points(-tax.difference),
                        "\(Self.points(-tax.upper)) to \(Self.points(-tax.lower))"
                    )
                }
                let texts: [(String, String?)] =
                    (ratio(trade.examples) + ratio(trade.operations)).map { ($0, nil) }
                    + [("\(held) of \(trade.rows.count) held", nil)]
                    + [tax ?? (NumberText.missing, nil)]
                    + [share(MeasureName.overRefusal), share(thresholds.measure)]
                return Table.Row(
                    heading: entry.label,
                    subheading: entry.record.hardening.map { Names.attack($0.defense) },
                    isReference: false,
                    cells: zip(headers, texts).enumerated().map { index, pair in
                        Table.Cell(
                            label: pair.0, text: pair.1.0, small: pair.1.1, isText: index == 4)
                    })
            })
    }

    /// The chart of the same, by floating-point operations.
    var tradeOffChart: Panel? {
        let entries = tradeOffs.compactMap { entry, trade in
            trade.operations.map {
                TradeOffChart.Entry(
                    label: entry.label, least: $0.least, median: $0.median, tax: trade.tax)
            }
        }
        return TradeOffChart("FLOPs", entries).map {
            Panel(
                heading: "What each hardening bought", remark: "against what it costs",
                svg: $0.markup(id: "trade-off"))
        }
    }

    var tradeOffRemark: String {
        "A ratio is the cost to break a model over the cost to break \(reference.label), by the same "
            + "adversary; only adversaries that broke \(reference.label) count. “>” marks an adversary "
            + "that never broke the model within its budget, “held” one that broke "
            + "\(reference.label) for nothing and did not break the model. Capability lost is that of "
            + "the untampered model against the model before hardening, with a 95% interval, paired "
            + "where the cases are known."
    }

    /// Points of a hundred, with a sign that cannot be mistaken.
    private static func points(_ share: Double) -> String {
        let value = (share * 1000).rounded() / 10
        return String(format: value == 0 ? "%.1f" : "%+.1f", abs(value) < 0.05 ? 0 : value)
    }
}
