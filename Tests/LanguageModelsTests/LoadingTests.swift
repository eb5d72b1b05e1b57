// SPDX-License-Identifier: Apache-2.0
// Loading and writing directories; faulty ones are refused in one line.

import Checkpoints
import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Tensors
import Testing

@Suite("Loading and writing")
struct LoadingTests {
    /// A copy of a tiny model's directory that a test may damage.
    final class Scratch {
        let url: URL

        init(_ name: String) throws {
            url = FileManager.default.temporaryDirectory
                .appending(path: "temper-\(UUID().uuidString)")
            try FileManager.default.copyItem(at: Goldens.url("tiny-\(name)"), to: url)
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        /// Writes the weights again after a change.
        func change(_ body: (inout [String: (shape: [Int], values: [Float])]) -> Void) throws {
            let checkpoint = try Checkpoint(at: url)
            var tensors: [String: (shape: [Int], values: [Float])] = [:]
            for (name, tensor) in checkpoint.tensors {
                tensors[name] = (tensor.shape, try checkpoint.float32(name))
            }
            body(&tensors)
            try SafetensorsWriter().write(
                tensors.map { name, tensor in
                    TensorSource(name: name, shape: tensor.shape, storedAs: .float32) { sink in
                        try tensor.values.withUnsafeBufferPointer { try sink($0) }
                    }
                }, to: url)
        }

        func expectRefusal(
            naming parts: [String], sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let error = #expect(throws: (any Error).self, sourceLocation: sourceLocation) {
                try LanguageModel(at: self.url)
            }
            let line = error.map { "\($0)" } ?? ""
            for part in parts {
                #expect(line.contains(part), "\(line)", sourceLocation: sourceLocation)
            }
            #expect(!line.contains("\n"), sourceLocation: sourceLocation)
        }
    }

    @Test("missing, unknown and misshapen tensors are named")
    func tensors() throws {
        let name = "model.layers.1.mlp.up_proj.weight"
        let missing = try Scratch("gqa")
        try missing.change { $0[name] = nil }
        missing.expectRefusal(naming: [name, "missing"])
        let unknown = try Scratch("gqa")
        try unknown.change { $0["model.layers.1.mlp.experts.weight"] = ([1], [0]) }
        unknown.expectRefusal(naming: ["model.layers.1.mlp.experts.weight"])
        let misshapen = try Scratch("gqa")
        try misshapen.change { $0[name]?.shape = [32, 48] }
        misshapen.expectRefusal(naming: [name, "[32, 48]", "[48, 32]"])
    }

    @Test("NaN and infinite weights are named", arguments: [Float.nan, .infinity, -.infinity])
    func nonFinite(value: Float) throws {
        let scratch = try Scratch("gqa")
        try scratch.change { $0["model.norm.weight"]?.values[3] = value }
        scratch.expectRefusal(naming: ["model.norm.weight", "3"])
    }

    @Test("buffers of old checkpoints and the copy of a tied head are no errors")
    func ignored() throws {
        let scratch = try Scratch("gqa")
        try scratch.change {
            $0["model.layers.0.self_attn.rotary_emb.inv_freq"] = ([4], [1, 1, 1, 1])
            $0["lm_head.weight"] = $0["model.embed_tokens.weight"]
        }
        #expect(try LanguageModel(at: scratch.url).configuration.headIsTied)
    }

    @Test("missing files are named", arguments: ["config.json", "tokenizer.json"])
    func files(name: String) throws {
        let scratch = try Scratch("gqa")
        try FileManager.default.removeItem(at: scratch.url.appending(path: name))
        scratch.expectRefusal(naming: [name, "missing"])
    }

    @Test("a truncated checkpoint is refused")
    func truncated() throws {
        let scratch = try Scratch("gqa")
        let file = scratch.url.appending(path: "model.safetensors")
        let data = try Data(contentsOf: file)
        for count in [0, 7, 100, data.count - 1] {
            try data.prefix(count).write(to: file)
            scratch.expectRefusal(naming: ["model.safetensors"])
        }
    }

    @Test("weights of another configuration are refused")
    func otherConfiguration() throws {
        let scratch = try Scratch("gqa")
        let file = scratch.url.appending(path: "config.json")
        let text = try String(contentsOf: file, encoding: .utf8)
            .replacing("\"hidden_size\": 32", with: "\"hidden_size\": 64")
        try Data(text.utf8).write(to: file)
        scratch.expectRefusal(naming: ["model.embed_tokens.weight", "[48, 32]", "[48, 64]"])
    }

    @Test("a written directory loads as the same model", arguments: Goldens.tiny)
    func roundTrip(name: String) throws {
        let model = try Goldens.tinyModel(name)
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "temper-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try model.write(to: directory)
        let copy = try LanguageModel(at: directory)
        #expect(copy.configuration == model.configuration)
        #expect(copy.stopTokens == model.stopTokens)
        for (name, tensor) in model.weights {
            #expect(try copy.weights[name]?.values() == tensor.values(), "\(name)")
        }
        #expect(throws: InputError.self) { try model.write(to: directory) }
        let beside = try FileManager.default.contentsOfDirectory(
            atPath: directory.deletingLastPathComponent().path(percentEncoded: false))
        #expect(!beside.contains { $0.contains(directory.lastPathComponent + ".") })
    }

    @Test("bf16 weights are written without loss as bf16")
    func brainFloats() throws {
        let model = try Goldens.tinyModel("llama3")
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "temper-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try model.write(to: directory, precision: .bfloat16)
        let stored = try Checkpoint(at: directory).tensors.values
        #expect(stored.allSatisfy { $0.elementType == .bfloat16 })
        let copy = try LanguageModel(at: directory)
        for (name, tensor) in model.weights {
            #expect(try copy.weights[name]?.values() == tensor.values(), "\(name)")
        }
    }

    @Test("NaN weights are not written, and nothing is left behind")
    func broken() throws {
        var model = try Goldens.tinyModel("gqa")
        model = try model.replacing(["model.norm.weight": Tensor.full([32], .nan)])
        let parent = FileManager.default.temporaryDirectory
            .appending(path: "temper-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: parent) }
        #expect(throws: (any Error).self) { try model.write(to: parent.appending(path: "out")) }
        let left = try FileManager.default.contentsOfDirectory(
            atPath: parent.path(percentEncoded: false))
        #expect(left.isEmpty)
    }

    @Test("replacing needs known names and shapes")
    func replacing() throws {
        let model = try Goldens.tinyModel("gqa")
        #expect(throws: InputError.self) {
            try model.replacing(["model.norm.weight": Tensor.ones([31])])
        }
        #expect(throws: InputError.self) {
            try model.replacing(["model.norms.weight": Tensor.ones([32])])
        }
        #expect(throws: InputError.self) { try model.replacing(parameters: []) }
        let changed = try model.replacing(["model.norm.weight": Tensor.ones([32])])
        #expect(try changed.logProbabilities(of: [1, 2]) != model.logProbabilities(of: [1, 2]))
    }
}
