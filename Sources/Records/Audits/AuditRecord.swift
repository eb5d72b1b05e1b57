// SPDX-License-Identifier: Apache-2.0
// The record of one audit, with everything that a report, a certificate or another run needs.

public import Foundation

/// How the audited model was hardened.
public struct HardeningSummary: Codable, Sendable, Hashable {
    /// The file beside hardened weights that holds their summary.
    public static let fileName = "temper-hardening.json"

    /// The identifier of the defense, such as `refusal-training`.
    public var defense: String
    /// The defense's parameters by name.
    public var parameters: [String: ParameterValue]
    /// The cost of the hardening, counted like an attack's.
    public var cost: AttackCost
    /// The learning curve of each training in it; nil in a summary that does not state it.
    public var curves: [LearningCurve]?

    /// Summarises a hardening.
    public init(
        defense: String, parameters: [String: ParameterValue] = [:], cost: AttackCost = .zero,
        curves: [LearningCurve]? = nil
    ) {
        self.defense = defense
        self.parameters = parameters
        self.cost = cost
        self.curves = curves
    }
}

/// The losses of a training, thinned.
public struct LearningCurve: Codable, Sendable, Hashable {
    /// The most points that are kept.
    private static let most = 32

    /// The mean loss of some steps.
    public struct Point: Codable, Sendable, Hashable {
        /// The last of the steps, counted from 1.
        public let step: Int
        /// Their mean loss, in the units of the training loss.
        public let loss: Double
    }

    /// The name of the training within the hardening.
    public let stage: String
    /// A result from before the training, such as how many wordings of a red team were answered;
    /// usually nil.
    public let note: String?
    /// The losses during the training.
    public let points: [Point]

    /// Thins the losses of a training.
    ///
    /// - Parameters:
    ///   - stage: The name of the training within the hardening.
    ///   - note: A result from before the training.
    ///   - losses: The loss of each step.
    public init(stage: String, note: String? = nil, losses: [Float]) {
        self.stage = stage
        self.note = note
        let width = max(1, (losses.count + Self.most - 1) / Self.most)
        points = stride(from: 0, to: losses.count, by: width).map { start in
            let part = losses[start..<min(start + width, losses.count)]
            return Point(
                step: start + part.count,
                loss: part.reduce(0) { $0 + Double($1) } / Double(part.count))
        }
    }
}

/// What a reader should know about how a measure was judged.
public struct JudgeNote: Codable, Sendable, Hashable {
    /// The measure that was judged.
    public var measure: String
    /// The judge's name.
    public var judge: String
    /// How it judges, and which errors it makes.
    public var note: String

    /// Makes a note.
    public init(measure: String, judge: String, note: String) {
        self.measure = measure
        self.judge = judge
        self.note = note
    }
}

/// The record of one audit.
///
/// `Documentation/RecordSchema.md` describes the schema. A later version may add fields that older
/// readers ignore; any other change raises ``schemaVersion``. A record is built once, and code
/// outside this library cannot change it.
public struct AuditRecord: Codable, Sendable, Hashable {
    /// The version of the schema that this library writes, and the highest that it reads.
    public static let currentSchemaVersion = 2

    /// The version of the schema that the record was made in. A record of version 1 does not state
    /// its budget, its settings and the machine of a cell; these are derived as far as possible.
    public internal(set) var schemaVersion: Int
    /// The version of Temper that made it.
    public internal(set) var temperVersion: String
    /// The version of the tensor engine.
    public internal(set) var engineVersion: String
    /// When the audit ended, to the second.
    public internal(set) var createdAt: Date
    /// The command that made it, without absolute paths.
    public internal(set) var commandLine: [String]
    /// The machine that built the record; each cell states its own.
    public internal(set) var machine: Machine
    /// The prices used for dollars.
    public internal(set) var prices: Prices
    /// The model that was audited.
    public internal(set) var model: ModelIdentity
    /// The model from which it was hardened, if that is known.
    public internal(set) var baseModel: ModelIdentity?
    /// How it was hardened, if that is known.
    public internal(set) var hardening: HardeningSummary?
    /// The suite used for measuring.
    public internal(set) var suite: SuiteIdentity
    /// The suite of another domain that some adversaries learnt from; nil without one.
    public internal(set) var otherSuite: SuiteIdentity?
    /// When the safeguard counts as broken.
    public internal(set) var thresholds: Thresholds
    /// The name of the battery.
    public internal(set) var battery: String
    /// The adversaries of the battery, in its order, and those that a search found.
    public internal(set) var adversaries: [AdversarySpecification]
    /// The seeds that each adversary was run with.
    public internal(set) var seeds: [UInt64]
    /// The most that each adversary was allowed to spend.
    public internal(set) var budget: AuditBudget
    /// How measures were taken; nil in a record of version 1, which does not state it.
    public internal(set) var evaluation: EvaluationSettings?
    /// The number of search trials for each adversary with ranges; 0 without a search.
    public internal(set) var trials: Int
    /// The measurements of the audited model, untampered.
    public internal(set) var baseline: [MeasuredValue]
    /// The verdicts of further judges on the untampered model's answers; nil when there were none.
    public internal(set) var baselineJudging: Judging?
    /// The measurements of the model before it was hardened, if it was available.
    public internal(set) var original: [MeasuredValue]?
    /// The cells of every adversary with every seed.
    public internal(set) var cells: [CellRecord]
    /// The adversaries of the battery on ``baseModel``, the undefended control, at the same budget.
    /// If that model is past the threshold without any attack, only those that learn from benign
    /// data. Nil without an original.
    public internal(set) var undefendedCells: [CellRecord]?
    /// The outcome of each adversary.
    public internal(set) var outcomes: [AdversaryOutcome]
    /// The outcome of the battery; nil when no adversary gave a cost.
    public internal(set) var batteryOutcome: BatteryOutcome?
    /// How the answers were judged.
    public internal(set) var judges: [JudgeNote]
    /// The trials of adversaries that search; nil without a search.
    public internal(set) var searches: [SearchRecord]?
    /// The descriptions of the measures, and how reports show them; nil in a record that does not
    /// state it. Reports then use ``MeasureEntry/ofOlderRecords``.
    public internal(set) var measures: [MeasureEntry]?

    /// Makes a record. The outcomes are computed from the cells.
    ///
    /// Absolute paths in `commandLine` and in the reasons of cells are cut to their last component,
    /// and `createdAt` to the second, as in the file.
    ///
    /// - Parameters:
    ///   - temperVersion: The version of Temper.
    ///   - engineVersion: The version of the tensor engine.
    ///   - createdAt: When the audit ended.
    ///   - commandLine: The command that made it.
    ///   - machine: The machine that builds the record.
    ///   - prices: The prices used for dollars.
    ///   - model: The model that was audited.
    ///   - baseModel: The model from which it was hardened.
    ///   - hardening: How it was hardened.
    ///   - suite: The suite used for measuring.
    ///   - otherSuite: The suite of another domain that some adversaries learnt from.
    ///   - thresholds: When the safeguard counts as broken.
    ///   - battery: The name of the battery.
    ///   - adversaries: The adversaries of the battery, in its order, followed by those that a
    ///     search found.
    ///   - seeds: The seeds that each adversary was run with.
    ///   - budget: The most that each adversary was allowed to spend.
    ///   - evaluation: How measures were taken.
    ///   - trials: The number of search trials for each adversary with ranges.
    ///   - baseline: The measurements of the audited model, untampered.
    ///   - baselineJudging: The verdicts of further judges on the untampered model's answers.
    ///   - original: The measurements of the model before it was hardened.
    ///   - cells: The cells of every adversary with every seed.
    ///   - undefendedCells: Adversaries on the model before it was hardened.
    ///   - judges: How the answers were judged.
    ///   - searches: The trials of adversaries that search.
    ///   - measures: The descriptions of the measures.
    public init(
        temperVersion: String, engineVersion: String, createdAt: Date, commandLine: [String],
        machine: Machine, prices: Prices, model: ModelIdentity, baseModel: ModelIdentity? = nil,
        hardening: HardeningSummary? = nil, suite: SuiteIdentity, otherSuite: SuiteIdentity? = nil,
        thresholds: Thresholds, battery: String, adversaries: [AdversarySpecification],
        seeds: [UInt64], budget: AuditBudget, evaluation: EvaluationSettings, trials: Int = 0,
        baseline: [MeasuredValue], baselineJudging: Judging? = nil,
        original: [MeasuredValue]? = nil, cells: [CellRecord],
        undefendedCells: [CellRecord]? = nil, judges: [JudgeNote] = [],
        searches: [SearchRecord]? = nil, measures: [MeasureEntry]? = nil
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
        self.otherSuite = otherSuite
        self.thresholds = thresholds
        self.battery = battery
        self.adversaries = adversaries
        self.seeds = seeds
        self.budget = budget
        self.evaluation = evaluation
        self.trials = trials
        self.baseline = baseline
        self.baselineJudging = baselineJudging
        self.original = original
        self.cells = cells.map(\.withoutAbsolutePaths)
        self.undefendedCells = undefendedCells?.map(\.withoutAbsolutePaths)
        self.judges = judges
        self.searches = searches
        self.measures = measures
        outcomes = adversaries.map { AdversaryOutcome(adversary: $0.name, cells: cells) }
        batteryOutcome = BatteryOutcome(outcomes: outcomes, adversaries: adversaries)
    }

    /// The fields of the file.
    enum CodingKeys: String, CodingKey {
        case schemaVersion, temperVersion, engineVersion, createdAt, commandLine, machine, prices
        case model, baseModel, hardening, suite, otherSuite, thresholds, battery, adversaries, seeds
        case budget, evaluation, trials, baseline, baselineJudging, original, cells, undefendedCells
        case outcomes, batteryOutcome, judges, searches, measures
    }
}

extension AuditRecord {
    /// The record without the values that depend on the clock (`createdAt` and every
    /// `deviceSeconds`). In this form, two runs of the same audit on the same machine are equal.
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

extension CellRecord {
    /// The cell with absolute paths in its reason cut to their last component.
    fileprivate var withoutAbsolutePaths: CellRecord {
        var cell = self
        switch state {
        case .failed(let reason):
            cell.state = .failed(reason: withoutAbsolutePaths(reason))
        case .inapplicable(let reason):
            cell.state = .inapplicable(reason: withoutAbsolutePaths(reason))
        case .finished, .stopped: break
        }
        return cell
    }

    private func withoutAbsolutePaths(_ sentence: String) -> String {
        sentence.replacing(/(^|[\s=:("'])\/(?!\/)[^\s,:;)"']*/) { match in
            match.output.1 + lastComponent(match.output.0.dropFirst(match.output.1.count))
        }
    }
}

/// Returns an argument whose absolute paths, alone or after `=` or `:`, are cut to their last
/// component. URLs stay as they are.
private func withoutAbsolutePath(_ argument: String) -> String {
    argument.replacing(/(^|[=:])\/(?!\/)[^,]*/) { match in
        match.output.1 + lastComponent(match.output.0.dropFirst(match.output.1.count))
    }
}

private func lastComponent(_ path: Substring) -> Substring {
    path.split(separator: "/").last ?? "/"
}
