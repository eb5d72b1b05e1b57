// SPDX-License-Identifier: Apache-2.0
// Models that are stored in other ways: quantised, with one matrix for head and embedding, with
// Python's numbers in their configuration, with stop tokens in several places.

import Checkpoints
import Foundation
import JSONText
import Testing

@testable import LanguageModels

@Suite("Stored forms")
struct StoredFormTests {
    private struct Sequence: Decodable {
        let ids: [Int]
        let logprobs: [Float]
    }

    @Test(
        "a quantised model computes what transformers computes with the decoded weights",
        arguments: ["bnb4", "bnb8", "gptq", "fp8"])
    func quantised(name: String) throws {
        let model = try LanguageModel(at: Goldens.url("stored-\(name)"))
        let expected = try Goldens.read("stored-\(name)/expected.json", as: [Sequence].self)
        #expect(expected.count == 4)
        for sequence in expected {
            try expectClose(
                model.logProbabilities(of: sequence.ids), sequence.logprobs, absolute: 1e-3, name)
        }
    }

    @Test("the digest of a quantised model is that of its files")
    func digest() throws {
        let url = try Goldens.url("stored-gptq")
        let files = try OpenModel(identifying: url)
        #expect(files.digest.root == (try ModelDigest(of: url).root))
        #expect(try LanguageModel(files, at: url).parameters.count == 21)
    }

    @Test("a quantisation that is not decoded is refused by its name")
    func refusal() throws {
        let scratch = try LoadingTests.Scratch("gqa")
        try edit(
            "config.json", of: scratch, "{", "{\"quantization_config\":{\"quant_method\":\"hqq\"},")
        scratch.expectRefusal(
            naming: ["config.json: quantization_config.quant_method: \"hqq\" is not supported"])
    }

    // MARK: - Head and embedding

    @Test("a stored head that differs is used, though the configuration ties it")
    func otherHead() throws {
        let tied = try LoadingTests.Scratch("gqa")
        try tied.change { $0["lm_head.weight"] = $0["model.embed_tokens.weight"] }
        let plain = try LanguageModel(at: tied.url)
        #expect(plain.configuration.headIsTied)
        try tied.change { $0["lm_head.weight"]?.values[32 * 7 + 3] += 1 }
        let model = try LanguageModel(at: tied.url)
        #expect(!model.configuration.headIsTied)
        let untied = try LoadingTests.Scratch("gqa")
        try untied.change {
            $0["lm_head.weight"] = $0["model.embed_tokens.weight"]
            $0["lm_head.weight"]?.values[32 * 7 + 3] += 1
        }
        try edit(
            "config.json", of: untied, "\"tie_word_embeddings\": true",
            "\"tie_word_embeddings\": false")
        let ids = [1, 5, 9, 7]
        let values = try model.logProbabilities(of: ids)
        #expect(try values == LanguageModel(at: untied.url).logProbabilities(of: ids))
        #expect(try values != plain.logProbabilities(of: ids))
    }

    @Test("a head that is stored alone is the embedding too")
    func headAlone() throws {
        let scratch = try LoadingTests.Scratch("gqa")
        let expected = try LanguageModel(at: scratch.url).logProbabilities(of: [1, 5, 9])
        try scratch.change {
            $0["lm_head.weight"] = $0.removeValue(forKey: "model.embed_tokens.weight")
        }
        let model = try LanguageModel(at: scratch.url)
        #expect(model.configuration.headIsTied)
        #expect(try model.logProbabilities(of: [1, 5, 9]) == expected)
    }

    // MARK: - Configuration

    @Test("Python's infinities and NaN are read, and refused where they mean something")
    func nonFinite() throws {
        let scratch = try LoadingTests.Scratch("gqa")
        try edit(
            "config.json", of: scratch, "{",
            #"{"time_step_limit":[0.0,Infinity,-Infinity],"x":NaN,"#)
        _ = try LanguageModel(at: scratch.url)
        try edit("config.json", of: scratch, "{", "{\"final_logit_softcapping\":Infinity,")
        scratch.expectRefusal(naming: ["final_logit_softcapping", "number"])
        let other = try LoadingTests.Scratch("gqa")
        try edit("config.json", of: other, "{", "{\"x\":Infinite,")
        other.expectRefusal(naming: ["config.json"])
    }

    @Test("stop tokens are those of all files that name some")
    func stopTokens() throws {
        let scratch = try LoadingTests.Scratch("gqa")
        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: scratch.url.appending(path: name))
        }
        #expect(try LanguageModel(at: scratch.url).stopTokens == [2])
        try write(#"{"eos_token_id":[5,6]}"#, "generation_config.json")
        #expect(try LanguageModel(at: scratch.url).stopTokens == [2, 5, 6])
        try write(#"{"eos_token":"<s>"}"#, "tokenizer_config.json")
        #expect(try LanguageModel(at: scratch.url).stopTokens == [1, 2, 5, 6])
    }

    @Test(
        "a GGUF file's stop tokens are found by their text too, as llama.cpp finds them",
        arguments: [
            (["a", "<|eot_id|>", "</s>", "<|eom_id|>"], [0, 1, 2, 3]),
            (["a", "<|end|>", "<|return|>", "<|call|>"], [0, 2, 3]),
            (["<|end|>", "b", "<|return|>", "<|call|>"], [2, 3]),
            (["a", "<|end|>", "<|endoftext|>", "<|end|>x"], [0, 1, 2]),
            (["<eos>", "</s>", "<|tool_response>"], [0, 2]),
        ])
    func stopTexts(tokens: [String], stops: [Int]) throws {
        func text(_ value: String) -> Data { number(UInt64(value.utf8.count)) + Data(value.utf8) }
        func number<Number: FixedWidthInteger>(_ value: Number) -> Data {
            withUnsafeBytes(of: value.littleEndian) { Data($0) }
        }
        var file = Data("GGUF".utf8) + number(UInt32(3)) + number(UInt64(0)) + number(UInt64(2))
        file += text("tokenizer.ggml.eos_token_id") + number(UInt32(4)) + number(UInt32(0))
        file += text("tokenizer.ggml.tokens") + number(UInt32(9)) + number(UInt32(8))
        file += number(UInt64(tokens.count)) + tokens.reduce(Data()) { $0 + text($1) }
        let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID()).gguf")
        defer { try? FileManager.default.removeItem(at: url) }
        try file.write(to: url)
        #expect(try GGUFModel(Checkpoint(at: url)).stopTokens == Set(stops))
    }

    private func edit(
        _ name: String, of scratch: LoadingTests.Scratch, _ old: String, _ new: String
    ) throws {
        let file = scratch.url.appending(path: name)
        let text = try String(contentsOf: file, encoding: .utf8)
        #expect(text.contains(old))
        try Data(text.replacing(old, with: new, maxReplacements: 1).utf8).write(to: file)
    }
}
