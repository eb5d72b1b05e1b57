// SPDX-License-Identifier: Apache-2.0
// Several attacks, one after the other.

internal import JSONText
internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Runs attacks in order, each on the result of the one before: for example orthogonalisation, then
/// fine-tuning.
///
/// Every attack but the last runs to its own end without being measured, and computes its
/// directions and its data on the model that it gets. The last is measured as usual. Only weights
/// are passed on, and not what stood around prompts.
public struct ComposedAttack: Attack {
    /// One attack of the list, as in an adversary.
    public struct Stage: Codable, Sendable, Hashable {
        /// The attack's name.
        public var attack: String
        /// Its parameters. Omitted ones have their defaults.
        public var parameters: [String: ParameterValue]

        /// Makes a stage from an attack and its parameters.
        public init(attack: String, parameters: [String: ParameterValue] = [:]) {
            self.attack = attack
            self.parameters = parameters
        }

        /// Reads a stage and fills in its parameters, so that a record is complete.
        ///
        /// - Throws: `InputError` for a stage that cannot be run, `DecodingError`.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            attack = try values.decode(String.self, forKey: .attack)
            parameters =
                try values.decodeIfPresent([String: ParameterValue].self, forKey: .parameters)
                ?? [:]
            parameters = try parameterValues(of: configured(place: "stages"))
        }

        func configured(place: String) throws -> any Attack {
            try AttackCatalogue.attack(
                for: AdversarySpecification(name: place, attack: attack, parameters: parameters))
        }
    }

    /// The entry that `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "composed", summary: "Attacks run in order, each on what the one before it left.",
        source: "orthogonalisation, then fine-tuning: arXiv:2604.02574", deviations: "")

    /// One of the attacks may depend on the seed.
    public static let dependsOnSeed = true

    /// The attacks in the order in which they are run.
    public var stages = [
        Stage(attack: "weight-orthogonalisation"), Stage(attack: "fine-tuning"),
    ]

    /// Makes the default attack.
    public init() {}

    /// Throws an `InputError` for a stage that cannot be run.
    public func validate() throws {
        _ = try attacks()
        if stages.isEmpty {
            throw InputError("stages", "is empty", remedy: "name at least one attack")
        }
    }

    /// Whether one of the attacks needs the base.
    public var needsBase: Bool {
        (try? attacks().contains { $0.needsBase }) ?? false
    }

    /// The splits of all attacks.
    public var learntSplits: [SuiteSplit] {
        (try? attacks().flatMap { $0.learntSplits }) ?? []
    }

    /// It may learn from several kinds of data.
    public var learning: Learning { Learning(from: .other, changing: .other) }

    /// Whether one of the attacks learns from another suite.
    public var needsOtherSuite: Bool {
        (try? attacks().contains { $0.needsOtherSuite }) ?? false
    }

    /// Returns the steps of the last attack, because only those are measured.
    public func steps(within budget: AuditBudget) -> Int {
        (try? attacks().last?.steps(within: budget)) ?? 0
    }

    /// Returns the greatest extent of the attacks, with the copy that the one before left.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        let extents = try attacks().map { try $0.extent(on: target, seed: seed) }
        var extent = extents.reduce(AttackExtent(promptTokens: 0)) { $0.joined($1) }
        if extents.count > 1 { extent.weightCopies += 1 }
        return extent
    }

    /// Runs the attacks, and passes on the models of the last one.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        let attacks = try attacks()
        // If the trace is complete, no stage needs to run again.
        if observer.decision(at: steps(within: target.budget)) != nil { return }
        var target = target
        for attack in attacks.dropLast() {
            var catcher = Catcher(observer: observer)
            try attack.tamper(with: target, seed: seed, meter: &meter, observer: &catcher)
            target.model = catcher.last ?? target.model
            target.findings = nil
        }
        try attacks.last?.tamper(with: target, seed: seed, meter: &meter, observer: &observer)
    }

    private func attacks() throws -> [any Attack] {
        try stages.enumerated().map { try $1.configured(place: "stages[\($0)]") }
    }
}

/// Keeps the last model of an attack for the next.
private struct Catcher<Observer: AttackObserver>: AttackObserver {
    let observer: Observer
    private(set) var last: LanguageModel?

    init(observer: Observer) {
        self.observer = observer
    }

    func decision(at step: Int) -> Bool? { nil }

    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        last = model.model
        return true
    }

    func advanced(to step: Int, note: String) throws {
        try observer.advanced(to: 0, note: note)
    }
}
