// SPDX-License-Identifier: Apache-2.0
// The record of one audit: all that a report, a certificate or another run needs.

public import Foundation

/// How the audited model was hardened.
public struct HardeningSummary: Codable, Sendable, Hashable {
    /// The identifier of the defense, such as `refusal-training`.
    public var defense: String
    /// The defense's parameters by name.
    public var parameters: [String: ParameterValue]
    /// What the hardening took, counted as an attack's cost is.
    public var cost: AttackCost

    /// Sums up a hardening.
    public init(
        defense: String, parameters: [String: ParameterValue] = [:], cost: AttackCost = .zero
    ) {
        self.defense = defense
        self.parameters = parameters
        self.cost = cost
    }
}

/// The machine that the audit ran on.
public struct Machine: Codable, Sendable, Hashable {
    /// The device that computed, such as `cpu` or `NVIDIA H100`.
    public var device: String
    /// How many processor cores it had.
    public var cores: Int
    /// The operating system and its version.
    public var operatingSystem: String

    /// Describes a machine.
    public init(device: String, cores: Int, operatingSystem: String) {
        self.device = device
        self.cores = cores
        self.operatingSystem = operatingSystem
    }
}

/// What a reader should know of how a measure was judged.
public struct JudgeNote: Codable, Sendable, Hashable {
    /// The measure that was judged.
    public var measure: String
    /// The judge's name.
    public var judge: String
    /// How it judges, and where it errs.
    public var note: String

    /// Notes how a measure was judged.
    public init(measure: String, judge: String, note: String) {
        self.measure = measure
        self.judge = judge
        self.note = note
    }
}

/// The record of one audit.
///
/// The schema is described in `Documentation/RecordSchema.md`. A later version may add fields that
/// older readers pass over; any other change raises ``schemaVersion``.
public struct AuditRecord: Codable, Sendable, Hashable {
    /// The version of the schema that this library writes, and the highest that it reads.
    public static let currentSchemaVersion = 1

    /// The version of the schema of this record.
    public private(set) var schemaVersion: Int
    /// The version of Temper that made it.
    public var temperVersion: String
    /// The version of the tensor engine.
    public var engineVersion: String
    /// When the audit ended, to the second.
    public var createdAt: Date
    /// The command that made it, without absolute paths.
    public var commandLine: [String]
    /// The machine that it ran on.
    public var machine: Machine
    /// The prices that dollars were counted at.
    public var prices: Prices
    /// The model that was audited.
    public var model: ModelIdentity
    /// The model that it was hardened from, when that is known.
    public var baseModel: ModelIdentity?
    /// How it was hardened, when that is known.
    public var hardening: HardeningSummary?
    /// The suite that it was measured with.
    public var suite: SuiteIdentity
    /// The suite of another domain that some adversaries learnt from; nil without one.
    public var otherSuite: SuiteIdentity?
    /// When the safeguard counts as broken.
    public var thresholds: Thresholds
    /// The name of the battery.
    public var battery: String
    /// The adversaries of the battery, in its order.
    public var adversaries: [AdversarySpecification]
    /// The seeds that each adversary was run with.
    public var seeds: [UInt64]
    /// The measurements of the audited model, untampered.
    public var baseline: [MeasuredValue]
    /// The measurements of the model before it was hardened, when it was at hand.
    public var original: [MeasuredValue]?
    /// Every adversary with every seed.
    public var cells: [CellRecord]
    /// Adversaries of the battery on ``baseModel``, the undefended control at the same budget; where
    /// that model is past the threshold untouched, only those that learn from benign data. Nil
    /// without an original.
    public var undefendedCells: [CellRecord]?
    /// What each adversary came to.
    public private(set) var outcomes: [AdversaryOutcome]
    /// What the battery came to; nil when no adversary gave a cost.
    public private(set) var batteryOutcome: BatteryOutcome?
    /// How the answers were judged.
    public var judges: [JudgeNote]
    /// What further judges said of the untampered model's answers; nil when there were none.
    public var baselineJudging: Judging?
    /// What adversaries that search have tried; nil when none was asked to.
    public private(set) var searches: [SearchRecord]?

    /// Makes a record; the outcomes are summed up from the cells.
    ///
    /// Absolute paths in `commandLine` are cut to their last component, and `createdAt` to the
    /// second, because that is what the file keeps.
    public init(
        temperVersion: String, engineVersion: String, createdAt: Date, commandLine: [String],
        machine: Machine, prices: Prices, model: ModelIdentity, baseModel: ModelIdentity? = nil,
        hardening: HardeningSummary? = nil, suite: SuiteIdentity, thresholds: Thresholds,
        battery: String, adversaries: [AdversarySpecification], seeds: [UInt64],
        baseline: [MeasuredValue], original: [MeasuredValue]? = nil, cells: [CellRecord],
        judges: [JudgeNote] = []
    ) {
        schemaVersion = Self.currentSchemaVersion
        self.temperVersion = temperVersion
        self.engineVersion = engineVersion
        self.createdAt = Date(
            timeIntervalSince1970: createdAt.timeIntervalSince1970.rounded(.down))
        self.commandLine = commandLine.map(withoutAbsolutePath)
        self.machine = machine
        self.prices = prices
        self.model = model
        self.baseModel = baseModel
        self.hardening = hardening
        self.suite = suite
        self.thresholds = thresholds
        self.battery = battery
        self.adversaries = adversaries
        self.seeds = seeds
        self.baseline = baseline
        self.original = original
        self.cells = cells
        self.judges = judges
        outcomes = adversaries.map { AdversaryOutcome(adversary: $0.name, cells: cells) }
        batteryOutcome = BatteryOutcome(outcomes: outcomes, adversaries: adversaries)
    }

    /// The record with what searches tried and what was confirmed of it; outcomes are summed up
    /// again.
    /// - Parameters:
    ///   - adversaries: all adversaries, the confirmed ones included.
    ///   - cells: all cells.
    ///   - searches: the searches.
    /// - Returns: the record that says all of it.
    public func adding(
        adversaries: [AdversarySpecification], cells: [CellRecord], searches: [SearchRecord]
    ) -> AuditRecord {
        var record = self
        record.adversaries = adversaries
        record.cells = cells
        record.searches = searches
        record.outcomes = adversaries.map { AdversaryOutcome(adversary: $0.name, cells: cells) }
        record.batteryOutcome = BatteryOutcome(
            outcomes: record.outcomes, adversaries: adversaries)
        return record
    }

    /// The limit that the command line set to an adversary's steps (`--budget-steps`), or nil.
    public var budgetSteps: Int? {
        let option = "--budget-steps"
        for (index, argument) in commandLine.enumerated() {
            if argument.hasPrefix(option + "=") { return Int(argument.dropFirst(option.count + 1)) }
            if argument == option, commandLine.indices.contains(index + 1) {
                return Int(commandLine[index + 1])
            }
        }
        return nil
    }

    /// The record without what the clock decides (`createdAt` and every `deviceSeconds`): two runs
    /// of the same audit on the same machine are equal in this form.
    public var comparable: AuditRecord {
        var record = self
        record.createdAt = Date(timeIntervalSince1970: 0)
        record.hardening?.cost.deviceSeconds = 0
        record.cells = cells.map(\.withoutDeviceSeconds)
        record.undefendedCells = undefendedCells?.map(\.withoutDeviceSeconds)
        for index in outcomes.indices {
            record.outcomes[index].typical = outcomes[index].typical?.withoutDeviceSeconds
            record.outcomes[index].least = outcomes[index].least?.withoutDeviceSeconds
        }
        for search in searches?.indices ?? 0..<0 {
            for trial in searches?[search].trials.indices ?? 0..<0 {
                record.searches?[search].trials[trial].cost.deviceSeconds = 0
            }
        }
        if let cost = batteryOutcome?.cost {
            record.batteryOutcome?.cost = cost.withoutDeviceSeconds
        }
        return record
    }
}

extension CellRecord {
    fileprivate var withoutDeviceSeconds: CellRecord {
        var cell = self
        cell.broken = broken?.withoutDeviceSeconds
        for point in trace.indices {
            cell.trace[point].cost.deviceSeconds = 0
            cell.trace[point].evaluationCost.deviceSeconds = 0
        }
        return cell
    }
}

extension CostToBreak {
    fileprivate var withoutDeviceSeconds: CostToBreak {
        var cost = cost
        cost.deviceSeconds = 0
        switch self {
        case .broken(_, let step): return .broken(at: cost, step: step)
        case .censored(_, let reason): return .censored(beyond: cost, reason: reason)
        }
    }
}

/// An argument whose absolute paths, alone or behind `=` or `:`, are cut to their last component; a
/// URL is none.
private func withoutAbsolutePath(_ argument: String) -> String {
    argument.replacing(/(^|[=:])\/(?!\/)[^,]*/) { match in
        let path = match.output.0.dropFirst(match.output.1.count)
        let name = path.split(separator: "/").last
        return match.output.1 + (name ?? "/")
    }
}
