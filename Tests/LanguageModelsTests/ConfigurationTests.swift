// SPDX-License-Identifier: Apache-2.0
// Configurations: what is read, what is refused, and that both ways agree.

import Foundation
import JSONText
import LanguageModels
import ModelWriting
import Testing

@Suite("Configurations")
struct ConfigurationTests {
    /// A key to remove.
    private struct Absent {}

    private func json(_ name: String, _ changes: [String: Any]) throws -> Data {
        let folder = name.hasPrefix("family-") ? name : "tiny-\(name)"
        let url = try Goldens.url("\(folder)/config.json")
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
        var keys = try #require(object as? [String: Any])
        for (key, value) in changes { keys[key] = value is Absent ? nil : value }
        return try JSONSerialization.data(withJSONObject: keys)
    }

    private func read(_ name: String, _ changes: [String: Any] = [:]) throws
        -> DecoderConfiguration
    {
        try DecoderConfiguration(huggingFace: json(name, changes), file: "config.json")
    }

    @Test("coding gives the same value", arguments: Goldens.tiny)
    func coding(name: String) throws {
        let value = try read(name)
        let data = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(DecoderConfiguration.self, from: data) == value)
    }

    @Test("a config.json that was written gives the same value", arguments: Goldens.tiny)
    func writing(name: String) throws {
        let value = try read(name)
        let lines = value.huggingFaceKeys.compactMap { key, value in
            value.map { "\"\(key)\": \($0.text())" }
        }
        let data = Data("{\(lines.joined(separator: ", "))}".utf8)
        #expect(try DecoderConfiguration(huggingFace: data, file: "config.json") == value)
    }

    @Test("old and new spellings of the rotary keys mean the same")
    func ropeSpellings() throws {
        let scaling: [String: Any] = ["type": "linear", "factor": 4.0]
        let old = try read(
            "linear",
            ["rope_parameters": Absent(), "rope_theta": 10000.0, "rope_scaling": scaling])
        #expect(try old == read("linear"))
    }

    @Test("Mistral's window is 4096 where the file is silent, and none where it says null")
    func mistralWindow() throws {
        #expect(try read("mistral").attention.slidingWindow?.size == 5)
        #expect(
            try read("mistral", ["sliding_window": Absent()]).attention.slidingWindow?.size
                == 4096)
        let null = try read("mistral", ["sliding_window": NSNull()])
        #expect(null.attention.slidingWindow == nil)
    }

    @Test("Qwen's window counts only when it is switched on, and from its first layer")
    func qwenWindow() throws {
        let changes: [String: Any] = [
            "layer_types": Absent(), "sliding_window": 7, "max_window_layers": 1,
        ]
        #expect(try read("qwen2", changes).attention.slidingWindow == nil)
        let on = try read(
            "qwen2", changes.merging(["use_sliding_window": true]) { first, _ in first })
        #expect(on.attention.slidingWindow == .init(size: 7, layers: [1]))
    }

    @Test("an unsupported architecture names the file, the key and the supported ones")
    func unsupported() throws {
        let error = #expect(throws: InputError.self) {
            try read("gqa", ["model_type": "mamba"])
        }
        let line = try #require(error).description
        for part in ["config.json", "model_type", "mamba", "llama", "mistral"] {
            #expect(line.contains(part))
        }
        #expect(!line.contains("\n"))
    }

    @Test(
        "numbers that no model has are refused by key",
        arguments: [
            ("num_attention_heads", 0), ("num_attention_heads", -4),
            ("num_key_value_heads", 3), ("num_key_value_heads", 0), ("hidden_size", 0),
            ("hidden_size", 1 << 40), ("num_hidden_layers", 1_000_000), ("vocab_size", 0),
            ("intermediate_size", -1), ("head_dim", 7), ("head_dim", 0),
            ("max_position_embeddings", 0), ("rms_norm_eps", 2), ("rms_norm_eps", -1),
        ])
    func ranges(key: String, value: Int) throws {
        let error = #expect(throws: InputError.self) { try read("gqa", [key: value]) }
        #expect(error?.place.contains(key) == true)
    }

    @Test(
        "widths and lengths beyond all bounds are refused where they are used",
        arguments: [
            ("family-qwen2moe", "shared_expert_intermediate_size", Int.max as any Sendable),
            (
                "family-ministral3", "rope_parameters",
                [
                    "rope_type": "default", "rope_theta": 10_000.0, "llama_4_scaling_beta": 0.1,
                    "original_max_position_embeddings": 0,
                ] as [String: any Sendable]
            ),
        ])
    func bounds(name: String, key: String, value: any Sendable) throws {
        let error = #expect(throws: InputError.self) { try read(name, [key: value]) }
        let line = error?.description ?? ""
        #expect(line.contains(key) || line.contains("original_max_position_embeddings"), "\(line)")
    }

    @Test(
        "missing and mistyped keys are refused by name",
        arguments: ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
    func keys(key: String) throws {
        for value in [Absent(), "many", [1]] as [Any] {
            let error = #expect(throws: InputError.self) { try read("gqa", [key: value]) }
            #expect(error?.place.contains(key) == true, "\(value)")
        }
        let error = #expect(throws: InputError.self) { try read("gqa", [key: 1.5]) }
        #expect(error?.description.contains("fraction") == true)
    }

    @Test("a NaN epsilon is refused")
    func epsilon() throws {
        #expect(throws: InputError.self) {
            try DecoderConfiguration(
                vocabularySize: 8, width: 8, feedForward: .gated(width: 8), layerCount: 1,
                contextLength: 8,
                attention: .init(headCount: 1, keyValueHeadCount: 1, headDimension: 8),
                normalisation: .init(epsilon: .nan))
        }
    }

    @Test("features that are not computed are refused")
    func features() throws {
        #expect(throws: InputError.self) { try read("gqa", ["hidden_act": "relu2"]) }
        #expect(throws: InputError.self) { try read("gqa", ["partial_rotary_factor": 0.5]) }
        #expect(throws: InputError.self) {
            try read("gqa", ["rope_parameters": ["rope_type": "mrope", "factor": 2.0]])
        }
        #expect(throws: InputError.self) {
            try read("gqa", ["rope_parameters": ["rope_type": "llama3", "factor": 2.0]])
        }
    }

    @Test("what is no JSON object is refused")
    func garbage() {
        for text in ["", "[]", "{", "3", "{\"model_type\": 3}", "{}"] {
            #expect(throws: InputError.self) {
                try DecoderConfiguration(huggingFace: Data(text.utf8), file: "config.json")
            }
        }
    }
}
