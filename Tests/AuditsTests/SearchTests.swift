// SPDX-License-Identifier: Apache-2.0
// The attacker that searches: its estimator, its ranges, and what is confirmed of its finds.

import Foundation
import JSONText
import LanguageModels
import Records
import TemperFixtures
import Testing

@testable import Adversaries
@testable import Audits
@testable import Suites

@Suite("Search")
struct SearchTests {
    struct Function: Sendable, CustomTestStringConvertible {
        let name: String
        /// How many values each parameter has when it is a choice.
        let choices: [Int]
        let value: @Sendable ([Double]) -> Double

        var testDescription: String { name }
    }

    static let functions = [
        Function(name: "Branin", choices: [0, 0]) { place in
            let (x, y) = (place[0] * 15 - 5, place[1] * 15)
            let valley = y - 5.1 / (4 * .pi * .pi) * x * x + 5 / .pi * x - 6
            return valley * valley + 10 * (1 - 1 / (8 * .pi)) * cos(x) + 10
        },
        Function(name: "Rosenbrock in four dimensions", choices: [0, 0, 0, 0]) { place in
            let x = place.map { $0 * 4 - 2 }
            var sum = 0.0
            for (one, next) in zip(x, x.dropFirst()) {
                let (bend, offset) = (next - one * one, 1 - one)
                sum += 100 * bend * bend + offset * offset
            }
            return sum
        },
        Function(name: "a bowl in five dimensions", choices: [0, 0, 0, 0, 0]) { place in
            place.reduce(0) { $0 + ($1 - 0.3) * ($1 - 0.3) }
        },
        Function(name: "a choice that moves a bowl", choices: [4, 0, 0]) { place in
            let choice = Int(place[0] * 4)
            let (x, y) = (place[1] - 0.2 * Double(choice + 1), place[2] - 0.7)
            return x * x + y * y + (choice == 2 ? 0 : 0.3)
        },
    ]

    /// The least that each of 21 searches found.
    private func finds(_ function: Function, trials: Int, randomTrials: Int) -> [Double] {
        (1...21).map { seed in
            var estimator = TreeParzenEstimator(
                choices: function.choices, randomTrials: randomTrials, seed: UInt64(seed))
            for _ in 0..<trials {
                let place = estimator.suggestion()
                estimator.add(place, loss: function.value(place))
            }
            return estimator.trials.map(\.loss).min() ?? .infinity
        }
        .sorted()
    }

    @Test("the estimator finds less in 60 trials than random search", arguments: functions)
    func estimator(function: Function) {
        let estimated = finds(function, trials: 60, randomTrials: 10)
        let random = finds(function, trials: 60, randomTrials: .max)
        // Medians of 21 searches; that of random search is mostly several times as much.
        #expect(estimated[10] < random[10] * 0.6)
    }

    @Test("equal seeds and trials give equal suggestions, all within the cube")
    func repeatable() {
        func places() -> [[Double]] {
            var estimator = TreeParzenEstimator(choices: [0, 3], randomTrials: 4, seed: 5)
            return (0..<40).map { number in
                let place = estimator.suggestion()
                estimator.add(place, loss: number == 7 ? .nan : place[0])
                return place
            }
        }
        #expect(places() == places())
        #expect(places().joined().allSatisfy { (0..<1).contains($0) })
    }

    @Test("ranges give their ends, whole numbers, ratios and choices")
    func ranges() {
        let log = SearchRange(from: 1e-4, to: 1e-2, scale: .log)
        let middle = log.value(at: 0.5).number ?? 0
        #expect(abs(middle - 1e-3) < 1e-9)
        let whole = SearchRange(from: 1, to: 4, whole: true)
        let counts = Dictionary(
            grouping: (0..<400).map { whole.value(at: (Double($0) + 0.5) / 400) }, by: \.self)
        #expect(counts.count == 4)
        #expect(counts.values.allSatisfy { $0.count == 100 })
        let choices = SearchRange(choices: ["a", "b"])
        #expect(choices.value(at: 0.49) == "a")
        #expect(choices.value(at: 1) == "b")
    }

    @Test(
        "a range that cannot be searched is an error with its line",
        arguments: [
            ("training.rank: {from: 8, to: 4, whole: true}", "below"),
            ("training.rank: {from: 4, to: 8}", "training.rank"),
            ("training.rank: {from: 0, to: 8, whole: true}", "1 to 4096"),
            ("training.rnk: {from: 4, to: 8, whole: true}", "no such parameter"),
            ("training.learningRate: {from: 0, to: 1, scale: log}", "above 0"),
            ("training.optimizer: {choices: [adam]}", "two choices"),
            ("training.optimizer: {choices: [adam, adamx]}", "adamx"),
            ("training.rank: {from: 4}", "choices"),
        ])
    func badRange(range: String, word: String) {
        let yaml = """
            name: b
            adversaries:
              - name: lora
                attack: fine-tuning
                parameters: {training: {rank: 8}}
                search:
                  \(range)
            """
        let error = #expect(throws: InputError.self) {
            try Battery(yaml: Data(yaml.utf8), file: "b.yaml")
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix("b.yaml:"), "\(text)")
        #expect(text.contains(word), "\(text)")
    }

    @Test("a winner is confirmed with fresh seeds on test prompts, and a killed search goes on")
    func confirmation() async throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let battery = try Battery(
            yaml: Data(
                """
                name: tiny
                adversaries:
                  - {name: control, attack: control}
                  - name: lora
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 4, batchSize: 2, rank: 2}}
                    search:
                      training.learningRate: {from: 1.0e-5, to: 1.0e-3, scale: log}
                      training.optimizer: {choices: [adamw, sgd-momentum]}
                """.utf8), file: "tiny.yaml")
        var request = Audit.Request(
            model: try tinyModel(),
            identity: ModelIdentity(
                name: "tiny", digest: String(repeating: "0", count: 64), format: "safetensors",
                architecture: "llama", parameterCount: 1),
            suite: try Suites.Suite(at: directory.url), battery: battery, seeds: [1])
        request.acceptsMissingSafeguard = true
        request.settings.answerTokens = 4
        request.trials = 8
        func record(abandonAfter points: Int, store: String) async throws -> AuditRecord? {
            let store = try SQLiteCellStore(at: directory.url.appendingPathComponent(store))
            var seen = 0
            for try await event in try Audit(request, store: store).run() {
                if case .point = event { seen += 1 }
                if case .record(let record) = event { return record }
                if seen >= points { return nil }
            }
            return nil
        }
        let whole = try #require(try await record(abandonAfter: .max, store: "a.sqlite"))
        let search = try #require(whole.searches?.first)
        #expect(search.trials.count == 8)
        #expect(Set(search.trials.compactMap { $0.parameters["training.learningRate"] }).count == 8)
        let within = search.trials.contains(where: \.isWithinBounds)
        #expect((search.confirmed != nil) == within)
        if let confirmed = search.confirmed {
            let cells = whole.cells.filter { $0.adversary == confirmed }
            #expect(cells.map(\.seed) == SearchRecord.confirmingSeeds)
            #expect(
                cells.allSatisfy {
                    $0.finalPoint?.measurements.contains { $0.split == .test } == true
                })
            #expect(whole.adversaries.contains { $0.name == confirmed && $0.search == nil })
            #expect(whole.outcomes.contains { $0.adversary == confirmed })
        }
        // No trial was measured on test prompts.
        #expect(try AuditRecord(json: try whole.json()) == whole)
        #expect(try await record(abandonAfter: 9, store: "b.sqlite") == nil)
        let resumed = try #require(try await record(abandonAfter: .max, store: "b.sqlite"))
        #expect(resumed.comparable == whole.comparable)
    }
}
