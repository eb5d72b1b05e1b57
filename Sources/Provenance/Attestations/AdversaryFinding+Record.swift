// SPDX-License-Identifier: Apache-2.0
// Derives an adversary's costs from its cells.

import Records

extension AdversaryFinding {
    /// Summarises an adversary of a record.
    init(_ adversary: AdversarySpecification, in record: AuditRecord) throws {
        let cells = record.cells.filter { $0.adversary == adversary.name }
        let outcome = record.outcomes.first { $0.adversary == adversary.name }
        name = adversary.name
        attack = adversary.attack
        digest = .init(of: try adversary.canonicalContent())
        seeds = cells.map { String($0.seed) }
        let hasSafeguard = record.safeguard == .stands
        // Without a safeguard a cost to break means nothing, so the cells do not count.
        brokenSeeds = hasSafeguard ? outcome?.brokenSeeds ?? 0 : 0
        // A cell that was stopped has a cost only if its outcome was settled.
        let silent = adversary.isControl ? [] : cells.filter { $0.broken == nil }
        failedSeeds = silent.map { String($0.seed) }
        unmeasured = silent.isEmpty ? nil : silent.map(UnmeasuredSeed.init)
        resistance = record.resistance(to: adversary.name)
        costToBreak = hasSafeguard ? outcome.flatMap { SeedCosts($0, cells: cells) } : nil
    }
}

extension UnmeasuredSeed {
    fileprivate init(_ cell: CellRecord) {
        seed = String(cell.seed)
        state =
            switch cell.state {
            case .finished: .finished
            case .failed: .failed
            case .inapplicable: .inapplicable
            case .stopped: .stopped
            }
        reason = cell.state.reason
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
