// SPDX-License-Identifier: Apache-2.0
// Several attacks, one after the other.

internal import JSONText
internal import LanguageModels
public import Records
internal import Suites
public import Training

/// Runs attacks in order, each on what the one before it left: orthogonalise, then fine-tune, say.
///
/// Every attack but the last runs to its own end without being measured, and finds its directions
/// and its data anew on the model that it is given. The last is measured as it would be alone. What
/// goes on from one to the next are weights: what stood around prompts does not.
public struct ComposedAttack: Attack {
    /// One attack of the list, as an adversary would name it.
    public struct Stage: Codable, Sendable, Hashable {
        /// The attack's name.
        public var attack: String
        /// Its parameters; those left out have their defaults.
        public var parameters: [String: ParameterValue]

        /// Names an attack and its parameters.
        public init(attack: String, parameters: [String: ParameterValue] = [:]) {
            self.attack = attack
            self.parameters = parameters
        }

        /// Reads a stage and spells out its parameters, so that a record stands alone.
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

    /// What `temper attacks` prints.
    public static let entry = AttackEntry(
        name: "composed", summary: "Attacks run in order, each on what the one before it left.",
        source: "orthogonalisation, then fine-tuning: arXiv:2604.02574", deviations: "")

    /// One of the attacks may depend on it.
    public static let dependsOnSeed = true

    /// The attacks in the order in which they are run.
    public var stages = [
        Stage(attack: "weight-orthogonalisation"), Stage(attack: "fine-tuning"),
    ]

    /// The defaults.
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

    /// Those of all attacks.
    public var learntSplits: [SuiteSplit] {
        (try? attacks().flatMap { $0.learntSplits }) ?? []
    }

    /// Several kinds of data may be learnt from.
    public var learning: Learning { Learning(from: .other, changing: .other) }

    /// Whether one of the attacks learns from another suite.
    public var needsOtherSuite: Bool {
        (try? attacks().contains { $0.needsOtherSuite }) ?? false
    }

    /// Returns the steps of the last attack: only those are measured.
    public func steps(within budget: AuditBudget) -> Int {
        (try? attacks().last?.steps(within: budget)) ?? 0
    }

    /// Returns the most of any attack, and the copy that the one before it left.
    public func extent(on target: AttackTarget, seed: UInt64) throws -> AttackExtent {
        let extents = try attacks().map { try $0.extent(on: target, seed: seed) }
        var extent = extents.reduce(AttackExtent(promptTokens: 0)) { $0.joined($1) }
        if extents.count > 1 { extent.weightCopies += 1 }
        return extent
    }

    /// Runs the attacks, and offers what the last one offers.
    public func tamper(
        with target: AttackTarget, seed: UInt64, meter: inout CostMeter,
        observer: inout some AttackObserver
    ) throws {
        let attacks = try attacks()
        // A trace that has ended needs no stage to be run again.
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

/// Keeps what an attack offers last, for the next to work on.
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
