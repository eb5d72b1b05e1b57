// SPDX-License-Identifier: Apache-2.0
// Random models of every family against transformers (Goldens/make-families.py).

import Checkpoints
import Foundation
import LanguageModels
import ModelWriting
import Tensors
import Testing

/// The models that the tests compare: the goldens, or fresh ones (`make family-parity`).
enum FamilyModels {
    private static let fresh = ProcessInfo.processInfo.environment["TEMPER_FAMILIES"]

    static let all: [String] = {
        let place = try? directory()
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: place?.path(percentEncoded: false) ?? "")
        return (names ?? []).filter { $0.hasPrefix("family-") }.sorted()
    }()

    static func directory() throws -> URL {
        try fresh.map { URL(filePath: $0) } ?? Goldens.url("")
    }

    static func url(_ name: String) throws -> URL { try directory().appending(path: name) }

    static func model(_ name: String) throws -> LanguageModel {
        try LanguageModel(at: url(name))
    }

    static func expected(_ name: String) throws -> FamilyGolden {
        try JSONDecoder().decode(
            FamilyGolden.self, from: Data(contentsOf: url(name).appending(path: "expected.json")))
    }

    /// Prints a deviation where fresh models are compared.
    static func report(_ name: String, _ what: String, _ value: Float) {
        if fresh != nil { print("\(name): \(what) differ by \(value)") }
    }
}

struct FamilyGolden: Decodable {
    let sequences: [TinyGolden.Sequence]
    let loss: Float
}

@Suite("Each family computes what transformers computes")
struct FamilyTests {
    @Test("there are models of every family that has no golden of its own")
    func complete() throws {
        let present = try FamilyModels.all.map { try FamilyModels.model($0).configuration.family }
        let tiny = try Goldens.tiny.map { try Goldens.tinyModel($0).configuration.family }
        #expect(Set(Family.all.map(\.modelType)).subtracting(present + tiny) == [])
    }

    @Test("log-probabilities, alone and in a batch", arguments: FamilyModels.all)
    func logProbabilities(name: String) throws {
        let model = try FamilyModels.model(name)
        let golden = try FamilyModels.expected(name).sequences
        let together = try model.logProbabilities(ofEach: golden.map(\.ids))
        var worst: Float = 0
        for (sequence, batched) in zip(golden, together) {
            let alone = try model.logProbabilities(of: sequence.ids)
            for values in [alone, batched] {
                expectClose(values, sequence.logprobs, absolute: 1e-3, name)
                worst = max(worst, zip(values, sequence.logprobs).map { abs($0 - $1) }.max() ?? 0)
            }
        }
        FamilyModels.report(name, "log-probabilities", worst)
    }

    @Test("greedy answers, alone and in a batch", arguments: FamilyModels.all)
    func greedy(name: String) throws {
        let model = try FamilyModels.model(name)
        let golden = try FamilyModels.expected(name).sequences
        for size in [1, 3] {
            let answers = try Generator(maximumTokens: 14, batchSize: size)
                .generate(from: golden.map(\.ids), model: model)
            #expect(answers == golden.map(\.greedy))
        }
    }

    @Test("distributions of the next token, and the stream", arguments: FamilyModels.all)
    func states(name: String) throws {
        let model = try FamilyModels.model(name)
        let golden = try FamilyModels.expected(name).sequences
        let next = try model.nextTokenLogProbabilities(after: golden.map(\.ids)).values()
        expectClose(next, golden.flatMap(\.next), absolute: 1e-3, name)
        for sequence in golden {
            let states = try model.residualStates(TokenBatch([sequence.ids]), positions: [-1])
            for (layer, expected) in sequence.residual.enumerated() {
                let values = try states.slice(axis: 0, from: layer, to: layer + 1).values()
                expectClose(
                    values, expected, absolute: 1e-4, relative: 1e-4, "\(name), layer \(layer)")
            }
        }
    }

    @Test("gradients of adapters on every projection", arguments: FamilyModels.all)
    func gradients(name: String) throws {
        let model = try FamilyModels.model(name)
        let golden = try FamilyModels.expected(name)
        let file = try Checkpoint(
            at: FamilyModels.url(name).appending(path: "adapters.safetensors"))
        func tensor(_ key: String) throws -> Tensor {
            Tensor(try file.float32(key), shape: try file.tensor(key).shape)
        }
        let targets = LayerProjection.allCases.filter {
            file.tensors["1.\($0.rawValue).A"] != nil
        }
        let keys = (0..<model.configuration.layerCount).flatMap { layer in
            targets.flatMap { ["\(layer).\($0.rawValue).A", "\(layer).\($0.rawValue).B"] }
        }
        let adapters = try LowRankAdapters(
            .init(rank: 2, alpha: 2, targets: targets), for: model.configuration,
            key: RandomKey(seed: 1))
        let ids = golden.sequences[1].ids
        let example = CompletionExample(
            prompt: Array(ids.prefix(3)), completion: Array(ids.dropFirst(3)))
        for recomputing in [false, true] {
            let (loss, gradients) = try valueAndGradient(at: keys.map(tensor)) {
                try model.adapted(by: adapters.replacing(parameters: $0))
                    .completionLoss(of: [example], recomputing: recomputing)
            }
            #expect(abs(try loss.item() as Float - golden.loss) < 1e-4)
            var worst: Float = 0
            for (key, gradient) in zip(keys, gradients) {
                let expected = try tensor(key + ".gradient")
                let distance: Float = try (gradient - expected).norm().item()
                let share = try distance / max(expected.norm().item(), 1e-6)
                #expect(share < 1e-3, "\(name), \(key)")
                worst = max(worst, share)
            }
            FamilyModels.report(name, "gradients", worst)
        }
    }

    @Test(
        "adapters on all that there is have no effect yet, and a gradient",
        arguments: FamilyModels.all)
    func adapters(name: String) throws {
        let model = try FamilyModels.model(name)
        let ids = try FamilyModels.expected(name).sequences[0].ids
        let adapters = try LowRankAdapters(
            .init(rank: 2), for: model.configuration, key: RandomKey(seed: 4))
        let adapted = try model.adapted(by: adapters)
        let expected = try model.logProbabilities(of: ids)
        #expect(try adapted.logProbabilities(of: ids) == expected)
        expectClose(
            try adapted.fused().logProbabilities(of: ids), expected, absolute: 1e-5, name)
        let example = CompletionExample(prompt: [ids[0]], completion: Array(ids.dropFirst()))
        let (_, gradients) = try valueAndGradient(at: adapters.parameters) {
            try model.adapted(by: adapters.replacing(parameters: $0)).completionLoss(of: [example])
        }
        for gradient in gradients { #expect(try gradient.values().allSatisfy(\.isFinite)) }
    }

    @Test("a model without its writers adds nothing to the stream", arguments: FamilyModels.all)
    func writers(name: String) throws {
        let model = try FamilyModels.model(name)
        var silent: [String: Tensor] = [:]
        for layer in 0..<model.configuration.layerCount {
            for (_, name) in model.configuration.writers(ofLayer: layer) {
                for key in [name, name.replacing(".weight", with: ".bias")] {
                    silent[key] = model.weights[key].map { Tensor.zeros($0.shape) }
                }
            }
        }
        let states = try model.replacing(silent)
            .residualStates(TokenBatch([[3, 4, 5, 6]]), positions: [-1, -2])
        let first = try states.slice(axis: 0, from: 0, to: 1).values()
        for layer in 1...model.configuration.layerCount {
            #expect(try states.slice(axis: 0, from: layer, to: layer + 1).values() == first)
        }
    }

    @Test("a written directory has the checkpoint's names, and loads", arguments: FamilyModels.all)
    func writing(name: String) throws {
        let model = try FamilyModels.model(name)
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "temper-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try model.write(to: directory)
        let original = try Checkpoint(
            at: FamilyModels.url(name).appending(path: "model.safetensors"))
        let written = try Checkpoint(at: directory)
        #expect(written.names.sorted() == original.names.sorted())
        for name in original.names {
            #expect(try written.float32(name) == original.float32(name), "\(name)")
            #expect(try written.tensor(name).shape == original.tensor(name).shape, "\(name)")
        }
        let copy = try LanguageModel(at: directory)
        #expect(copy.configuration == model.configuration)
        let data = try JSONEncoder().encode(model.configuration)
        #expect(
            try JSONDecoder().decode(DecoderConfiguration.self, from: data) == model.configuration)
    }

    @Test("a GGUF file gives the same predictions", arguments: FamilyModels.all)
    func gguf(name: String) throws {
        let directory = try FamilyModels.url(name)
        let files = try FileManager.default.contentsOfDirectory(
            at: directory, includingPropertiesForKeys: nil
        ).filter { $0.pathExtension == "gguf" }
        let original = try FamilyModels.model(name)
        for file in files {
            let model = try LanguageModel(at: file)
            for (name, tensor) in original.weights {
                expectClose(
                    try #require(model.weights[name]).values(), try tensor.values(),
                    absolute: 1e-6, name)
            }
            var worst: Float = 0
            for sequence in try FamilyModels.expected(name).sequences {
                let values = try model.logProbabilities(of: sequence.ids)
                expectClose(values, sequence.logprobs, absolute: 1e-3, name)
                worst = max(worst, zip(values, sequence.logprobs).map { abs($0 - $1) }.max() ?? 0)
            }
            FamilyModels.report(name, "log-probabilities of \(file.lastPathComponent)", worst)
        }
    }

    @Test("a layer that is inserted changes nothing", arguments: FamilyModels.all)
    func growth(name: String) throws {
        let model = try FamilyModels.model(name)
        let ids = try FamilyModels.expected(name).sequences[1].ids
        let expected = try model.logProbabilities(of: ids)
        for place in 0...2 {
            let grown = try model.insertingLayer(at: place).logProbabilities(of: ids)
            expectClose(grown, expected, absolute: 1e-4, "\(name), layer \(place)")
        }
    }
}
