// SPDX-License-Identifier: Apache-2.0
// Decoders inside models that also take images.

import Checkpoints
import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Testing

@Suite("Decoders inside multimodal models")
struct MultimodalTests {
    /// Puts a decoder's directory inside a multimodal model's.
    private func wrapped(
        _ name: String, in directory: URL, type: String, prefix: String, dropping: [String] = []
    ) throws {
        let original = try FamilyModels.url(name)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            at: original.appending(path: "tokenizer.json"),
            to: directory.appending(path: "tokenizer.json"))
        let object = try JSONSerialization.jsonObject(
            with: Data(contentsOf: original.appending(path: "config.json")))
        var text = try #require(object as? [String: Any])
        for key in dropping { text[key] = nil }
        let outer: [String: Any] = ["model_type": type, "text_config": text, "vision_config": [:]]
        try JSONSerialization.data(withJSONObject: outer)
            .write(to: directory.appending(path: "config.json"))
        let checkpoint = try Checkpoint(at: original.appending(path: "model.safetensors"))
        var tensors = try checkpoint.names.map { stored in
            (
                prefix + stored.dropFirst("model.".count), try checkpoint.tensor(stored).shape,
                try checkpoint.float32(stored)
            )
        }
        tensors.append(("vision_tower.patches.weight", [2], [1, 2]))
        try SafetensorsWriter().write(
            tensors.map { name, shape, values in
                TensorSource(name: name, shape: shape, storedAs: .float32) { sink in
                    try values.withUnsafeBufferPointer { try sink($0) }
                }
            }, to: directory)
    }

    @Test(
        "Gemma 3 is found under old and new names",
        arguments: ["language_model.model.", "model.language_model."])
    func gemma3(prefix: String) throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "temper-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try wrapped("family-gemma3", in: directory, type: "gemma3", prefix: prefix)
        let model = try LanguageModel(at: directory)
        let original = try LanguageModel(at: FamilyModels.url("family-gemma3"))
        #expect(model.configuration == original.configuration)
        let ids = try FamilyModels.expected("family-gemma3").sequences[1].ids
        #expect(try model.logProbabilities(of: ids) == original.logProbabilities(of: ids))
    }

    @Test("what an old Gemma 3 leaves out is the family's default")
    func defaults() throws {
        let text = """
            {"model_type": "gemma3", "text_config": {"model_type": "gemma3_text",
             "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34,
             "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024}}
            """
        let found = try DecoderConfiguration(huggingFace: Data(text.utf8), file: "config.json")
        #expect(found.vocabularySize == 262_208)
        #expect(found.attention.headDimension == 256)
        #expect(found.attention.rotary == .init(base: 1_000_000, scaling: .linear(factor: 8)))
        #expect(found.attention.windowedRotary == .init(base: 10_000))
        #expect(found.attention.slidingWindow?.size == 1024)
        #expect(found.attention.slidingWindow?.layers?.contains(5) == false)
    }

    @Test(
        "what is not computed is refused by its key",
        arguments: [
            ("olmo", "clip_qkv", "8.0"), ("gemma3_text", "use_bidirectional_attention", "true"),
            ("gpt_oss", "swiglu_limit", "3.0"), ("phi", "qk_layernorm", "true"),
            ("llama", "partial_rotary_factor", "0.5"), ("mixtral", "num_experts_per_tok", "9"),
            ("glm4", "hidden_act", "\"relu2\""), ("phi3", "rope_scaling", "{\"type\": \"ntk\"}"),
        ])
    func refused(type: String, key: String, value: String) throws {
        let text = """
            {"model_type": "\(type)", "vocab_size": 48, "hidden_size": 24, "intermediate_size": 40,
             "num_hidden_layers": 2, "num_attention_heads": 3, "num_local_experts": 4,
             "\(key)": \(value)\(key == "num_experts_per_tok" ? "" : ", \"num_experts_per_tok\": 2")}
            """
        let error = #expect(throws: InputError.self) {
            try DecoderConfiguration(huggingFace: Data(text.utf8), file: "config.json")
        }
        #expect(error?.description.contains(key) == true, "\(String(describing: error))")
    }
}
