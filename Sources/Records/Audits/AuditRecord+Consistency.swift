// SPDX-License-Identifier: Apache-2.0
// Whether what a record concludes follows from what it measured.

extension AuditRecord {
    /// The first thing in the record that contradicts the rest of it, with its place; nil when all
    /// follows from the measurements.
    ///
    /// Costs to break and outcomes are computed again from the traces, and every adversary must
    /// have its cells: a record that was edited to look better, or lacks what it dislikes, shows.
    public var contradiction: (place: String, problem: String)? {
        for (place, digest) in [("model.digest", model.digest), ("suite.digest", suite.digest)]
        where !digest.isSHA256 {
            return (place, "is not a SHA-256 in 64 lowercase hexadecimal digits")
        }
        if seeds.isEmpty || Set(seeds).count != seeds.count {
            return ("seeds", "has none, or one twice")
        }
        for (index, adversary) in adversaries.enumerated() {
            let place = "adversaries[\(index)]"
            if adversaries[..<index].contains(where: { $0.name == adversary.name }) {
                return (place, "has the name of another, \"\(adversary.name)\"")
            }
            let isConfirmed = searches?.contains { $0.confirmed == adversary.name } ?? false
            let own = cells.filter { $0.adversary == adversary.name }.map(\.seed)
            let isWhole = isConfirmed || own == seeds || own == [seeds[0]]
            if own.isEmpty || Set(own).count != own.count || !isWhole {
                return (
                    place,
                    "\"\(adversary.name)\" has no cells, one twice, or not one for each seed"
                )
            }
        }
        for (index, cell) in cells.enumerated() {
            guard let adversary = adversaries.first(where: { $0.name == cell.adversary }) else {
                return ("cells[\(index)]", "is of an adversary that is not in the record")
            }
            let broken =
                adversary.isControl
                ? nil
                : thresholds.costToBreak(of: cell.trace, baseline: baseline, split: .test)
            let follows =
                switch cell.state {
                case .finished: cell.broken == broken
                case .stopped: cell.broken == nil || cell.broken == broken
                case .failed: cell.broken == nil
                }
            if !follows {
                return ("cells[\(index)].broken", "does not follow from the trace of the cell")
            }
        }
        let sums = adversaries.map { AdversaryOutcome(adversary: $0.name, cells: cells) }
        if outcomes != sums { return ("outcomes", "do not follow from the cells") }
        if batteryOutcome != BatteryOutcome(outcomes: sums, adversaries: adversaries) {
            return ("batteryOutcome", "does not follow from the outcomes")
        }
        return nil
    }
}

extension String {
    /// Whether this is a SHA-256 in lowercase hexadecimal digits.
    package var isSHA256: Bool {
        utf8.count == 64
            && utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
