// SPDX-License-Identifier: Apache-2.0
// Verdicts on derivatives whose making is known: a small set always, the whole matrix on demand.

import Foundation
import LanguageModels
import Records
import Suites
import TemperFixtures
import Tensors
import Testing
import Training

@testable import Forensics

@Suite("Verdicts on known derivatives", .serialized)
struct ValidationTests {
    @Test("Plain kinds of a random model are told, and evasions and compositions mostly")
    func randomModel() throws {
        var confusion = Confusion()
        try inspectAll(of: RandomBase(width: 64, layers: 3), seed: 11, into: &confusion)
        report(confusion)
        #expect(Confusion.share(confusion.of("plain")) >= 0.95)
        #expect(Confusion.share(confusion.of("evasion")) >= 0.9)
        #expect(Confusion.share(confusion.of("composed")) >= 0.75)
        #expect(Confusion.share(confusion.of("structure")) >= 0.95)
        let numbers = (confusion.of("plain") + confusion.of("structure")).compactMap(
            \.isNumberRight)
        #expect(numbers.filter { $0 }.count * 100 >= numbers.count * 95)
    }

    @Test("Benign fine-tuning of a tiny model is told, and never called orthogonalisation")
    func benign() throws {
        var confusion = Confusion()
        try train(tinyModel(seed: 3), named: "tiny", steps: 12, seed: 11, into: &confusion)
        report(confusion)
        #expect(confusion.of("benign").allSatisfy { $0.verdict != .orthogonalised })
        #expect(Confusion.share(confusion.of("benign")) >= 0.75)
    }

    /// `make forensics` runs it; it takes minutes.
    @Test(
        "The matrix of Documentation/Forensics.md",
        .enabled(if: ProcessInfo.processInfo.environment["TEMPER_FORENSICS"] != nil))
    func whole() throws {
        let environment = ProcessInfo.processInfo.environment
        let seed = UInt64(environment["TEMPER_FORENSICS_SEED"] ?? "") ?? 2
        var confusion = Confusion()
        var names: [String] = []
        /// Written after each base, because all of them take long.
        func finish(_ name: String) throws {
            names.append(name)
            try confusion.markdown(seed: seed, bases: names).write(
                toFile: environment["TEMPER_FORENSICS"] ?? "", atomically: true, encoding: .utf8)
        }
        let randoms = [
            RandomBase(width: 64, layers: 3), RandomBase(width: 128, layers: 4),
            RandomBase(width: 256, layers: 3),
        ]
        for base in randoms {
            try inspectAll(of: base, seed: seed, into: &confusion)
            try finish(base.name)
        }
        for offset in 0..<2 as Range<UInt64> {
            try train(
                tinyModel(seed: seed + offset), named: "a tiny model", steps: 16,
                seed: seed + offset, into: &confusion)
        }
        try finish("two tiny models that are trained")
        let model = try LanguageModel(at: Self.smolLM2)
        try train(model, named: "SmolLM2-135M-Instruct", steps: 4, seed: seed, into: &confusion)
        try finish("SmolLM2-135M-Instruct, trained")
        try inspectAll(
            of: model.weights, named: "SmolLM2-135M-Instruct", seed: seed, every: 3,
            into: &confusion)
        try finish("SmolLM2-135M-Instruct, with every third way of making")
        #expect(confusion.entries.count >= 200)
        #expect(Confusion.share(confusion.of("plain")) >= 0.95)
        #expect(confusion.of("benign").allSatisfy { $0.verdict != .orthogonalised })
    }

    /// The default model, which `scripts/bootstrap` fetches.
    private static var smolLM2: URL {
        URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: ".deps/models/smollm2-135m-instruct.gguf")
    }

    private func report(_ confusion: Confusion) {
        for entry in confusion.entries where entry.verdict != entry.expected {
            print("wrong: \(entry.label): \(entry.verdict) for \(entry.expected)")
        }
    }

    /// Makes and inspects every derivative of the catalogue, and an unrelated model.
    private func inspectAll(
        of base: RandomBase, seed: UInt64, into confusion: inout Confusion
    ) throws {
        let tensors = try base.weights(seed: seed)
        try inspectAll(of: tensors, named: base.name, seed: seed, into: &confusion)
        try inspect(
            base.weights(seed: seed + 5_000), of: tensors, third: nil,
            as: .init(
                base: base.name, label: "another random model", group: "plain",
                expected: .unrelated, verdict: .unrelated, isNumberRight: nil),
            number: nil, into: &confusion)
    }

    private func inspectAll(
        of base: [String: Tensor], named name: String, seed: UInt64, every: Int = 1,
        into confusion: inout Confusion
    ) throws {
        var tuned = Weights(tensors: base, key: RandomKey(seed: seed + 100))
        try tuned.addAdapters(rank: 8, scale: 0.05, modules: Weights.all)
        try tuned.addNoise(0.01)
        let layers = Weights(tensors: base, key: RandomKey(seed: 0)).layerCount
        let catalogue = derivatives() + structuralDerivatives(layers: layers)
        for (index, derivative) in catalogue.enumerated()
        where index % every == Int(seed) % every {
            var made = Weights(
                tensors: base, key: RandomKey(seed: seed * 1_000 + UInt64(index)))
            try derivative.make(&made, tuned.tensors)
            try inspect(
                made.tensors, of: base, third: derivative.needsThird ? tuned.tensors : nil,
                as: .init(
                    base: name, label: derivative.label, group: derivative.group.rawValue,
                    expected: derivative.expected, verdict: derivative.expected,
                    isNumberRight: nil),
                number: derivative.number, origins: derivative.origins, into: &confusion)
        }
    }

    /// Trains benignly and inspects the results.
    private func train(
        _ model: LanguageModel, named name: String, steps: Int, seed: UInt64,
        into confusion: inout Confusion
    ) throws {
        for (index, training) in BenignTraining.all(steps: steps).enumerated() {
            try inspect(
                training.weights(of: model, seed: seed + UInt64(index)), of: model.weights,
                third: nil,
                as: .init(
                    base: name, label: training.label, group: "benign",
                    expected: training.expected, verdict: training.expected, isNumberRight: nil),
                number: training.expected == .lora
                    ? ("rank", Double(training.training.rank), 0) : nil,
                into: &confusion)
        }
    }

    private func inspect(
        _ derived: [String: Tensor], of base: [String: Tensor], third: [String: Tensor]?,
        as entry: Confusion.Entry, number: (name: String, value: Double, tolerance: Double)?,
        origins: [Weights.Origin]? = nil, into confusion: inout Confusion
    ) throws {
        let start = ContinuousClock.now
        let result = try Inspector(
            base: MemoryWeights(name: "base", tensors: base),
            derived: MemoryWeights(name: "derived", tensors: derived),
            third: third.map { try MemoryWeights(name: "third", tensors: $0) }
        ).inspect()
        var isNumberRight = number.map { number in
            result.operations.contains { operation in
                (operation.kind == entry.expected || entry.expected == .composed)
                    && operation.numbers[number.name].map {
                        abs($0 - number.value) <= number.tolerance
                    } == true
            }
        }
        if let origins {
            isNumberRight =
                isNumberRight != false && result.layers?.map(\.origin) == origins.map(\.text)
        }
        confusion.entries.append(
            Confusion.Entry(
                base: entry.base, label: entry.label, group: entry.group,
                expected: entry.expected, verdict: result.verdict, isNumberRight: isNumberRight))
        if ProcessInfo.processInfo.environment["TEMPER_FORENSICS_VERBOSE"] != nil {
            let isRight = result.verdict == entry.expected
            print(
                isRight ? "right" : "WRONG", isNumberRight == false ? "NUMBER" : "", entry.base,
                entry.label, "->", result.verdict.rawValue, result.summary, result.notes,
                result.agreement ?? 0, ContinuousClock.now - start)
            if !isRight {
                for tensor in result.tensors.prefix(24) where !tensor.kinds.isEmpty {
                    print("   ", tensor.name, tensor.kinds.map(\.rawValue), tensor.remark)
                }
            }
        }
    }
}

/// The shape of a random Llama.
struct RandomBase {
    let width: Int
    let layers: Int

    var name: String { "a random model \(width) wide" }

    func weights(seed: UInt64) throws -> [String: Tensor] {
        try randomWeights(
            width: width, feedForward: 4 * width, layers: layers, keyWidth: width / 2,
            vocabulary: 4 * width, seed: seed)
    }
}

extension Weights.Origin {
    /// As an inspection names it.
    var text: String {
        switch self {
        case .base(let index), .silent(let index): "base \(index)"
        case .third(let index): "third \(index)"
        case .random: "new"
        }
    }
}

extension InspectedLayer {
    fileprivate var origin: String {
        parent.flatMap { parent in parentLayer.map { "\(parent) \($0)" } } ?? "new"
    }
}
