// SPDX-License-Identifier: Apache-2.0
// Reads records of the current version, and of version 1, which has fewer fields.

internal import Foundation

extension AuditRecord {
    /// Reads a record of the current version or of version 1.
    ///
    /// Version 1 does not state the budget, the settings, the number of trials and the machine of a
    /// cell. The budget is taken from the command line, and each cell is assumed to have run on the
    /// record's machine, in one process. ``schemaVersion`` stays 1, to show that the record does
    /// not state them.
    ///
    /// - Parameter decoder: The decoder to read from.
    /// - Throws: `DecodingError` with the place of the damage.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        schemaVersion = try fields.decode(Int.self, forKey: .schemaVersion)
        temperVersion = try fields.decode(String.self, forKey: .temperVersion)
        engineVersion = try fields.decode(String.self, forKey: .engineVersion)
        createdAt = try fields.decode(Date.self, forKey: .createdAt)
        commandLine = try fields.decode([String].self, forKey: .commandLine)
        machine = try fields.decode(Machine.self, forKey: .machine)
        prices = try fields.decode(Prices.self, forKey: .prices)
        model = try fields.decode(ModelIdentity.self, forKey: .model)
        baseModel = try fields.decodeIfPresent(ModelIdentity.self, forKey: .baseModel)
        hardening = try fields.decodeIfPresent(HardeningSummary.self, forKey: .hardening)
        suite = try fields.decode(SuiteIdentity.self, forKey: .suite)
        otherSuite = try fields.decodeIfPresent(SuiteIdentity.self, forKey: .otherSuite)
        thresholds = try fields.decode(Thresholds.self, forKey: .thresholds)
        battery = try fields.decode(String.self, forKey: .battery)
        adversaries = try fields.decode([AdversarySpecification].self, forKey: .adversaries)
        seeds = try fields.decode([UInt64].self, forKey: .seeds)
        baseline = try fields.decode([MeasuredValue].self, forKey: .baseline)
        baselineJudging = try fields.decodeIfPresent(Judging.self, forKey: .baselineJudging)
        original = try fields.decodeIfPresent([MeasuredValue].self, forKey: .original)
        batteryOutcome = try fields.decodeIfPresent(BatteryOutcome.self, forKey: .batteryOutcome)
        judges = try fields.decode([JudgeNote].self, forKey: .judges)
        searches = try fields.decodeIfPresent([SearchRecord].self, forKey: .searches)
        measures = try fields.decodeIfPresent([MeasureEntry].self, forKey: .measures)
        guard schemaVersion == 1 else {
            budget = try fields.decode(AuditBudget.self, forKey: .budget)
            evaluation = try fields.decode(EvaluationSettings.self, forKey: .evaluation)
            trials = try fields.decode(Int.self, forKey: .trials)
            cells = try fields.decode([CellRecord].self, forKey: .cells)
            undefendedCells = try fields.decodeIfPresent(
                [CellRecord].self, forKey: .undefendedCells)
            outcomes = try fields.decode([AdversaryOutcome].self, forKey: .outcomes)
            return
        }
        budget = AuditBudget(steps: Self.budgetSteps(in: commandLine))
        evaluation = nil
        trials = searches?.map(\.trials.count).max() ?? 0
        for index in adversaries.indices {
            adversaries[index].learning = Learning(derivedFrom: adversaries[index])
        }
        let place = machine
        let read = try fields.decode([VersionOneCell].self, forKey: .cells)
            .map { $0.cell(on: place) }
        cells = read
        undefendedCells = try fields.decodeIfPresent(
            [VersionOneCell].self, forKey: .undefendedCells)?.map { $0.cell(on: place) }
        outcomes = try fields.decode([VersionOneOutcome].self, forKey: .outcomes)
            .map { $0.outcome(of: read) }
    }

    /// Returns the limit on the adversaries' steps in a command line, or nil.
    ///
    /// Only version 1 needs this, because it does not state the budget elsewhere.
    static func budgetSteps(in commandLine: [String]) -> Int? {
        let option = "--budget-steps"
        for (index, argument) in commandLine.enumerated() {
            if argument.hasPrefix(option + "=") { return Int(argument.dropFirst(option.count + 1)) }
            if argument == option, commandLine.indices.contains(index + 1) {
                return Int(commandLine[index + 1])
            }
        }
        return nil
    }
}

/// A cell of version 1, which does not state its machine.
private struct VersionOneCell: Decodable {
    let adversary: String
    let seed: UInt64
    let state: CellRecord.State
    let trace: [TracePoint]
    let broken: CostToBreak?
    let examplesAtOnce: Int?

    func cell(on machine: Machine) -> CellRecord {
        CellRecord(
            adversary: adversary, seed: seed, state: state, trace: trace, broken: broken,
            machine: machine, examplesAtOnce: examplesAtOnce)
    }
}

/// An outcome of version 1, which does not count cells without a cost.
private struct VersionOneOutcome: Decodable {
    let adversary: String
    let seeds: Int
    let brokenSeeds: Int
    let typical: CostToBreak?
    let least: CostToBreak?
    let steps: Interval?
    let dollars: Interval?

    /// Returns the outcome as the file states it, with counts computed from the cells.
    func outcome(of cells: [CellRecord]) -> AdversaryOutcome {
        var outcome = AdversaryOutcome(adversary: adversary, cells: cells)
        outcome.seeds = seeds
        outcome.brokenSeeds = brokenSeeds
        outcome.typical = typical
        outcome.least = least
        outcome.steps = steps
        outcome.dollars = dollars
        return outcome
    }
}
