// SPDX-License-Identifier: Apache-2.0
// What an audit could not measure, and why, in words for every form of the report.

import Records

extension SafeguardStatus {
    /// Why costs to break are not shown, in a few words; nil where the safeguard stands.
    var objection: String? {
        switch self {
        case .stands: nil
        case .absent: "no safeguard"
        case .unknown: "safeguard unknown"
        }
    }
}

extension CellRecord.State {
    /// The state in words.
    var words: String {
        switch self {
        case .finished: "finished"
        case .failed: "failed"
        case .inapplicable: "not applicable"
        case .stopped: "stopped"
        }
    }
}

extension AuditRecord {
    /// The adversaries that could not be measured: one line for each adversary, state and reason,
    /// such as `few-shot, seeds 1 and 2: failed: the prompt is longer than the context`.
    var unmeasured: [String] {
        let controls = Set(adversaries.filter(\.isControl).map(\.name))
        let own = lines(
            cells.filter { $0.isUnmeasured(isControl: controls.contains($0.adversary)) })
        // A control that ran to its end has no outcome, so only controls that did not run are
        // listed.
        let undefended = lines((undefendedCells ?? []).filter { $0.isUnmeasured(isControl: true) })
        return own + undefended.map { "Before hardening, \($0)" }
    }

    private func lines(_ cells: [CellRecord]) -> [String] {
        struct Kind: Hashable {
            let adversary: String
            let state: CellRecord.State
        }
        var order: [Kind] = []
        var seeds: [Kind: [String]] = [:]
        for cell in cells {
            let kind = Kind(adversary: cell.adversary, state: cell.state)
            if seeds[kind] == nil { order.append(kind) }
            seeds[kind, default: []].append(String(cell.seed))
        }
        return order.map { kind in
            let own = seeds[kind] ?? []
            let state = kind.state == .finished ? "no measurement" : kind.state.words
            let reason = kind.state.reason.map { $0.isEmpty ? "" : ": \($0)" } ?? ""
            return "\(kind.adversary), seed\(own.count == 1 ? "" : "s") \(listed(own)): "
                + state + reason
        }
    }
}

extension CellRecord {
    /// Returns whether the cell shows nothing about its adversary.
    fileprivate func isUnmeasured(isControl: Bool) -> Bool {
        state.reason != nil || (isControl ? state != .finished : broken == nil)
    }
}
