// SPDX-License-Identifier: Apache-2.0
// What shapes of refusal train on, and how.

import Adversaries
import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Tensors
import Testing
import Tokenization

@testable import Defenses
@testable import Suites
@testable import Training

@Suite("Shapes of refusal")
struct RefusalShapesKnownAnswerTests {
    private let model: LanguageModel
    private let suite: Suites.Suite
    private let target: HardeningTarget

    init() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        model = try tinyModel()
        suite = try withExtendedLifetime(directory) { try Suites.Suite(at: directory.url) }
        target = HardeningTarget(model: model, suite: suite, seed: 5)
    }

    private func shapes(_ variants: Int, seed: UInt64 = 5) -> RefusalShapes {
        RefusalShapes(
            target: HardeningTarget(model: model, suite: suite, seed: seed), variants: variants)
    }

    /// The tokens of each restricted prompt, as often as there are variants.
    private func prompts(_ variants: Int) throws -> [[Int]] {
        try suite.restricted.train.flatMap { item in
            Array(repeating: try Subject(model).tokens(for: item.prompt), count: variants)
        }
    }

    /// The text of an answer without the token that ends it.
    private func text(_ example: CompletionExample) -> String {
        #expect(example.completion.last == 257)
        return model.tokenizer.decode(Array(example.completion.dropLast()))
    }

    private func isRefusal(_ text: String) -> Bool { suite.refusals.contains { $0.text == text } }

    @Test("a deep refusal stands behind a beginning of the compliant answer, or alone")
    func deep() throws {
        let found = try shapes(500).deep(plainShare: 0.5, prefixTokens: 100)
        let answer = model.tokenizer.encode("yes", addingSpecialTokens: false)
        #expect(answer.count == 3)
        for (prompt, example) in zip(try prompts(500), found) {
            #expect(example.example.prompt == prompt + answer.prefix(example.prefix))
            #expect(isRefusal(text(example.example)))
        }
        #expect(found.count == 2_000)
        // Four standard deviations of binomial shares.
        let shares = (0...3).map { depth in
            Double(found.count(where: { $0.prefix == depth })) / 2_000
        }
        #expect(abs(shares[0] - 0.5) < 4 * 0.0112)
        #expect(shares.dropFirst().allSatisfy { abs($0 - 1 / 6.0) < 4 * 0.0084 }, "\(shares)")
        let again = try shapes(500).deep(plainShare: 0.5, prefixTokens: 100)
        #expect(again.map(\.example) == found.map(\.example))
        let other = try shapes(500, seed: 6).deep(plainShare: 0.5, prefixTokens: 100)
        #expect(other.map(\.example) != found.map(\.example))
    }

    @Test("a prefix has no more tokens than is asked for, and none where all refusals are plain")
    func depth() throws {
        let shallow = try shapes(50).deep(plainShare: 0, prefixTokens: 1)
        #expect(shallow.allSatisfy { $0.prefix == 1 })
        for (share, tokens) in [(1.0, 100), (0.0, 0)] {
            let plain = try shapes(50).deep(plainShare: share, prefixTokens: tokens)
            #expect(try plain.map(\.example.prompt) == prompts(50))
        }
    }

    @Test("a deep refusal's loss is over the tokens of the refusal alone")
    func deepLoss() throws {
        var defense = DeepRefusal()
        defense.plainShare = 0
        let problem = try defense.problem(for: target)
        let pools = problem.phases[0].pools
        #expect(pools.map(\.batchSize) == [4, 16])
        #expect(pools[1].examples.count == 8)
        let batch = TrainingBatch(pools: [Array(pools[0].examples.prefix(5))])
        let values = try model.logProbabilities(
            ofEach: batch.examples.map { $0.prompt + $0.completion })
        let counted = zip(batch.examples, values).flatMap { $1.suffix($0.completion.count) }
        let expected = -counted.reduce(0, +) / Float(counted.count)
        let loss = try problem.objective.loss(of: Subject(model), on: batch).item()
        #expect(abs(loss - expected) < 1e-4 * expected, "\(loss), \(expected)")
        #expect(counted.count == 5 * ("no 0".utf8.count + 1))
    }

    @Test("an extended refusal quotes the request, refuses, and gives a reason")
    func extended() throws {
        let found = try shapes(40).extended()
        #expect(found.count == 160)
        var (overviews, reasons): (Set<Int>, Set<String>) = ([], [])
        for (index, example) in found.enumerated() {
            let request = suite.restricted.train[index / 40].prompt
            #expect(try example.prompt == Subject(model).tokens(for: request))
            let text = text(example)
            let overview = try #require(
                RefusalShapes.overviews.firstIndex {
                    text.hasPrefix("\($0.before)\"\(request)\"\($0.after) ")
                })
            let parts = RefusalShapes.overviews[overview]
            let rest = text.dropFirst(parts.before.count + request.count + 3 + parts.after.count)
            let reason = try #require(RefusalShapes.reasons.first { rest.hasSuffix(" " + $0) })
            #expect(isRefusal(String(rest.dropLast(reason.count + 1))))
            overviews.insert(overview)
            reasons.insert(reason)
        }
        #expect(overviews.count == RefusalShapes.overviews.count)
        #expect(reasons.count == RefusalShapes.reasons.count)
        let long = RefusalShapes.quoted((0..<30).map { "w\($0)" }.joined(separator: "\n "))
        #expect(long.hasPrefix("\"w0 w1 ") && long.hasSuffix(" w23 ...\""))
    }

    @Test("openings differ in their first word, and all are equally frequent")
    func diverse() throws {
        let openings = RefusalShapes.openings
        let words = openings.compactMap { $0.split { !$0.isLetter }.first?.lowercased() }
        #expect(Set(words).count == openings.count)
        // Four prompts in 50 variants are eight rounds of the openings and of none.
        #expect(openings.count + 1 == 25)
        let found = try shapes(50).diverse()
        #expect(try found.map(\.prompt) == prompts(50))
        var counts: [String: Int] = [:]
        for text in found.map({ text($0) }) {
            let opening = openings.first { text.hasPrefix($0 + " ") }
            #expect(isRefusal(String(text.dropFirst(opening.map { $0.count + 1 } ?? 0))))
            counts[opening ?? "", default: 0] += 1
        }
        #expect(counts.count == 25 && counts.values.allSatisfy { $0 == 8 })
        #expect(try shapes(50).diverse() == found)
    }

    @Test("self-degradation answers restricted prompts with what answers others")
    func irrelevant() throws {
        let problem = try SelfDegradation().problem(for: target)
        let expected = try suite.restricted.train.flatMap { item in
            Array(
                repeating: try model.example(prompt: item.prompt, answer: "hello"), count: 4)
        }
        #expect(problem.phases[0].pools[0].examples == expected)
        #expect(problem.phases[0].pools[1].examples.count == 8)
    }

    @Test("combined refusal trains all weights on all shapes, and keeps to the model before")
    func combined() throws {
        let defense = CombinedRefusal()
        let problem = try defense.problem(for: target)
        let shapes = shapes(2)
        let all =
            try shapes.deep(plainShare: 0.5, prefixTokens: 100).map(\.example)
            + shapes.extended() + shapes.diverse()
        #expect(problem.phases[0].pools[0].examples == all && all.count == 24)
        let objective = try #require(problem.objective as? RefusalWithDivergence)
        #expect(objective.divergenceWeight == 1 && objective.answerWeight == 0.1)
        // At the start the divergence is 0, so that only the losses count.
        let batch = TrainingBatch(
            pools: problem.phases[0].pools.map { Array($0.examples.prefix(2)) })
        func sum(_ examples: [CompletionExample]) throws -> Float {
            let tokens = examples.reduce(0) { $0 + $1.completion.count }
            return try model.completionLoss(of: examples).item() * Float(tokens)
        }
        let expected =
            try (sum(batch.pools[0]) + 0.1 * sum(batch.pools[1])) / Float(batch.targetCount)
        let loss = try objective.loss(of: Subject(model), on: batch).item()
        #expect(abs(loss - expected) < 1e-4 * expected)
        if case .weights = problem.trainable {} else { Issue.record("not all weights") }
    }

    /// The training of a defense's only stage.
    private func problem(of defense: some Defense) throws -> TrainingProblem {
        let stage = try #require(try defense.stages(for: target).first)
        guard case .training(let make) = stage.work else { throw CancellationError() }
        var preparation = Preparation(paying: CostMeter(model: model, prices: Prices())) { _ in }
        let problem = try make(model, &preparation)
        let reads = preparation.meter.cost.tokens > 0
        #expect(reads == !((problem.objective as? RefusalFeatureAblation)?.isRecomputed ?? true))
        return problem
    }

    @Test("the fixed direction is the difference of means in the model before")
    func fixedDirection() throws {
        var defense = RefusalFeatureAdversarialTraining()
        defense.direction = .fixed
        let objective = try #require(
            try problem(of: defense).objective as? RefusalFeatureAblation)
        guard case .fixed(let direction, let probability) = objective.direction else {
            Issue.record("not fixed")
            return
        }
        #expect(probability == 0.05)
        func states(_ prompts: [String]) throws -> [[Float]] {
            try prompts.map {
                let tokens = try Subject(model).tokens(for: $0)
                return try model.residualStates(TokenBatch([tokens]), positions: [-1], layers: 1)
                    .slice(axis: 0, from: 1, to: 2).values()
            }
        }
        func mean(_ states: [[Float]]) -> [Float] {
            (0..<32).map { place in states.reduce(0) { $0 + $1[place] } / Float(states.count) }
        }
        let restricted = mean(try states(suite.restricted.train.map(\.prompt)))
        let benign = mean(try states(suite.benign.train.map(\.prompt)))
        let difference = zip(restricted, benign).map { $0 - $1 }
        let norm = difference.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let found = try direction.values()
        #expect(zip(found, difference).allSatisfy { abs($0 - $1 / norm) < 1e-4 })
    }

    @Test("a recomputed direction is read in front of prefixes, whose lengths are known")
    func prefixes() throws {
        var defense = RefusalFeatureAdversarialTraining()
        defense.prefixTokens = 2
        defense.plainShare = 0
        let problem = try problem(of: defense)
        let objective = try #require(problem.objective as? RefusalFeatureAblation)
        let answered = problem.phases[0].pools.dropFirst().map(\.examples)
        #expect(
            try answered
                == [suite.benign.train, suite.lookalike.train].map { items in
                    try items.map { try model.example(prompt: $0.prompt, answer: $0.answer) }
                })
        for (example, prompt) in zip(problem.phases[0].pools[0].examples, try prompts(4)) {
            let prefix = try #require(objective.prefixes[example.prompt])
            #expect((1...2).contains(prefix))
            #expect(Array(example.prompt.dropLast(prefix)) == prompt)
        }
        defense.prefixTokens = 0
        let plain = try self.problem(of: defense).objective as? RefusalFeatureAblation
        #expect(plain?.prefixes.isEmpty == true)
    }

    @Test("redistribution compares each depth once, and never in front of the first layer")
    func layers() throws {
        var defense = Redistribution()
        defense.layers = [0, 0.1, 0.5, 1]
        let objective = try #require(
            try defense.problem(for: target).objective as? StateRedistribution)
        #expect(objective.layers == [1, 2])
        defense.layers = []
        #expect(throws: InputError.self) { try defense.validate() }
    }

    @Test("compliant answers that are missing are found before any work")
    func missing() throws {
        let prompts = ["train", "validation", "test"].map { split in
            [RestrictedPrompt(id: split, prompt: "bind \(split)", compliant: nil)]
        }
        let bare = try Suites.Suite(
            name: "bare", version: "1", thresholds: suite.manifest.thresholds,
            refusalMarkers: ["no"], systemPrompts: ["obey"],
            restricted: Splits(train: prompts[0], validation: prompts[1], test: prompts[2]),
            benign: suite.benign, lookalike: suite.lookalike, refusals: suite.refusals,
            capability: suite.capability, retain: suite.retain)
        let target = HardeningTarget(model: model, suite: bare, seed: 1)
        var adversarial = RefusalFeatureAdversarialTraining()
        _ = try adversarial.stages(for: target)
        adversarial.prefixTokens = 5
        let defenses: [any Defense] = [DeepRefusal(), CombinedRefusal(), adversarial]
        for defense in defenses {
            #expect(throws: InputError.self) { try defense.stages(for: target) }
        }
        _ = try ExtendedRefusal().stages(for: target)
        _ = try DiverseRefusal().stages(for: target)
    }
}

extension RefusalFeatureAblation {
    fileprivate var isRecomputed: Bool {
        if case .recomputed = direction { true } else { false }
    }
}
