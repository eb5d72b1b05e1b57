// SPDX-License-Identifier: Apache-2.0
// Checks that the conclusions of a record follow from its measurements.

extension AuditRecord {
    /// The first contradiction in the record, with its place; nil when everything follows from the
    /// measurements.
    ///
    /// Costs to break and outcomes are computed again from the traces, and every adversary must
    /// have its cells. This detects a record that was edited to look better, or lacks cells.
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
        if let found = settingsContradiction ?? searchContradiction ?? measureContradiction {
            return found
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
                // A cell that failed or did not apply has no result, whatever it measured before.
                case .failed, .inapplicable: cell.broken == nil
                }
            if !follows {
                return ("cells[\(index)].broken", "does not follow from the trace of the cell")
            }
        }
        let runs = [("cells", cells), ("undefendedCells", undefendedCells ?? [])]
        for (list, cells) in runs {
            for (index, cell) in cells.enumerated() {
                if let (place, problem) = contradiction(of: cell) {
                    return ("\(list)[\(index)].\(place)", problem)
                }
            }
        }
        let sums = adversaries.map { AdversaryOutcome(adversary: $0.name, cells: cells) }
        if outcomes != sums { return ("outcomes", "do not follow from the cells") }
        if batteryOutcome != BatteryOutcome(outcomes: sums, adversaries: adversaries) {
            return ("batteryOutcome", "does not follow from the outcomes")
        }
        return nil
    }

    /// A contradiction in the budget, the settings and the number of trials.
    private var settingsContradiction: (place: String, problem: String)? {
        if let steps = budget.steps, steps < 1 { return ("budget.steps", "is below 1") }
        guard let evaluation else {
            return schemaVersion > 1 ? ("evaluation", "is missing") : nil
        }
        if evaluation.answerTokens < 1 { return ("evaluation.answerTokens", "is below 1") }
        if evaluation.batchSize < 1 { return ("evaluation.batchSize", "is below 1") }
        if evaluation.divergenceTexts < 0 { return ("evaluation.divergenceTexts", "is below 0") }
        if let thinking = evaluation.thinkingTokens, thinking < 1 {
            return ("evaluation.thinkingTokens", "is below 1")
        }
        let isTextAlone =
            evaluation.judges?.isEmpty ?? true
            && evaluation.decidingJudge.map { $0.name == "text" } ?? true
        let hasJudging =
            baselineJudging != nil
            || cells.contains { $0.trace.contains { $0.judging != nil } }
        if hasJudging, isTextAlone {
            return ("evaluation.judges", "names no judge, but further judges have judged")
        }
        return nil
    }

    /// A contradiction in the searches.
    private var searchContradiction: (place: String, problem: String)? {
        if trials < 0 { return ("trials", "is below 0") }
        for (index, search) in (searches ?? []).enumerated() {
            let place = "searches[\(index)]"
            if search.trials.count != trials {
                let count = search.trials.count
                return ("\(place).trials", "are \(count), but \(trials) were asked for")
            }
            for name in [search.adversary, search.confirmed].compactMap(\.self)
            where !adversaries.contains(where: { $0.name == name }) {
                return (place, "is of an adversary that is not in the record, \"\(name)\"")
            }
        }
        return nil
    }

    /// A contradiction in the entries of measures.
    private var measureContradiction: (place: String, problem: String)? {
        var units: [String: MeasurementUnit] = [:]
        for (index, entry) in (measures ?? []).enumerated() {
            if entry.name.isEmpty { return ("measures[\(index)].name", "is empty") }
            if units.updateValue(entry.unit, forKey: entry.name) != nil {
                return ("measures[\(index)]", "has the name of another, \"\(entry.name)\"")
            }
        }
        let values = [
            baseline, original ?? [],
            (cells + (undefendedCells ?? [])).flatMap(\.trace).flatMap(\.measurements),
        ]
        for value in values.joined() {
            if let unit = units[value.measure], unit != value.unit {
                return (
                    "measures",
                    "state \(value.measure) in \(unit.rawValue), but it is measured in "
                        + value.unit.rawValue
                )
            }
        }
        return nil
    }

    /// Returns a contradiction in how a cell was run.
    private func contradiction(of cell: CellRecord) -> (place: String, problem: String)? {
        if cell.worldSize < 1 { return ("worldSize", "is below 1") }
        if cell.machine.cores < 1 { return ("machine.cores", "is below 1") }
        if let examples = cell.examplesAtOnce, examples < 1 {
            return ("examplesAtOnce", "is below 1")
        }
        // Attacks without training report their model at step 1, whatever the budget.
        if let most = budget.steps,
            let point = cell.trace.firstIndex(where: { $0.step > max(most, 1) })
        {
            return ("trace[\(point)].step", "is beyond the budget of \(most) steps")
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
