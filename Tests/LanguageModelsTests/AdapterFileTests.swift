// SPDX-License-Identifier: Apache-2.0
// Adapters on disk: what PEFT computes with them, and what is refused.

import Checkpoints
import Foundation
import JSONText
import LanguageModels
import Testing

@Suite("PEFT adapters")
struct AdapterFileTests {
    private struct Golden: Decodable {
        struct Sequence: Decodable {
            let ids: [Int]
            let logprobs: [Float]
        }

        let base: String
        let sequences: [Sequence]
    }

    /// A copy of an adapter's directory that a test may damage.
    private final class Scratch {
        let url: URL

        init(_ name: String) throws {
            url = FileManager.default.temporaryDirectory
                .appending(path: "temper-\(UUID().uuidString)")
            try FileManager.default.copyItem(at: Goldens.url("adapter-\(name)"), to: url)
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        /// Sets a key of the settings, in JSON.
        func set(_ key: String, _ value: String) throws {
            let file = url.appending(path: "adapter_config.json")
            var text = try String(contentsOf: file, encoding: .utf8)
            text.replace(
                try Regex("\\n *\"\(key)\": ([^\\[{\\n]*|\\{\\}|\\[[^\\]]*\\]),?(?=\\n)"), with: "")
            text = text.replacing(
                "{\n  \"a", with: "{\n  \"\(key)\": \(value),\n  \"a", maxReplacements: 1)
            try Data(text.utf8).write(to: file)
        }

        /// Writes the tensors again under other names, or with other shapes.
        func change(
            _ body: (inout [String: (shape: [Int], values: [Float])]) -> Void
        ) throws {
            let checkpoint = try Checkpoint(at: url)
            var tensors: [String: (shape: [Int], values: [Float])] = [:]
            for (name, tensor) in checkpoint.tensors {
                tensors[name] = (tensor.shape, try checkpoint.float32(name))
            }
            body(&tensors)
            let file = url.appending(path: "adapter_model.safetensors")
            try FileManager.default.removeItem(at: file)
            try SafetensorsWriter().write(
                tensors.map { name, tensor in
                    TensorSource(name: name, shape: tensor.shape, storedAs: .float32) { sink in
                        try tensor.values.withUnsafeBufferPointer { try sink($0) }
                    }
                }, to: url)
            try FileManager.default.moveItem(
                at: url.appending(path: "model.safetensors"), to: file)
        }

        func expectRefusal(
            on base: String, naming parts: [String],
            sourceLocation: SourceLocation = #_sourceLocation
        ) {
            let error = #expect(throws: InputError.self, sourceLocation: sourceLocation) {
                try Goldens.tinyModel(base).merging(StoredAdapter(at: self.url))
            }
            let line = error.map { "\($0)" } ?? ""
            for part in parts {
                #expect(line.contains(part), "\(line)", sourceLocation: sourceLocation)
            }
        }
    }

    private static let cases = [
        "plain", "patterns", "rslora", "layers", "expression", "all-linear", "saved",
        "tied-embedding", "tied-head", "tied-saved", "biases", "transposed", "converted",
    ]
    private let query = "base_model.model.model.layers.0.self_attn.q_proj"

    private func expectAgreement(
        _ base: LanguageModel, _ adapter: URL, _ golden: Golden, _ comment: String
    ) throws {
        let model = try base.merging(StoredAdapter(at: adapter))
        for sequence in golden.sequences {
            expectClose(
                try model.logProbabilities(of: sequence.ids), sequence.logprobs, absolute: 1e-3,
                comment)
        }
        #expect(model.adapters == nil)
        let before = try golden.sequences.map { try base.logProbabilities(of: $0.ids) }
        #expect(
            zip(before, golden.sequences).contains { before, after in
                zip(before, after.logprobs).contains { abs($0 - $1) > 0.01 }
            })
    }

    @Test("an adapter on its base computes what PEFT computes", arguments: cases)
    func agreement(name: String) throws {
        let golden = try Goldens.read("adapter-\(name)/expected.json", as: Golden.self)
        try expectAgreement(
            Goldens.tinyModel(golden.base), Goldens.url("adapter-\(name)"), golden, name)
    }

    @Test("an adapter on the GGUF of its base computes the same, though rows are permuted there")
    func gguf() throws {
        let golden = try Goldens.read("adapter-converted/expected.json", as: Golden.self)
        try expectAgreement(
            LanguageModel(at: Goldens.url("tiny-llama3.gguf")), Goldens.url("adapter-converted"),
            golden, "gguf")
    }

    @Test("old files, which name the adapter in each tensor, are read the same")
    func oldNames() throws {
        for name in ["plain", "tied-embedding"] {
            let golden = try Goldens.read("adapter-\(name)/expected.json", as: Golden.self)
            let old = try Scratch(name)
            try old.change { tensors in
                for (name, tensor) in tensors {
                    tensors[name] = nil
                    tensors[
                        name.replacing("_A.", with: "_A.default.").replacing(
                            "_B.", with: "_B.default.")] = tensor
                }
            }
            try expectAgreement(Goldens.tinyModel(golden.base), old.url, golden, name)
        }
    }

    @Test("the base's own name is kept beside the adapter's, and its trainer's word for it is told")
    func statements() throws {
        let adapter = try StoredAdapter(at: Goldens.url("adapter-patterns"))
        #expect(adapter.statedBase == "tiny-linear")
        #expect(adapter.ranks == [1, 2, 3, 5])
        #expect(adapter.targets == ["down_proj", "q_proj", "v_proj"])
        #expect(adapter.replacedModules == [])
        let merged = try Goldens.tinyModel("linear").merging(adapter)
        #expect(merged.name == "tiny-linear+adapter-patterns")
        #expect(
            try StoredAdapter(at: Goldens.url("adapter-saved")).replacedModules
                == [
                    "embed_tokens", "input_layernorm", "lm_head", "norm",
                    "post_attention_layernorm",
                ])
    }

    @Test(
        "a setting that changes the result and is not computed is refused by its name",
        arguments: [
            ("use_dora", "true"), ("use_qalora", "true"), ("lora_bias", "true"),
            ("layer_replication", "[[0, 1]]"), ("target_parameters", "[\"experts.gate_up_proj\"]"),
            ("trainable_token_indices", "[1, 2]"), ("alora_invocation_tokens", "[7]"),
            ("peft_type", "\"LOHA\""), ("init_lora_weights", "\"pissa_niter_16\""),
            ("bias", "\"some\""), ("a_setting_of_tomorrow", "3"),
        ])
    func unsupported(key: String, value: String) throws {
        let scratch = try Scratch("plain")
        try scratch.set(key, value)
        scratch.expectRefusal(on: "linear", naming: ["adapter_config.json", key])
    }

    @Test("settings that contradict the tensors are refused, and the tensor is named")
    func contradictions() throws {
        let rank = try Scratch("plain")
        try rank.set("r", "5")
        rank.expectRefusal(on: "linear", naming: ["rank 4", "5", "lora_A", "adapter_model"])
        let target = try Scratch("plain")
        try target.set("target_modules", "[\"q_proj\"]")
        target.expectRefusal(on: "linear", naming: ["target", "lora_A"])
        let layer = try Scratch("layers")
        try layer.set("layers_to_transform", "[0]")
        layer.expectRefusal(on: "linear", naming: ["layers.1", "target"])
        let alpha = try Scratch("plain")
        try alpha.set("lora_alpha", "1e300")
        alpha.expectRefusal(on: "linear", naming: ["lora_A", "lora_alpha"])
        let saved = try Scratch("saved")
        try saved.set("modules_to_save", "null")
        saved.expectRefusal(on: "linear", naming: ["input_layernorm.weight", "accounts for"])
    }

    @Test("damaged tensors are refused, and file and tensor are named")
    func damage() throws {
        let down = query + ".lora_A.weight"
        let missing = try Scratch("plain")
        try missing.change { $0[down] = nil }
        missing.expectRefusal(
            on: "linear", naming: ["adapter_model.safetensors", "q_proj", "lora_B"])
        let flat = try Scratch("plain")
        try flat.change { $0[down]?.shape = [128] }
        flat.expectRefusal(on: "linear", naming: [down, "[128]"])
        let magnitude = try Scratch("plain")
        try magnitude.change { $0[self.query + ".lora_magnitude_vector"] = ([1], [1]) }
        magnitude.expectRefusal(on: "linear", naming: ["lora_magnitude_vector", "DoRA"])
        let foreign = try Scratch("plain")
        try foreign.change { $0["transformer.h.0.attn.lora_A.weight"] = ([1], [1]) }
        foreign.expectRefusal(on: "linear", naming: ["transformer.h.0", "base_model.model."])
        let nan = try Scratch("plain")
        try nan.change { $0[down]?.values[3] = .nan }
        nan.expectRefusal(on: "linear", naming: [down, "element 3", "NaN"])
    }

    @Test("an adapter of another base is refused by file, tensor and both shapes")
    func otherBase() throws {
        let scratch = try Scratch("plain")
        scratch.expectRefusal(
            on: "gqa", naming: ["adapter_model.safetensors", "k_proj", "[16, 32]", "[8, 32]"])
        let deep = try Scratch("plain")
        try deep.change { tensors in
            for (name, tensor) in tensors where name.contains("layers.1") {
                tensors[name.replacing("layers.1", with: "layers.7")] = tensor
            }
        }
        deep.expectRefusal(on: "linear", naming: ["layers.7", "does not have"])
    }

    @Test("a pickle is refused with the way to convert it, and an adapter alone is no model")
    func files() throws {
        let scratch = try Scratch("plain")
        let refusal = #expect(throws: InputError.self) { try LanguageModel(at: scratch.url) }
        #expect(refusal.map { "\($0)".contains("--adapter") } ?? false)
        let weights = scratch.url.appending(path: "adapter_model.safetensors")
        try FileManager.default.removeItem(at: weights)
        scratch.expectRefusal(on: "linear", naming: ["adapter_model.safetensors", "not exist"])
        try Data().write(to: scratch.url.appending(path: "adapter_model.bin"))
        scratch.expectRefusal(on: "linear", naming: ["adapter_model.bin", "pickle", "convert"])
        try FileManager.default.removeItem(at: scratch.url.appending(path: "adapter_config.json"))
        scratch.expectRefusal(on: "linear", naming: ["adapter_config.json"])
    }

    @Test(
        "a regular expression that is not understood is refused, and a hostile one takes no time",
        arguments: [
            "(a|", "a)", "[a", "(?=a)", "(?i)q", "a\\", "*a", "a**", "x{5000}",
            "(((a{40}){40}){40})",
            String(repeating: "(", count: 20) + "a" + String(repeating: ")+", count: 20),
        ])
    func expressions(expression: String) throws {
        let scratch = try Scratch("plain")
        try scratch.set("target_modules", "\"\(expression.replacing("\\", with: "\\\\"))\"")
        scratch.expectRefusal(
            on: "linear", naming: ["adapter_config.json", "target_modules", "regular expression"])
        let hostile = try Scratch("plain")
        try hostile.set("target_modules", "\"((((a|.)*)*)*.*.*.*.*)*\"")
        let start = ContinuousClock.now
        _ = try StoredAdapter(at: hostile.url)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
