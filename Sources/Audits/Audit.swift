// SPDX-License-Identifier: Apache-2.0
// An audit: the request and its jobs.

public import Adversaries
internal import Crypto
internal import Foundation
internal import JSONText
public import LanguageModels
public import Measuring
public import Records
public import Suites
internal import Tensors

/// An audit of one checkpoint by one battery.
///
/// Each adversary with each seed is a job. Each trace point is written to disk before it is
/// reported. Stored points are not measured again. An interrupted adversary is replayed from its
/// seed up to the end of its trace, because tampered weights are never written.
public struct Audit: Sendable {
    /// The request for an audit.
    public struct Request: Sendable {
        /// The checkpoint under audit.
        public var model: LanguageModel
        /// Its digest and other facts for the record.
        public var identity: ModelIdentity
        /// The model from which it was hardened, for the safety tax.
        public var original: LoadedModel?
        /// Whether the original is attacked too, for an undefended control.
        public var attacksOriginal = true
        /// A suite of another domain, for adversaries that learn from one.
        public var otherSuite: Suite?
        /// How it was hardened.
        public var hardening: HardeningSummary?
        /// The data.
        public var suite: Suite
        /// The adversaries.
        public var battery: Battery
        /// The seeds of adversaries that depend on one.
        public var seeds: [UInt64]
        /// The most that an adversary may spend.
        public var budget = AuditBudget()
        /// The judge that decides what answers do; nil for the text judge.
        public var decidingJudge: (any Judge)?
        /// The other judges of the same answers. The text judge is always used.
        public var judges: [any Judge] = []
        /// Measures other than Temper's own, which full evaluations take.
        public var measures: [any Measure] = []
        /// The number of search trials for an adversary with ranges; 0 runs the adversary without a
        /// search.
        public var trials = 0
        /// How measures are taken.
        public var settings = EvaluationSettings()
        /// The most memory that the process may take, mapped checkpoints included, in bytes; nil sets
        /// no limit.
        public var memory: Int?
        /// Whether a model that is past the threshold without any attack is attacked anyway.
        public var acceptsMissingSafeguard = false
        /// Whether cells that failed in an earlier run are tried again.
        public var retriesFailures = false
        /// The prices that turn operations into dollars.
        public var prices = Prices()
        /// The command line for the record.
        public var commandLine: [String] = []

        /// Makes a request.
        public init(
            model: LanguageModel, identity: ModelIdentity, suite: Suite, battery: Battery,
            seeds: [UInt64]
        ) {
            self.model = model
            self.identity = identity
            self.suite = suite
            self.battery = battery
            self.seeds = seeds
        }
    }

    let request: Request
    let store: any CellStore
    let plan: AuditPlan
    let evaluator: Evaluator
    let limit: MemoryLimit?
    let findings = SharedFindings()
    /// Whether missing cells are an error instead of being measured.
    var isCollecting = false
    /// Every adversary of the battery with every seed, in the order in which they are run.
    public let jobs: [CellJob]

    /// Plans an audit whose points are kept in `store`.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - store: The store of cells.
    /// - Throws: `InputError` for an adversary that cannot be run, or a measure with the name of another.
    public init(_ request: Request, store: any CellStore) throws {
        try self.init(request, store: store, role: .adversary)
    }

    init(_ request: Request, store: any CellStore, role: CellJob.Role) throws {
        do {
            try self.init(planning: request, store: store, role: role)
        } catch let error as InputError {
            throw request.battery.placing(error)
        }
    }

    private init(
        planning asked: Request, store: any CellStore, role: CellJob.Role
    ) throws {
        let request = asked.tellingModelsWhetherToThink
        var settings = request.settings
        let text = TextJudge(markers: request.suite.manifest.refusalMarkers)
        settings.decidingJudge = (request.decidingJudge ?? text).decision
        if !request.judges.isEmpty { settings.judges = request.judges.map(\.identity) }
        try MeasureCatalogue.check(request.measures)
        if !request.measures.isEmpty { settings.measures = request.measures.map(\.identity) }
        settings.templateDate = request.model.statedTemplateDate
        settings.chatTemplate = request.model.givenTemplateDigest
        self.request = request
        self.store = store
        for adversary in request.battery.adversaries {
            let attack = try AttackCatalogue.attack(for: adversary)
            for split in attack.learntSplits {
                _ = try request.suite.compliantExamples(in: split, for: adversary.name)
            }
            if attack.needsOtherSuite {
                _ = try request.otherSuite?.compliantExamples(for: adversary.name)
            }
        }
        if request.trials > 0, !request.battery.adversaries.contains(where: { $0.search != nil }) {
            throw InputError(
                "--search",
                "no adversary of the battery \(request.battery.name) has a range to search",
                remedy: "declare ranges under \"search:\", or leave --search out")
        }
        let plan = AuditPlan(
            model: request.identity, base: request.original?.identity,
            suite: request.suite.identity, otherSuite: request.otherSuite?.identity,
            thresholds: request.suite.manifest.thresholds, budget: request.budget,
            settings: settings,
            demand: { attack, seed in
                let extent = try attack.extent(on: request.target, seed: seed)
                return request.memory == nil ? nil : request.examplesAtOnce(extent)
            })
        self.plan = plan
        jobs = try request.battery.adversaries.flatMap {
            try plan.jobs(of: $0, seeds: request.seeds, as: role)
        }
        limit = request.memory.map(MemoryLimit.init)
        evaluator = Evaluator(
            suite: request.suite, reference: request.model, settings: settings,
            prices: request.prices, decidingJudge: request.decidingJudge, judges: request.judges,
            measures: request.measures,
            batchBytes: request.batchBytes)
    }

    /// The name of the model under audit.
    public var modelName: String { request.identity.name }

    /// The date that the chat template gets; nil if it does not ask for one.
    public var templateDate: String? { plan.settings.templateDate }

    /// The name of the suite.
    public var suiteName: String { plan.suite.name }

    /// The safeguard's measure.
    public var measure: String { thresholds.measure }

    /// The command line for the record.
    public var commandLine: [String] { request.commandLine }

    /// The thresholds of the suite.
    var thresholds: Thresholds { plan.thresholds }

    /// Returns the target of a job's adversary.
    func target(of job: CellJob) -> AttackTarget {
        var target = request.target
        target.findings = findings
        target.examplesAtOnce = job.content.examplesAtOnce
        return target
    }
}

extension LanguageModel {
    /// The SHA-256 of a chat template that is not the checkpoint's own; nil for its own.
    var givenTemplateDigest: String? {
        givenTemplateSource.map { SHA256.hash(data: Data($0.utf8)).hexadecimal }
    }
}

extension Audit.Request {
    /// The same request, in which models think only if the settings have tokens for it.
    fileprivate var tellingModelsWhetherToThink: Audit.Request {
        let isToldNotToThink = settings.thinkingTokens == nil
        var request = self
        request.model = model.toldNotToThink(isToldNotToThink)
        request.original = original?.toldNotToThink(isToldNotToThink)
            .conversing(in: ConversationForm(date: model.templateDate))
        return request
    }

    /// The target of the adversaries.
    var target: AttackTarget {
        var target = AttackTarget(model: model, suite: suite)
        target.base = original?.model
        target.otherSuite = otherSuite
        target.budget = budget
        return target
    }
}
