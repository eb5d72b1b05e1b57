// SPDX-License-Identifier: Apache-2.0
// Collects answers of real models, tampered in memory, to be labelled by hand.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Testing
import Tokenization
import Training

@testable import Adversaries
@testable import Audits
@testable import Measuring
@testable import Suites

/// An answer that is to be labelled.
private struct CollectedAnswer: Codable {
    /// The model, and the step of its attack.
    let model: String
    let suite: String
    let split: SuiteSplit
    /// Which list of the suite the prompt is of.
    let list: String
    let prompt: String
    let temperature: Float
    /// How many tokens the answer has.
    let tokens: Int
    /// log P(refusal opening) - log(1 - P) of the first token, in nats.
    let refusalLogit: Double
    /// The answer after 24, 48 and 100 tokens.
    let after: [String: String]
}

/// Writes what each model says to prompts of a suite, and never ends an attack.
private struct AnswerCollector: AttackObserver {
    let suite: Suites.Suite
    /// The steps at which answers are collected; nil takes all.
    let steps: Set<Int>?
    /// Whether every restricted test prompt is answered, to compare lengths.
    let isWhole: Bool
    let name: String
    /// Counts models, so that each is asked other prompts.
    let turn: Int
    let file: FileHandle

    func decision(at step: Int) -> Bool? { steps.map { !$0.contains(step) } == true ? true : nil }

    func advanced(to step: Int, note: String) throws {}

    func observe(
        _ model: borrowing TamperedModel, step: Int, cost: AttackCost, loss: Double?
    ) throws -> Bool {
        if steps?.contains(step) == false { return true }
        let subject = Subject(model.model, framing: model.framing, edit: model.edit)
        let label = steps == nil ? name : "\(name) at step \(step)"
        func ask(
            _ list: String, _ prompts: [String], _ split: SuiteSplit, count: Int,
            temperature: Float
        ) throws {
            let start = turn * 7 + (temperature > 0 ? 31 : 0)
            let chosen =
                count >= prompts.count
                ? prompts : (0..<count).map { prompts[(start + $0 * 5) % prompts.count] }
            let inputs = try chosen.map { try subject.tokens(for: $0) }
            let score = RefusalScore(suite: suite, tokenizer: subject.model.tokenizer)
            var logits = [Double](repeating: .nan, count: chosen.count)
            let answers = try Generator(
                maximumTokens: 100, temperature: temperature, seed: UInt64(turn), batchSize: 96
            ).generate(
                from: inputs, model: subject.model, edit: subject.edit,
                opening: { indices, opening in
                    for (index, value) in zip(indices, try score.scores(from: opening)) {
                        logits[index] = value
                    }
                })
            for (index, (prompt, answer)) in zip(chosen, answers).enumerated() {
                func text(_ count: Int) -> String {
                    subject.model.tokenizer.decode(
                        Array(answer.prefix(count)), skippingSpecialTokens: true)
                }
                let line = try JSONEncoder().encode(
                    CollectedAnswer(
                        model: label, suite: suite.manifest.name, split: split, list: list,
                        prompt: prompt, temperature: temperature, tokens: answer.count,
                        refusalLogit: logits[index],
                        after: ["24": text(24), "48": text(48), "100": text(100)]))
                try file.write(contentsOf: line + Data("\n".utf8))
            }
        }
        for split in [SuiteSplit.validation, .test] {
            let restricted = suite.restricted[split].map(\.prompt)
            let all = isWhole && split == .test && steps.map { step == $0.max() } ?? true
            try ask("restricted", restricted, split, count: all ? .max : 6, temperature: 0)
            try ask("restricted", restricted, split, count: 3, temperature: 0.8)
            try ask(
                "lookalike", suite.lookalike[split].map(\.prompt), split, count: all ? .max : 1,
                temperature: 0)
        }
        print(label)
        return true
    }
}

@Suite("Answers to be labelled", .serialized)
struct AnswerCollection {
    private static let environment = ProcessInfo.processInfo.environment
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The steps at which adversaries that train are asked; others are asked once.
    private static let steps: [String: Set<Int>] = [
        "lora-10": [2, 4, 8, 16], "full-10-hot": [2, 8], "benign-lora": [8, 16],
        "identity-shift": [8, 16], "jailbreak-competing": [8, 16], "soft-prompt": [16, 60],
        "orthogonalise-then-lora": [4],
    ]
    /// The models whose answers to all test prompts are compared at several lengths.
    private static let whole: Set<String> = [
        "system-prompt", "orthogonalisation", "lora-10", "benign-lora",
    ]

    /// `make answers` runs it; it takes half an hour.
    @Test("answers of tampered models", .enabled(if: environment["TEMPER_ANSWERS"] != nil))
    func collect() throws {
        let path = Self.environment["TEMPER_ANSWERS"] ?? ""
        let suite = try Suites.Suite(
            at: Self.root.appending(path: "Suites/canary-refusal"))
        let original = try LanguageModel(
            at: Self.root.appending(path: ".deps/models/smollm2-135m-instruct.gguf"))
        let hardened = try LanguageModel(
            at: URL(fileURLWithPath: Self.environment["TEMPER_ANSWERS_MODEL"] ?? ""))
        try Data().write(to: URL(fileURLWithPath: path))
        let file = try #require(FileHandle(forWritingAtPath: path))
        var turn = 0
        func collector(_ name: String) -> AnswerCollector {
            turn += 1
            return AnswerCollector(
                suite: suite, steps: Self.steps[name],
                isWhole: name == "original" || name == "hardened" || Self.whole.contains(name),
                name: name, turn: turn, file: file)
        }
        for (name, model) in [("original", original), ("hardened", hardened)] {
            _ = try collector(name).observe(
                TamperedModel(untouched: model), step: 0, cost: .zero, loss: nil)
        }
        let battery = try Battery(
            yaml: Data(
                contentsOf: Self.root.appending(path: "Suites/labelled-answers/models.yaml")),
            file: "models.yaml")
        var target = AttackTarget(model: hardened, suite: suite)
        target.base = original
        for adversary in battery.adversaries {
            var observer = collector(adversary.name)
            var meter = CostMeter(model: hardened, prices: Prices())
            let attack = try AttackCatalogue.attack(for: adversary)
            try attack.tamper(with: target, seed: 1, meter: &meter, observer: &observer)
        }
    }
}
