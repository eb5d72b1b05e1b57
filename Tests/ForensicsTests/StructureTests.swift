// SPDX-License-Identifier: Apache-2.0
// What could not be paired by name is part of the verdict: rows, layers, experts.

import Checkpoints
import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Records
import TemperFixtures
import Tensors
import Testing

@testable import Forensics

@Suite("Checkpoints that are built differently")
struct StructureTests {
    private let base: [String: Tensor]

    init() throws { base = try RandomBase(width: 32, layers: 4).weights(seed: 77) }

    private func inspect(
        _ change: (inout Weights) throws -> Void, of base: [String: Tensor]? = nil
    ) throws -> Inspection {
        let base = base ?? self.base
        var made = Weights(tensors: base, key: RandomKey(seed: 78))
        try change(&made)
        return try Inspector(
            base: MemoryWeights(name: "base", tensors: base),
            derived: MemoryWeights(name: "derived", tensors: made.tensors)
        ).inspect()
    }

    @Test("One row more and all others random is told as both")
    func randomEmbedding() throws {
        let result = try inspect {
            try $0.randomiseEmbedding()
            try $0.resizeVocabulary(by: 1)
        }
        #expect(result.verdict == .composed)
        #expect(result.operations.map(\.kind) == [.resized, .unrelated])
        #expect(result.operations[1].modules == ["embed_tokens"])
        #expect(result.summary.contains("rows 0 to 127 changed, row 128 new"), "\(result.summary)")
    }

    @Test(
        "A number of a layer or an expert that no model has is no layer, and no crash",
        arguments: ["-3", "9223372036854775807"])
    func numbers(number: String) throws {
        let result = try inspect {
            $0.tensors["model.layers.\(number).mlp.up_proj.weight"] = Tensor.zeros([4, 32])
            $0.tensors["model.layers.0.mlp.experts.\(number).up_proj.weight"] = Tensor.zeros([
                4, 32,
            ])
        }
        #expect(!result.operations.isEmpty, "\(result.summary)")
    }

    @Test("Rows are told by what became of them")
    func rows() throws {
        let result = try inspect { weights in
            try weights.edit(["model.embed_tokens.weight"]) { rows, _ in
                Tensor.concatenated(
                    [
                        rows.slice(axis: 0, from: 0, to: 100),
                        rows.slice(axis: 0, from: 100, to: 110) * 2,
                        rows.slice(axis: 0, from: 110, to: 128), Tensor.zeros([4, 32]),
                    ], axis: 0)
            }
        }
        let operation = try #require(result.operations.first)
        #expect(
            operation.summary.contains(
                "rows 0 to 99 and 110 to 127 the same, rows 100 to 109 changed, rows 128 to 131 new "
                    + "(zero)"), "\(operation.summary)")
        #expect(operation.numbers["changed"] == 10)
        let cut = try inspect { try $0.thinVocabulary() }
        #expect(cut.verdict == .resized)
        #expect(
            cut.operations[0].numbers["moved"] == 63 && cut.operations[0].numbers["dropped"] == 64)
    }

    @Test("Layers are matched by content, also when they are changed")
    func layers() throws {
        let result = try inspect {
            try $0.arrange([.base(0), .base(2), .base(3)])
            try $0.addAdapters(rank: 2, scale: 0.1, modules: Weights.all)
        }
        #expect(result.operations.map(\.kind) == [.shortened, .lora])
        #expect(result.layers?.map(\.parentLayer) == [0, 2, 3])
        #expect(result.summary.contains("Layer 1 of the base's 4 dropped"), "\(result.summary)")
        #expect(result.operations[1].numbers["rank"] == 2)
        let silent = try inspect {
            try $0.arrange([.base(0), .base(1), .silent(1), .base(2), .base(3)])
        }
        #expect(silent.verdict == .grown)
        #expect(
            silent.summary.contains("layer 2 with zeros where the stream is written"),
            "\(silent.summary)")
    }

    @Test("A checkpoint of all the base's layers has no layer map")
    func noMap() throws {
        let result = try inspect { try $0.addNoise(0.3) }
        #expect(result.layers == nil && result.verdict == .noise)
    }

    @Test("Added biases are told, and whether they change anything")
    func biases() throws {
        let result = try inspect { try $0.addVectors(["q_proj.bias"], scale: 0) }
        #expect(result.verdict == .tensorsAdded)
        #expect(
            result.summary
                == "4 tensors added: self_attn.q_proj.bias in layers 0 to 3, which change nothing.")
    }

    @Test("Experts that were dropped and renumbered are found again")
    func experts() throws {
        var moe = Weights(tensors: base, key: RandomKey(seed: 79))
        try moe.upcycle(experts: 4, noise: 0.5)
        let result = try inspect(
            { weights in
                for (name, tensor) in weights.tensors where name.contains(".experts.") {
                    weights.tensors[name] = nil
                    let parts = name.components(separatedBy: ".experts.")
                    // Experts 1 and 3 become 0 and 1.
                    let place = ["1": "0", "3": "1"][String(parts[1].prefix(1))]
                    if let place {
                        moe.tensors[
                            "new." + parts[0] + ".experts.\(place)" + parts[1].dropFirst()] =
                            tensor
                    }
                }
                for (name, tensor) in moe.tensors where name.hasPrefix("new.") {
                    weights.tensors[String(name.dropFirst(4))] = tensor
                }
                try weights.edit(weights.tensors.keys.filter { $0.hasSuffix("mlp.gate.weight") }) {
                    rows, _ in rows.slice(axis: 0, from: 0, to: 2)
                }
            }, of: moe.tensors)
        #expect(result.verdict == .expertsChanged, "\(result.summary)")
        #expect(result.summary.contains("layer 0 has experts 1 and 3 of the base"))
    }

    @Test("Low rank is told by projection")
    func ranks() throws {
        let result = try inspect {
            try $0.addAdapters(rank: 2, scale: 0.05, modules: ["q_proj"])
            try $0.addAdapters(rank: 5, scale: 0.05, modules: ["down_proj"])
        }
        let numbers = try #require(result.operations.first).numbers
        #expect(result.verdict == .lora)
        #expect(numbers["rank.q_proj"] == 2 && numbers["rank.down_proj"] == 5)
        #expect(result.summary.contains("rank 2 (q_proj), 5 (down_proj)"), "\(result.summary)")
    }
}

@Suite("Surveys of checkpoints on disk")
struct SurveyTests {
    private let directory: TemporaryDirectory
    private let base: Checkpoint

    init() throws {
        directory = try TemporaryDirectory()
        let url = directory.url.appending(path: "base")
        try tinyModel().write(to: url)
        base = try Checkpoint(at: url)
    }

    @Test("A broken derivative is a line with its reason, and the others are inspected")
    func survey() throws {
        let (broken, adapter) = (
            directory.url.appending(path: "broken"), directory.url.appending(path: "adapter")
        )
        try writeTinyAdapter(to: adapter, for: tinyModel())
        try FileManager.default.createDirectory(at: broken, withIntermediateDirectories: true)
        try Data("no tensors".utf8).write(to: broken.appending(path: "model.safetensors"))
        let places: [(String, URL)] = [
            ("copy", base.url), ("broken", broken), ("adapter", adapter),
        ]
        var asked: [String] = []
        let models = InspectedModels(
            suite: "suite", directions: { [] },
            refusals: { url in
                asked.append(url?.lastPathComponent ?? "base")
                return Array(repeating: url == nil || url == base.url, count: 40)
            })
        var found = try Forensics.survey(
            of: base, derivatives: places.map { place in (place.0, { place.1 }) }, asking: models)
        #expect(found.rows.map(\.verdict) == [.identical, nil, .lora])
        #expect(found.rows[1].summary.contains("model.safetensors"))
        #expect(found.rows[2].behaviour?.safeguard == .removed)
        found.sort(by: .concern)
        #expect(found.rows.map(\.derived) == ["adapter", "broken", "copy"])
        found.sort(by: .name)
        #expect(found.rows.map(\.derived) == ["adapter", "broken", "copy"])
        found.sort(by: .verdict)
        #expect(found.rows.map(\.derived) == ["copy", "adapter", "broken"])
        #expect(!asked.contains("broken"))
    }
}
