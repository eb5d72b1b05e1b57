// SPDX-License-Identifier: Apache-2.0
// Token identifiers and decoded texts are those of Hugging Face tokenizers.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("Tokenizers agree with Hugging Face")
struct TokenizerParityTests {
    struct SmolLM2: Decodable {
        let ids: [[Int]]
        let unparsed: [[Int]]
        let decoded: [Goldens.Decoded]
    }

    struct Small: Decodable {
        let ids: [[Int]]
        let plain: [[Int]]
        let unparsed: [[Int]]
        let decoded: [Goldens.Decoded]
    }

    static let kinds = [
        "llama3", "qwen2", "gpt2", "fallback", "metaspace-always", "metaspace-first",
        "metaspace-never", "cased", "splits",
    ]

    static func tokenizer(_ name: String) throws -> Tokenizer {
        let root = try Tokenizer.node(of: Goldens.data("small-\(name).json"), file: name)
        return try Tokenizer(root.required("tokenizer"))
    }

    private func expect(
        _ tokenizer: Tokenizer, _ texts: [String], _ expected: [[Int]], special: Bool = true,
        parsing: Bool = true
    ) {
        #expect(texts.count == expected.count)
        for (text, identifiers) in zip(texts, expected) {
            let found = tokenizer.encode(
                text, addingSpecialTokens: special, parsingSpecialTokens: parsing)
            #expect(
                found == identifiers,
                """
                \(visible(text)): \(found.map { tokenizer.token($0) ?? "?" }), expected \
                \(identifiers.map { tokenizer.token($0) ?? "?" })
                """)
        }
    }

    private func expect(_ tokenizer: Tokenizer, _ decoded: [Goldens.Decoded]) {
        for golden in decoded {
            for (isPlain, expected) in [(false, golden.text), (true, golden.plain)] {
                let text = tokenizer.decode(golden.ids, skippingSpecialTokens: isPlain)
                #expect(
                    isSame(text, expected),
                    "\(golden.ids): \(visible(text)), expected \(visible(expected))")
            }
        }
    }

    @Test("SmolLM2 from GGUF gives the same identifiers")
    func smollm2() throws {
        let tokenizer = try DefaultModel.tokenizer.get()
        let corpus = try Goldens.corpus.get()
        let golden: SmolLM2 = try Goldens.read("smollm2.json")
        expect(tokenizer, corpus.texts, golden.ids)
        expect(tokenizer, Array(corpus.texts[..<corpus.nasty]), golden.unparsed, parsing: false)
        expect(tokenizer, golden.decoded)
    }

    @Test("SmolLM2 is written as the reference writes it")
    func components() throws {
        let tokenizer = try DefaultModel.tokenizer.get()
        func object(_ data: Data) throws -> [String: Any] {
            try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
        }
        let written = try object(tokenizer.tokenizerJSON())
        let golden = try object(Goldens.data("smollm2.json"))
        let expected = try #require(golden["components"] as? [String: Any])
        for (key, value) in expected {
            #expect((written[key] as? NSObject) == (value as? NSObject), "\(key)")
        }
        let model = try #require(written["model"] as? [String: Any])
        let vocabulary = try DefaultModel.vocabulary.get()
        #expect((model["vocab"] as? [String: Int])?.count == vocabulary.tokens.count)
        let merges = try #require(model["merges"] as? [[String]])
        #expect(merges.map { $0.joined(separator: " ") } == vocabulary.merges)

        let configuration = try object(tokenizer.tokenizerConfigJSON(chatTemplate: "{{ x }}"))
        #expect(configuration["bos_token"] as? String == "<|im_start|>")
        #expect(configuration["eos_token"] as? String == "<|im_end|>")
        #expect(configuration["chat_template"] as? String == "{{ x }}")
    }

    @Test("a text decodes to itself")
    func roundTrip() throws {
        let tokenizer = try DefaultModel.tokenizer.get()
        // The vocabulary of SmolLM2 lacks some bytes that start scalars of the far planes.
        guard case .bytePair(let model) = tokenizer.model else {
            Issue.record("not a model of byte pairs")
            return
        }
        for text in try Goldens.corpus.get().texts
        where text.utf8.allSatisfy({ model.byteSymbols[Int($0)] >= 0 }) {
            #expect(isSame(tokenizer.decode(tokenizer.encode(text)), text), "\(visible(text))")
        }
    }

    @Test("small tokenizers of each kind give the same identifiers", arguments: kinds)
    func small(name: String) throws {
        let tokenizer = try Self.tokenizer(name)
        let corpus = try Goldens.corpus.get()
        let nasty = Array(corpus.texts[..<corpus.nasty])
        let golden: Small = try Goldens.read("small-\(name).json")
        expect(tokenizer, corpus.some, golden.ids)
        expect(tokenizer, nasty, golden.plain, special: false)
        expect(tokenizer, nasty, golden.unparsed, parsing: false)
        expect(tokenizer, golden.decoded)
    }

    @Test("a written tokenizer.json is read back as the same tokenizer", arguments: kinds)
    func writing(name: String) throws {
        let tokenizer = try Self.tokenizer(name)
        let again = try Tokenizer(tokenizerJSON: tokenizer.tokenizerJSON(), file: "again.json")
        for text in try Goldens.corpus.get().some {
            #expect(again.encode(text) == tokenizer.encode(text), "\(visible(text))")
        }
        #expect(again.tokenizerJSON() == tokenizer.tokenizerJSON())
    }

    @Test("normal forms are those of the reference", arguments: ["NFC", "NFD", "NFKC", "NFKD"])
    func normalForms(name: String) throws {
        let forms: [String: [String: String]] = try Goldens.read("normal-forms.json")
        let type = JSON.members(["type": .string(name)])
        let normalizer = try Normalizer(JSONNode(type, file: "", remedy: ""))
        for (text, expected) in try #require(forms[name]) {
            let found = normalizer.apply(text)
            #expect(
                isSame(found, expected),
                "\(visible(text)): \(visible(found)), expected \(visible(expected))")
        }
    }
}
