// SPDX-License-Identifier: Apache-2.0
// A whole audit by the command, beside a script that does the same with transformers and PEFT.

import Foundation

/// What both sides write about an audit, in common terms.
enum QuickAudit {
    /// What is compared, of the audited model and of the model before hardening.
    private static let measures = [
        "refusal.test", "over-refusal", "benign-refusal", "capability", "perplexity",
    ]

    /// Reads the command's `record.json`.
    static func temper(_ file: URL) throws -> Reply {
        let record = try JSONDecoder().decode(Record.self, from: Data(contentsOf: file))
        var parts: [String: Double] = [:]
        for cell in record.cells {
            guard let end = cell.trace.last else { continue }
            parts[cell.adversary, default: 0] +=
                end.cost.deviceSeconds + end.evaluationCost.deviceSeconds
        }
        return Reply(
            result: [record.baseline, record.original].map { values in
                measures.compactMap { name in
                    values.first { [$0.measure, "\($0.measure).\($0.split)"].contains(name) }?.value
                }
            }, parts: parts.filter { $0.value > 0 })
    }

    /// Reads what the script wrote.
    static func peer(_ file: URL) throws -> Reply {
        let record = try JSONDecoder().decode(PeerRecord.self, from: Data(contentsOf: file))
        var parts: [String: Double] = [:]
        for (phase, seconds) in record.seconds {
            // Adversaries' phases are "NAME: attack" and "NAME: evaluation".
            let names = phase.split(separator: ":")
            if names.count == 2 { parts[String(names[0]), default: 0] += seconds }
        }
        return Reply(
            result: [record.baseline, record.original].map { values in
                measures.compactMap { values[$0] }
            }, parts: parts)
    }

    private struct Record: Decodable {
        struct Measure: Decodable {
            let measure: String
            let split: String
            let value: Double
        }
        struct Cost: Decodable {
            let deviceSeconds: Double
        }
        struct Point: Decodable {
            let cost: Cost
            let evaluationCost: Cost
        }
        struct Cell: Decodable {
            let adversary: String
            let trace: [Point]
        }
        let baseline: [Measure]
        let original: [Measure]
        let cells: [Cell]
    }

    private struct PeerRecord: Decodable {
        let baseline: [String: Double]
        let original: [String: Double]
        let seconds: [String: Double]
    }
}
