// SPDX-License-Identifier: Apache-2.0
// What an audit will measure: every adversary with every seed, under content addresses.

internal import Crypto
internal import Foundation
public import Records
internal import Tensors
public import Adversaries
public import Measuring
internal import Suites

/// Everything that decides the numbers of an audit.
public struct AuditPlan: Sendable {
    /// One adversary with one seed.
    public struct Cell: Sendable, Hashable {
        /// The adversary, with all its parameters.
        public let adversary: AdversarySpecification
        /// The seed.
        public let seed: UInt64
        /// The digest of everything that its numbers depend on.
        public let key: String
        /// How many examples of a training step are computed at once, where a step in whole would
        /// take more memory than it may.
        let examplesAtOnce: Int?
    }

    /// The checkpoint under audit.
    public let model: ModelIdentity
    /// The suite.
    public let suite: SuiteIdentity
    /// The battery.
    public let battery: Battery
    /// The seeds that each adversary is run with, if it depends on them.
    public let seeds: [UInt64]
    /// What an adversary may spend at most.
    public let budget: AttackBudget
    /// How measures are taken.
    public let settings: EvaluationSettings
    /// The cells in the order in which they are run.
    public private(set) var cells: [Cell]
    private let base: ModelIdentity?
    private let otherSuite: SuiteIdentity?
    let thresholds: Thresholds
    private let examplesAtOnce: ExamplesAtOnce

    /// How many examples of a training step of an attack with a seed are computed at once.
    typealias ExamplesAtOnce = @Sendable (_ attack: any Attack, _ seed: UInt64) throws -> Int?

    /// Plans an audit whose memory has no limit.
    /// - Throws: ``AdversaryError`` for an adversary that cannot be run.
    public init(
        model: ModelIdentity, base: ModelIdentity? = nil, suite: SuiteIdentity,
        otherSuite: SuiteIdentity? = nil, thresholds: Thresholds, battery: Battery, seeds: [UInt64],
        budget: AttackBudget,
        settings: EvaluationSettings
    ) throws {
        try self.init(
            model: model, base: base, suite: suite, otherSuite: otherSuite, thresholds: thresholds,
            battery: battery, seeds: seeds, budget: budget, settings: settings,
            examplesAtOnce: { _, _ in nil })
    }

    init(
        model: ModelIdentity, base: ModelIdentity? = nil, suite: SuiteIdentity,
        otherSuite: SuiteIdentity? = nil, thresholds: Thresholds, battery: Battery, seeds: [UInt64],
        budget: AttackBudget, settings: EvaluationSettings,
        examplesAtOnce: @escaping ExamplesAtOnce
    ) throws {
        self.model = model
        self.suite = suite
        self.battery = battery
        self.seeds = seeds
        self.budget = budget
        self.settings = settings
        self.base = base
        self.otherSuite = otherSuite
        self.thresholds = thresholds
        self.examplesAtOnce = examplesAtOnce
        cells = []
        cells = try battery.adversaries.flatMap { try self.cells(of: $0, seeds: seeds) }
    }

    /// The cells of an adversary.
    /// - Parameters:
    ///   - adversary: the adversary, with all its parameters.
    ///   - seeds: the seeds; one that does not depend on them is run with the first.
    ///   - purpose: tells cells apart that are measured in other ways than an audit's own.
    /// - Returns: the cells in the order of the seeds.
    /// - Throws: ``AdversaryError`` for an adversary that cannot be run.
    func cells(
        of adversary: AdversarySpecification, seeds: [UInt64], purpose: String? = nil
    ) throws -> [Cell] {
        let attack = try AttackCatalogue.attack(for: adversary)
        if attack.needsBase, base == nil {
            throw AdversaryError(
                place: adversary.name,
                problem: "\(adversary.attack) needs the checkpoint that the model was made "
                    + "from; name it with --original, or leave this adversary out")
        }
        if attack.needsOtherSuite, otherSuite == nil {
            throw AdversaryError(
                place: adversary.name,
                problem: "learns from another domain's restricted prompts; name a suite that has "
                    + "some with --other-suite, or leave this adversary out")
        }
        let own = type(of: attack).dependsOnSeed ? seeds : Array(seeds.prefix(1))
        return try own.map { seed in
            let examplesAtOnce = try self.examplesAtOnce(attack, seed)
            let content = Content(
                temper: temperVersion, engine: Engine.nameAndVersion, model: model.digest,
                base: attack.needsBase ? base?.digest : nil, suite: suite.digest,
                otherSuite: attack.needsOtherSuite ? otherSuite?.digest : nil,
                attack: adversary.attack, parameters: adversary.parameters, seed: seed,
                budget: attack.steps(within: budget), thresholds: thresholds, settings: settings,
                purpose: purpose, examplesAtOnce: examplesAtOnce)
            return Cell(
                adversary: adversary, seed: seed, key: try digest(of: content),
                examplesAtOnce: examplesAtOnce)
        }
    }

    /// What a cell's numbers depend on. Names are not in it, content is.
    private struct Content: Encodable {
        let temper: String
        let engine: String
        let model: String
        /// Of the checkpoint that the model was made from, where the attack uses it.
        let base: String?
        let suite: String
        /// Of the suite of another domain, where the attack uses it.
        let otherSuite: String?
        let attack: String
        let parameters: [String: ParameterValue]
        let seed: UInt64
        let budget: Int
        let thresholds: Thresholds
        let settings: EvaluationSettings
        let purpose: String?
        /// Where a step is computed in parts, which changes the last bits.
        let examplesAtOnce: Int?
    }
}

private func digest(of content: some Encodable) throws -> String {
    SHA256.hash(data: try canonicalJSON(content)).map { String(format: "%02x", $0) }.joined()
}
