// SPDX-License-Identifier: Apache-2.0
// What holds of every attack, also of one that is added today.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Adversaries
@testable import Suites
@testable import Training

/// Remembers what was offered, as an audit would read it.
private struct Offers: AttackObserver {
    struct Offer: Equatable {
        let step: Int
        let framing: Framing
        /// What would follow a prompt.
        let logits: [Float]
    }

    var offers: [Offer] = []
    var models: [LanguageModel] = []
    /// What an earlier run is said to have decided, by step.
    let decisions: [Int: Bool]

    func decision(at step: Int) -> Bool? { decisions[step] }

    mutating func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        let subject = Subject(model.model, framing: model.framing, edit: model.edit)
        let input = try subject.tokens(for: "bind 9")
        let logits = try model.model.nextTokenLogProbabilities(after: [input], edit: model.edit)
        offers.append(Offer(step: step, framing: model.framing, logits: try logits.values()))
        models.append(model.model)
        return true
    }

    func advanced(to step: Int, note: String) throws {}
}

@Suite("Every attack of the catalogue")
struct CatalogueLawTests {
    private let target: AttackTarget
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let suite = try Suites.Suite(at: directory.url)
        var target = AttackTarget(model: try tinyModel(), suite: suite)
        target.base = try tinyModel(seed: 8)
        target.otherSuite = suite
        self.target = target
    }

    private static let names = AttackCatalogue.own.map { $0.entry.name }

    /// What makes an attack small, by the names that its parameters have.
    private static let small: [String: ParameterValue] = [
        "steps": 3, "examples": 4, "validationExamples": 4, "batchSize": 2, "rank": 2,
        "candidates": 2, "trials": 3, "answerTokens": 4, "length": 3,
    ]

    private func attackType(_ name: String) throws -> any Attack.Type {
        try #require(AttackCatalogue.own.first { $0.entry.name == name })
    }

    /// The attack of a name, small enough for a tiny model.
    private func attack(_ name: String) throws -> any Attack {
        func configured(_ parameters: [String: ParameterValue]) throws -> any Attack {
            try AttackCatalogue.attack(
                for: AdversarySpecification(name: name, attack: name, parameters: parameters))
        }
        let defaults = try parameterValues(of: configured([:]))
        return try configured(replacing(defaults, by: Self.small))
    }

    private func run(
        _ attack: any Attack, on target: AttackTarget? = nil, seed: UInt64 = 1,
        decisions: [Int: Bool] = [:]
    ) throws -> (seen: Offers, cost: AttackCost) {
        let target = target ?? self.target
        var seen = Offers(decisions: decisions)
        var meter = CostMeter(model: target.model, prices: Prices())
        try attack.tamper(with: target, seed: seed, meter: &meter, observer: &seen)
        return (seen, meter.cost)
    }

    @Test("names and sources are stated, and no two attacks share a name")
    func entries() {
        #expect(Set(Self.names).count == Self.names.count)
        for attack in AttackCatalogue.own {
            let entry = attack.entry
            #expect(!entry.name.isEmpty && !entry.summary.isEmpty && !entry.source.isEmpty)
        }
    }

    @Test("a record shows seeds and steps of an attack as the attack states them", arguments: names)
    func shownByRecord(name: String) throws {
        let type = try attackType(name)
        let usual = try AttackCatalogue.attack(
            for: AdversarySpecification(name: name, attack: name))
        for attack in [usual, try attack(name)] {
            let adversary = AdversarySpecification(
                name: name, attack: name, parameters: try parameterValues(of: attack))
            #expect(adversary.isShipped)
            #expect(adversary.dependsOnSeed == type.dependsOnSeed)
            for budget in [nil, 1, 2, 1_000] {
                #expect(
                    adversary.lastStep(within: budget)
                        == attack.steps(within: AuditBudget(steps: budget)))
            }
        }
    }

    @Test("a record shows the steps of every adversary of the shipped batteries")
    func shippedSteps() throws {
        for name in BatteryFile.shipped.keys {
            for adversary in try Battery(name).adversaries {
                let attack = try AttackCatalogue.attack(for: adversary)
                #expect(adversary.ignoresSeed == nil)
                #expect(
                    adversary.lastStep(within: nil) == attack.steps(within: AuditBudget()),
                    "\(name): \(adversary.name)")
            }
        }
    }

    @Test("the same seed gives the same bits", arguments: names)
    func sameBits(name: String) throws {
        let attack = try attack(name)
        let (first, cost) = try run(attack, seed: 5)
        let (second, secondCost) = try run(attack, seed: 5)
        #expect(!first.offers.isEmpty)
        #expect(first.offers == second.offers)
        #expect(cost.tokens == secondCost.tokens)
        #expect(cost.floatingPointOperations == secondCost.floatingPointOperations)
        #expect(first.offers.allSatisfy { offer in offer.logits.allSatisfy(\.isFinite) })
        if try !attackType(name).dependsOnSeed {
            #expect(try run(attack, seed: 6).seen.offers == first.offers)
        }
    }

    @Test("the model under audit stays as it is", arguments: names)
    func untouched(name: String) throws {
        let before = try target.model.weights.mapValues { try $0.values() }
        _ = try run(attack(name))
        #expect(try target.model.weights.mapValues { try $0.values() } == before)
    }

    @Test("what an earlier run decided is not measured again", arguments: names)
    func replay(name: String) throws {
        let attack = try attack(name)
        let offers = try run(attack).seen.offers
        // What takes no step costs nothing, and may be offered again.
        guard attack.steps(within: target.budget) > 0 else { return }
        let all = Dictionary(
            offers.map { ($0.step, true) }, uniquingKeysWith: { first, _ in first })
        #expect(try run(attack, decisions: all).seen.offers.isEmpty)
        let first = try #require(offers.first).step
        #expect(try run(attack, decisions: [first: false]).seen.offers.isEmpty)
        let rest = try run(attack, decisions: [first: true]).seen.offers
        #expect(rest == Array(offers.dropFirst()))
    }

    @Test("the steps within a budget are those of the last offer", arguments: names)
    func steps(name: String) throws {
        let attack = try attack(name)
        for budget in [nil, 2, 1] as [Int?] {
            var target = target
            target.budget.steps = budget
            let steps = attack.steps(within: target.budget)
            let offered = try run(attack, on: target).seen.offers.map(\.step)
            #expect(offered.last == steps)
            #expect(offered == Set(offered).sorted())
            if let budget { #expect(steps <= budget) }
        }
    }

    @Test("what is read is within a factor of four of the estimate", arguments: names)
    func passes(name: String) throws {
        let attack = try attack(name)
        let extent = try attack.extent(on: target, seed: 1)
        let cost = try run(attack).cost
        let tokens = extent.exampleTokens > 0 ? extent.exampleTokens : extent.promptTokens
        let operations = 2 * Double(target.model.matrixParameterCount) * Double(tokens)
        // A prompt that is trained on counts as three in both.
        let read = cost.floatingPointOperations / operations
        let estimated = Double(extent.passes)
        #expect(read <= 4 * (estimated + 1), "\(read) read, \(estimated) estimated")
        #expect(estimated <= 4 * (read + 1), "\(read) read, \(estimated) estimated")
    }

    @Test("prompts are at most as long as the estimate, and a third at least", arguments: names)
    func promptTokens(name: String) throws {
        let attack = try attack(name)
        let extent = try attack.extent(on: target, seed: 1)
        for offer in try run(attack).seen.offers {
            let subject = Subject(target.model, framing: offer.framing)
            let counts = try target.suite.measuredPrompts.map { try subject.tokens(for: $0).count }
            let longest = counts.max() ?? 0
            #expect(longest <= extent.promptTokens)
            #expect(extent.promptTokens <= 3 * longest)
        }
    }

    @Test("weights are copied if and only if the offered ones differ", arguments: names)
    func weightCopies(name: String) throws {
        let attack = try attack(name)
        let extent = try attack.extent(on: target, seed: 1)
        let offered = try #require(try run(attack).seen.models.last).weights
        let isChanged = try target.model.weights.contains { name, tensor in
            try offered[name]?.values() != tensor.values()
        }
        #expect(isChanged == (extent.weightCopies > 0))
        #expect((extent.batchSize > 0) == (extent.exampleTokens > 0))
    }

    @Test("the defaults are valid", arguments: names)
    func defaults(name: String) throws {
        try attackType(name).init().validate()
    }

    @Test("each parameter is read back, or refused by its name", arguments: names)
    func parameters(name: String) throws {
        let problems = try parameterProblems(of: attackType(name), kind: name)
        #expect(problems.isEmpty, "\(problems)")
    }

    @Test("an unknown parameter is refused, and the known ones are named", arguments: names)
    func unknownParameter(name: String) throws {
        let error = #expect(throws: InputError.self) {
            try AttackCatalogue.attack(
                for: AdversarySpecification(
                    name: "a", attack: name, parameters: ["nothingHasThisName": 1]))
        }
        let text = error?.description ?? ""
        #expect(text.contains("nothingHasThisName"))
        let known = try AttackCatalogue.defaults(of: attackType(name))
        #expect(known.keys.allSatisfy { text.contains($0) }, "\(text)")
    }

    @Test("an attack that needs the base is refused without one", arguments: names)
    func withoutBase(name: String) throws {
        let attack = try attack(name)
        guard attack.needsBase else { return }
        let bare = AttackTarget(model: target.model, suite: target.suite)
        #expect(throws: InputError.self) { try run(attack, on: bare) }
    }
}
