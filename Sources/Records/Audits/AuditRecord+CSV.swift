// SPDX-License-Identifier: Apache-2.0
// The measurements of an audit as a table for other tools.

import JSONText

extension AuditRecord {
    /// Returns the measurements as CSV (RFC 4180, with a header): one row for each measure at each
    /// step of each cell, after those of the original and the untampered model. A cell without
    /// measurements has one row with its state and its reason.
    ///
    /// - Returns: Lines that end with a carriage return and a line feed.
    public func measurementsCSV() -> String {
        let header = [
            "subject", "adversary", "attack", "seed", "state", "step", "final", "split", "measure",
            "unit", "value", "lower", "upper", "confidence", "method", "count", "attack_examples",
            "attack_steps", "attack_tokens", "attack_flops", "attack_device_seconds",
            "attack_dollars", "evaluation_prompts", "evaluation_tokens", "evaluation_flops",
            "evaluation_device_seconds", "evaluation_dollars", "reason",
        ]
        var rows = [header]
        for measurement in original ?? [] {
            rows.append(["original", "", "", "", "", "", ""] + fields(measurement) + noCost)
        }
        for measurement in baseline {
            rows.append(["untampered", "", "", "", "", "", ""] + fields(measurement) + noCost)
        }
        let attacks = Dictionary(
            adversaries.map { ($0.name, $0.attack) }, uniquingKeysWith: { first, _ in first })
        for cell in cells {
            let start = [
                "tampered", cell.adversary, attacks[cell.adversary] ?? "", "\(cell.seed)",
                cell.state.name,
            ]
            let reason = [cell.state.reason ?? ""]
            if cell.trace.allSatisfy(\.measurements.isEmpty) {
                let empty = Array(repeating: "", count: header.count - start.count - 1)
                rows.append(start + empty + reason)
            }
            for point in cell.trace {
                let place = start + ["\(point.step)", "\(point.isFinal)"]
                let costs = fields(point.cost) + fields(point.evaluationCost)
                for measurement in point.measurements {
                    rows.append(place + fields(measurement) + costs + reason)
                }
            }
        }
        return rows.map { $0.map(quoted).joined(separator: ",") + "\r\n" }.joined()
    }
}

/// Empty fields for the costs and the reason.
private let noCost = Array(repeating: "", count: 12)

private func fields(_ measurement: MeasuredValue) -> [String] {
    let interval = measurement.interval
    return [
        measurement.split.rawValue, measurement.measure, measurement.unit.rawValue,
        number(measurement.value), interval.map { number($0.lower) } ?? "",
        interval.map { number($0.upper) } ?? "", interval.map { number($0.confidence) } ?? "",
        interval?.method.rawValue ?? "", "\(measurement.count)",
    ]
}

private func fields(_ cost: AttackCost) -> [String] {
    [
        "\(cost.examples)", "\(cost.steps)", "\(cost.tokens)",
        number(cost.floatingPointOperations), number(cost.deviceSeconds), number(cost.dollars),
    ]
}

private func fields(_ cost: EvaluationCost) -> [String] {
    [
        "\(cost.prompts)", "\(cost.tokens)", number(cost.floatingPointOperations),
        number(cost.deviceSeconds), number(cost.dollars),
    ]
}

private func number(_ value: Double) -> String {
    value.isNaN ? "NaN" : value.isFinite ? JSON.canonicalNumber(value) : value > 0 ? "inf" : "-inf"
}

private func quoted(_ field: String) -> String {
    guard field.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else {
        return field
    }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
}
