// SPDX-License-Identifier: Apache-2.0
// Derives an adversary's costs from its cells.

import Records

extension AdversaryFinding {
    /// Summarises an adversary of a record.
    init(_ adversary: AdversarySpecification, in record: AuditRecord) throws {
        let cells = record.cells.filter { $0.adversary == adversary.name }
        let clear = record.clearCells(of: adversary)
        let outcome = AdversaryOutcome(adversary: adversary.name, cells: clear)
        name = adversary.name
        attack = adversary.attack
        digest = .init(of: try adversary.canonicalContent())
        budgetSteps = adversary.lastStep(within: record.budget.steps)
        ignoresSeed = adversary.ignoresSeed
        let missing = adversary.isControl ? [] : record.missingSeeds(of: adversary)
        seeds = (cells.map(\.seed) + missing).map { String($0) }
        brokenSeeds = outcome.brokenSeeds
        let silent =
            adversary.isControl
            ? []
            : cells.filter { cell in
                // Without a safeguard a cell may still have run to its end.
                record.safeguard == .stands
                    ? !clear.contains { $0.seed == cell.seed } : cell.broken == nil
            }
        let unmeasured =
            silent.map { UnmeasuredSeed($0, reason: record.finding(of: $0).reason) }
            + missing.map { UnmeasuredSeed(seed: String($0), state: .missing) }
        failedSeeds = unmeasured.map(\.seed)
        self.unmeasured = unmeasured.isEmpty ? nil : unmeasured
        resistance = record.resistance(to: adversary.name)
        costToBreak = adversary.isControl ? nil : SeedCosts(outcome, cells: clear)
    }
}

extension AuditRecord {
    /// Returns the cells of an adversary that show whether the safeguard held. Without a safeguard a
    /// cost to break means nothing, so there are none; nor are there of the control.
    fileprivate func clearCells(of adversary: AdversarySpecification) -> [CellRecord] {
        guard safeguard == .stands, !adversary.isControl else { return [] }
        return cells.filter {
            $0.adversary == adversary.name && finding(of: $0).resistance != .unclear
        }
    }

    /// The outcome of the battery over the cells that are clear; nil without any.
    var clearBatteryOutcome: BatteryOutcome? {
        BatteryOutcome(
            outcomes: adversaries.map {
                AdversaryOutcome(adversary: $0.name, cells: clearCells(of: $0))
            }, adversaries: adversaries)
    }
}

extension UnmeasuredSeed {
    fileprivate init(_ cell: CellRecord, reason: String?) {
        seed = String(cell.seed)
        state =
            switch cell.state {
            case .finished: .finished
            case .failed: .failed
            case .inapplicable: .inapplicable
            case .stopped: .stopped
            }
        self.reason = reason
    }
}

extension SeedCosts {
    fileprivate init?(_ outcome: AdversaryOutcome, cells: [CellRecord]) {
        let costs = cells.compactMap(\.broken)
        guard let typical = outcome.typical.flatMap(CostFinding.init),
            let least = CostFinding(leastOf: costs)
        else { return nil }
        self.init(least: least, typical: typical, intervals: nil)
        let steps = outcome.steps.flatMap(TamperResistance.Bounds.init)
        let dollars = outcome.dollars.flatMap(TamperResistance.Bounds.init)
        if steps != nil || dollars != nil { intervals = Intervals(steps: steps, dollars: dollars) }
    }
}

extension CostFinding {
    /// Takes one seed's cost, or nil when its amounts are not numbers.
    init?(_ cost: CostToBreak) { self.init(leastOf: [cost]) }

    /// Takes the least of some seeds for each quantity, or nil when an amount is not a number.
    init?(leastOf costs: [CostToBreak]) {
        func least(_ quantity: CostQuantity) -> DecimalText? {
            costs.map { quantity.value(of: $0.cost) }.min().flatMap(DecimalText.init)
        }
        guard let examples = least(.examples), let steps = least(.steps),
            let operations = least(.floatingPointOperations), let dollars = least(.dollars)
        else { return nil }
        let reasons = costs.compactMap { cost -> CostToBreak.Reason? in
            if case .censored(_, let reason) = cost { reason } else { nil }
        }
        let isBroken = reasons.count < costs.count
        self.init(
            outcome: isBroken ? .broken : .censored, reason: isBroken ? nil : reasons[0].rawValue,
            examples: examples, steps: steps, floatingPointOperations: operations,
            dollars: dollars)
    }

    /// Returns the amount of a quantity.
    func amount(_ quantity: CostQuantity) -> Double {
        switch quantity {
        case .examples: examples.value
        case .steps: steps.value
        case .floatingPointOperations: floatingPointOperations.value
        case .dollars: dollars.value
        }
    }
}
