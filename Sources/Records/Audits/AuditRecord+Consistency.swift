// SPDX-License-Identifier: Apache-2.0
// Checks that the conclusions of a record follow from its measurements.

extension AuditRecord {
    /// The first contradiction in the record, with its place; nil when everything follows from the
    /// measurements.
    ///
    /// Costs to break and outcomes are computed again from the traces, dollars from floating point
    /// operations, and intervals from shares. Every adversary must have its cells, and costs must
    /// grow along a trace. This detects a record that was edited to look better, or lacks cells.
    public var contradiction: (place: String, problem: String)? {
        let parts = model.adapter.map {
            [("model.adapter.digest", $0.digest), ("model.adapter.baseDigest", $0.baseDigest)]
        }
        for (place, digest) in [("model.digest", model.digest), ("suite.digest", suite.digest)]
            + (parts ?? [])
        where !digest.isSHA256 {
            return (place, "is not a SHA-256 in 64 lowercase hexadecimal digits")
        }
        if !thresholds.isPossible { return ("thresholds", "are not shares from 0 to 1") }
        if let problem = prices.contradiction { return ("prices", problem) }
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
                let isCopy = cells[..<index].contains { $0.isCopied(as: cell) }
                if schemaVersion > 1, isCopy {
                    return ("\(list)[\(index)].trace", "is that of another seed")
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
            for (number, trial) in search.trials.enumerated() {
                if let problem = trial.cost.contradiction(at: prices) {
                    return ("\(place).trials[\(number)].cost", problem)
                }
            }
            if let confirmed = search.confirmed, !isResult(confirmed, of: search) {
                return (
                    "\(place).confirmed", "is not the searched adversary with a trial's parameters"
                )
            }
        }
        let searched = (searches ?? []).map(\.adversary)
        let ranged = trials > 0 ? batteryAdversaries.filter { $0.search != nil }.map(\.name) : []
        if Set(searched).count != searched.count || !Set(ranged).isSubset(of: searched) {
            return ("searches", "are not one of each adversary with ranges")
        }
        return nil
    }

    /// Returns whether an adversary is the searched one with the parameters of a trial.
    private func isResult(_ name: String, of search: SearchRecord) -> Bool {
        guard name == SearchRecord.confirmedName(of: search.adversary),
            let before = adversaries.first(where: { $0.name == search.adversary }),
            let found = adversaries.first(where: { $0.name == name }),
            found.attack == before.attack, found.search == nil
        else { return false }
        // Version 1 did not spell out every parameter.
        return schemaVersion == 1
            || search.trials.contains { trial in
                let parameters = trial.parameters.reduce(ParameterValue.object(before.parameters)) {
                    $0.setting($1.value, at: $1.key)
                }
                return parameters == .object(found.parameters)
            }
    }

    /// A contradiction in the measured numbers and the entries of measures.
    private var measureContradiction: (place: String, problem: String)? {
        var units: [String: MeasurementUnit] = [:]
        for (index, entry) in (measures ?? []).enumerated() {
            if entry.name.isEmpty { return ("measures[\(index)].name", "is empty") }
            if units.updateValue(entry.unit, forKey: entry.name) != nil {
                return ("measures[\(index)]", "has the name of another, \"\(entry.name)\"")
            }
        }
        for (place, values) in measuredValues {
            for (index, value) in values.enumerated() {
                if let unit = units[value.measure], unit != value.unit {
                    return (
                        "measures",
                        "state \(value.measure) in \(unit.rawValue), but \(place)[\(index)] is in "
                            + value.unit.rawValue
                    )
                }
            }
            if let (index, problem) = values.contradiction {
                return ("\(place)[\(index)]", problem)
            }
        }
        return nil
    }

    /// All lists of measured numbers, with their places.
    private var measuredValues: [(place: String, values: [MeasuredValue])] {
        var lists = [("baseline", baseline), ("original", original ?? [])]
        for (list, cells) in [("cells", cells), ("undefendedCells", undefendedCells ?? [])] {
            for (index, cell) in cells.enumerated() {
                for (point, values) in cell.trace.map(\.measurements).enumerated() {
                    lists.append(("\(list)[\(index)].trace[\(point)].measurements", values))
                }
            }
        }
        return lists
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
        let adversary = adversaries.first { $0.name == cell.adversary }
        for (index, point) in cell.trace.enumerated() {
            let place = "trace[\(index)]"
            if let problem = point.cost.contradiction(at: prices) {
                return ("\(place).cost", problem)
            }
            if !point.evaluationCost.isPossible {
                return ("\(place).evaluationCost", "has an amount that is not a number from 0")
            }
            if adversary?.paysForSteps == true, point.cost.steps < point.step {
                return ("\(place).cost", "has fewer steps than the adversary has taken")
            }
            let earlier = index > 0 ? cell.trace[index - 1] : nil
            if point.step < 0 || point.step <= earlier?.step ?? -1 {
                return ("\(place).step", "is not beyond the step before it")
            }
            if let earlier, earlier.isFinal || !point.cost.hasGrown(since: earlier.cost) {
                return (place, "follows a final point, or costs less than the point before it")
            }
            if schemaVersion > 1, let loss = point.measurements.first(MeasureName.trainingLoss),
                loss.count != point.step - (earlier?.step ?? 0)
            {
                return (place, "has not the training loss of all steps since the point before it")
            }
        }
        return contradiction(ofControl: cell)
    }

    /// Returns a contradiction between the untampered control and the baseline.
    private func contradiction(ofControl cell: CellRecord) -> (place: String, problem: String)? {
        let isControl = adversaries.contains { $0.name == cell.adversary && $0.isControl }
        // The undefended control is of another model and has no cell of this kind.
        guard schemaVersion > 1, isControl, let last = cell.finalPoint else { return nil }
        for value in last.measurements {
            let stated = baseline.first { $0.measure == value.measure && $0.split == value.split }
            if let stated, stated != value {
                return ("trace", "measures another \(value.measure) than the baseline")
            }
        }
        return nil
    }
}

extension CellRecord {
    /// Returns whether another cell of the same adversary has the same trace, down to the seconds
    /// that it took. No two runs take the same time.
    fileprivate func isCopied(as other: CellRecord) -> Bool {
        adversary == other.adversary && seed != other.seed && trace == other.trace
            && trace.contains { $0.cost.deviceSeconds > 0 }
    }
}

extension String {
    /// Whether this is a SHA-256 in lowercase hexadecimal digits.
    package var isSHA256: Bool {
        utf8.count == 64
            && utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }
}
