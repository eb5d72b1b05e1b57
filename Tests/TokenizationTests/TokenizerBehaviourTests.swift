// SPDX-License-Identifier: Apache-2.0
// What no golden shows: speed on hostile words, roles of tokens, threads, and what is refused.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("Tokenizers")
struct TokenizerBehaviourTests {
    /// A byte-level vocabulary of the whole byte alphabet and some merges.
    static func vocabulary(
        merges: [String] = [], more: [String] = [], preTokenizer: String = "smollm"
    ) -> GGUFVocabulary {
        let bytes = ByteAlphabet.characters.map { String(Character($0)) }
        let merged = merges.map { $0.replacing(" ", with: "") }
        let tokens = bytes + merged + more
        let types = tokens.map { $0.hasPrefix("<|") ? Int32(3) : $0.hasPrefix("[") ? 4 : 1 }
        return GGUFVocabulary(
            file: "test.gguf", tokens: tokens, types: types, merges: merges,
            preTokenizer: preTokenizer)
    }

    @Test("the longest words take time in proportion to their length")
    func longWords() throws {
        let merges = ["a a", "aa aa", "a b", "aaaa aaaa", "b aa"]
        let tokenizer = try Tokenizer(vocabulary: Self.vocabulary(merges: merges))
        let clock = ContinuousClock()
        let short = String(repeating: "a", count: 2_000)
        let long = String(repeating: "a", count: 200_000)
        _ = tokenizer.encode(short)
        let shortTime = clock.measure { #expect(tokenizer.encode(short).count == 250) }
        let longTime = clock.measure { #expect(tokenizer.encode(long).count == 25_000) }
        // 100 times the length: a quadratic algorithm would take 10,000 times as long.
        #expect(longTime < max(shortTime * 1_500, .seconds(2)))
    }

    @Test("long words and short words are merged alike")
    func queueAgreesWithScan() throws {
        let merges = ["a b", "b a", "ab a", "a a", "aa b", "aba ab", "b b", "c ab", "bb aa"]
        let tokenizer = try Tokenizer(vocabulary: Self.vocabulary(merges: merges))
        guard case .bytePair(let model) = tokenizer.model else {
            Issue.record("not a model of byte pairs")
            return
        }
        var state: UInt64 = 7
        for length in 2..<39 {
            for _ in 0..<20 {
                let word = (0..<length).map { _ -> UInt8 in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(ascii: "a") + UInt8(truncatingIfNeeded: (state >> 33) % 3)
                }
                var scratch = BytePairModel.Scratch()
                var scanned: [Int32] = []
                word.withUnsafeBufferPointer {
                    model.encode($0, scratch: &scratch, into: &scanned)
                }
                var queued = word.map { model.byteSymbols[Int($0)] }
                scratch.queue.merge(&queued, by: model.merges)
                #expect(scanned == queued, "\(String(decoding: word, as: UTF8.self))")
            }
        }
    }

    @Test("several threads get the same identifiers from one tokenizer")
    func threads() async throws {
        let tokenizer = try TokenizerParityTests.tokenizer("llama3")
        let texts = try Goldens.corpus.get().some
        let expected = texts.map { tokenizer.encode($0) }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { texts.map { tokenizer.encode($0) } == expected }
            }
            for await isSame in group { #expect(isSame) }
        }
    }

    @Test("canonically equivalent tokens are two tokens")
    func canonicalEquivalence() throws {
        let source = """
            {"model": {"type": "BPE", "vocab": {"\\u00e9": 0, "e\\u0301": 1, "e": 2, "\\u0301": 3},
            "merges": ["e \\u0301"]}}
            """
        let tokenizer = try Tokenizer(tokenizerJSON: Data(source.utf8), file: "tokenizer.json")
        #expect(tokenizer.encode("\u{E9}") == [0])
        #expect(tokenizer.encode("e\u{301}") == [1])
        #expect(tokenizer.identifier(of: "\u{E9}") == 0)
        #expect(tokenizer.identifier(of: "e\u{301}") == 1)
        #expect(tokenizer.vocabularySize == 4)
    }

    @Test("tokenizer_config.json names the tokens with a role and surrounds texts")
    func configuration() throws {
        let json = try Tokenizer(
            vocabulary: Self.vocabulary(more: ["<|b|>", "<|e|>"])
        ).tokenizerJSON()
        let configuration = """
            {"tokenizer_class": "LlamaTokenizerFast",
            "bos_token": {"content": "<|b|>", "lstrip": false}, "eos_token": "<|e|>",
            "pad_token": null, "add_bos_token": true, "add_eos_token": true}
            """
        let tokenizer = try Tokenizer(
            tokenizerJSON: json, file: "a/tokenizer.json",
            configurationJSON: Data(configuration.utf8))
        #expect(tokenizer.bosToken == .init(text: "<|b|>", identifier: 256))
        #expect(tokenizer.eosToken?.identifier == 257)
        #expect(tokenizer.padToken == nil)
        #expect(tokenizer.encode("!").map { tokenizer.token($0) } == ["<|b|>", "!", "<|e|>"])
        #expect(tokenizer.encode("!", addingSpecialTokens: false).count == 1)
        #expect(tokenizer.isSpecial(256))
        #expect(!tokenizer.isSpecial(0))
    }

    private static let startingNames = [
        "llama3", "llama-v3", "llama-bpe", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
        "jina-v5-nano", "tekken",
    ]

    @Test("GGUF's names of pre-tokenizers mean what the original tokenizers do")
    func preTokenizers() throws {
        func words(_ name: String, _ text: String) throws -> [String] {
            var source = Self.vocabulary(more: ["<|b|>", "[u]"], preTokenizer: name)
            source.bosIdentifier = 256
            let tokenizer = try Tokenizer(vocabulary: source)
            var words: [String] = []
            var text = text
            text.withUTF8 { bytes in
                tokenizer.preTokenizer.forEachWord(in: bytes, isFirst: true) {
                    words.append(String(decoding: $0, as: UTF8.self))
                }
            }
            let hasBOS = tokenizer.encode("").contains(256)
            #expect(hasBOS == Self.startingNames.contains(name))
            return words
        }
        let text = "I'LL pay  1234, ok?\n\n x"
        #expect(
            try words("gpt-2", text)
                == ["I", "'", "LL", " pay", " ", " 1234", ",", " ok", "?", "\n\n", " x"])
        #expect(
            try words("smollm", text)
                == [
                    "I", "'", "LL", " pay", "  ", "1", "2", "3", "4", ",", " ok", "?", "\n\n", " x",
                ])
        #expect(
            try words("llama-bpe", text)
                == ["I", "'LL", " pay", " ", " ", "123", "4", ",", " ok", "?\n\n", " x"])
        #expect(
            try words("qwen2", text)
                == ["I", "'LL", " pay", " ", " ", "1", "2", "3", "4", ",", " ok", "?\n\n", " x"])
        #expect(
            try words("default", text)
                == ["I", "'", "LL", " pay", " ", " ", "123", "4", ",", " ok", "?", "\n\n", " x"])
        #expect(
            try words("tekken", "HelloWORLDAgain x1")
                == ["Hello", "WORLDAgain", " x", "1"])
        #expect(try words("deepseek-v3", "ab 1234中文") == ["ab", " ", "123", "4", "中文"])
        for name in GGUFPreTokenizer.names {
            let whole = try words(name, text).joined().replacing("\u{2581}", with: " ")
            #expect(whole == text, "\(name)")
        }
    }

    @Test("control tokens are special, and user-defined ones are found but not special")
    func kinds() throws {
        let tokenizer = try Tokenizer(vocabulary: Self.vocabulary(more: ["<|x|>", "[u]"]))
        #expect(tokenizer.encode("<|x|>[u]") == [256, 257])
        #expect(tokenizer.decode([256, 257], skippingSpecialTokens: true) == "[u]")
        #expect(
            tokenizer.decode(tokenizer.encode("<|x|>[u]", parsingSpecialTokens: false))
                == "<|x|>[u]")
        #expect(tokenizer.encode("<|x|>[u]", parsingSpecialTokens: false).last == 257)
        #expect(tokenizer.decode([256, 9_999, -1]) == "<|x|>")
    }

    static let refused: [(edit: @Sendable (inout GGUFVocabulary) -> Void, message: String)] = [
        (
            { $0.model = "rwkv" },
            "tokenizer.ggml.model: rwkv is not supported; supported: bert, gpt2, llama, t5"
        ),
        ({ $0.model = "llama" }, "tokenizer.ggml.scores: 0 scores for 256 tokens"),
        ({ $0.preTokenizer = "new" }, "tokenizer.ggml.pre: \"new\" is not supported; supported: "),
        ({ $0.types = [1] }, "tokenizer.ggml.token_type: 1 types for 256 tokens"),
        (
            { $0.tokens[9] = $0.tokens[8] },
            "tokenizer.ggml.tokens[9]: \"Ĉ\": the token is given twice"
        ),
        ({ $0.merges = ["a b"] }, "tokenizer.ggml.merges[0]: \"ab\" is not in the vocabulary"),
        ({ $0.merges = ["ab"] }, "tokenizer.ggml.merges[0]: \"ab\" is not two tokens"),
        ({ $0.merges = ["a b c"] }, "tokenizer.ggml.merges[0]: \"a b c\" has more than one space"),
        ({ $0.eosIdentifier = 256 }, "tokenizer.ggml.eos_token_id: there is no token 256"),
        ({ $0.bosIdentifier = -1 }, "tokenizer.ggml.bos_token_id: there is no token -1"),
    ]

    @Test("a damaged GGUF vocabulary is refused with the metadata key", arguments: refused.indices)
    func refusedVocabulary(index: Int) throws {
        var vocabulary = Self.vocabulary()
        Self.refused[index].edit(&vocabulary)
        let source = vocabulary
        let error = try #require(throws: InputError.self) {
            try Tokenizer(vocabulary: source)
        }
        #expect("\(error)".hasPrefix("test.gguf: \(Self.refused[index].message)"), "\(error)")
    }

    static let damaged = [
        ("", "byte 0: a value is expected"), ("{", "byte 1: a key is expected"),
        ("{\"model\": {}} x", "byte 14: something follows the end"),
        ("[1,]", "byte 3: a value is expected"),
        ("[\n  +1]", "byte 4 (line 2, column 3): a value is expected"),
        ("[01]", "byte 1: a value is expected"),
        ("[.5]", "byte 1: a value is expected"),
        (String(repeating: "[", count: 100_000), "byte 64: the nesting is too deep"),
        (
            "{\"a\": \"\\ud800\"}",
            "byte 7: a string holds an invalid escape: half of a surrogate pair"
        ),
        ("{\"a\": \"\u{1}\"}", "byte 7: a string holds an unescaped control"),
        ("[]", "top level: an object expected, found an array"),
        ("{}", "top level: has no \"model\""),
        ("{\"model\": {\"type\": \"Trigram\"}}", "model.type: the model Trigram is not supported"),
        ("{\"model\": {\"type\": \"Unigram\"}}", "model: has no \"vocab\""),
        (
            "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\"]]}}",
            "model.vocab: piece 0 is not a text and a score"
        ),
        (
            "{\"model\": {\"type\": \"Unigram\", \"vocab\": [[\"a\", 0]], \"unk_id\": 1}}",
            "model.unk_id: there is no piece 1"
        ),
        (
            "{\"model\": {\"type\": \"WordPiece\", \"vocab\": []}}",
            "model.vocab: an object expected"
        ),
        ("{\"model\": {\"vocab\": {}}}", "model: has no \"merges\""),
        (
            "{\"model\": {\"vocab\": {\"a\": -1}, \"merges\": []}}",
            "model.vocab: \"a\": the identifier -1"
        ),
        (
            "{\"model\": {\"vocab\": {\"a\": 99999999}, \"merges\": []}}",
            "model.vocab: \"a\": the ident"
        ),
        (
            "{\"model\": {\"vocab\": {\"a\": 0, \"b\": 0}, \"merges\": []}}",
            "model.vocab: \"b\": the ident"
        ),
        (
            "{\"model\": {\"vocab\": {\"a\": \"0\"}, \"merges\": []}}",
            "model.vocab: \"a\" has a string"
        ),
        ("{\"model\": {\"vocab\": {\"a\": 0}, \"merges\": [[\"a\"]]}}", "model.merges[0]: a pair"),
        (
            "{\"model\": {\"vocab\": {}, \"merges\": [], \"dropout\": 0.1}}",
            "model.dropout: dropout is"
        ),
        (
            "{\"model\": {\"vocab\": {}, \"merges\": [], \"end_of_word_suffix\": 1}}",
            "model.end_of_word_suffix: a string expected"
        ),
        (
            "{\"model\": {\"vocab\": {}, \"merges\": [], \"unk_token\": \"u\"}}",
            "model.unk_token: the"
        ),
        (part("pre_tokenizer", "Odd"), "pre_tokenizer.type: the pre-tokenizer Odd"),
        (part("normalizer", "Odd"), "normalizer.type: the normalizer Odd is not supported"),
        (part("decoder", "Odd"), "decoder.type: the decoder Odd is not supported"),
        (part("post_processor", "Odd"), "post_processor.type: the post-processor Odd"),
        (part("post_processor", "BertProcessing"), "post_processor: has no \"cls\""),
        (
            part("normalizer", "Precompiled\", \"precompiled_charsmap\": \"AAAB"),
            "normalizer.precompiled_charsmap: the map of characters is damaged"
        ),
        (split("(", "Isolated"), "pre_tokenizer.pattern: the regular expression ( is not"),
        (split("a", "Odd"), "pre_tokenizer.behavior: an unknown behaviour; supported: Removed"),
        (
            "{\"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}, \"added_tokens\": "
                + "[{\"id\": 1, \"content\": \"a\"}]}",
            "added_tokens[0]: the token has the identifier 1 here and 0 in the model"
        ),
        (
            "{\"model\": {\"vocab\": {\"a\": 0}, \"merges\": []}, \"added_tokens\": "
                + "[{\"id\": 0, \"content\": \"b\"}]}",
            "added_tokens[0]: the identifier 0 belongs to another token"
        ),
    ]

    private static func part(_ key: String, _ type: String) -> String {
        "{\"model\": {\"vocab\": {}, \"merges\": []}, \"\(key)\": {\"type\": \"\(type)\"}}"
    }

    private static func split(_ pattern: String, _ behaviour: String) -> String {
        """
        {"model": {"vocab": {}, "merges": []}, "pre_tokenizer": {"type": "Split", "behavior": \
        "\(behaviour)", "pattern": {"Regex": "\(pattern)"}}}
        """
    }

    @Test("a damaged tokenizer.json is refused with the place in the file")
    func damagedFiles() throws {
        for (source, message) in Self.damaged {
            let error = try #require(throws: InputError.self, "\(message)") {
                try Tokenizer(tokenizerJSON: Data(source.utf8), file: "x/tokenizer.json")
            }
            #expect("\(error)".hasPrefix("x/tokenizer.json: \(message)"), "\(error)")
            #expect(!error.remedy.isEmpty)
        }
        let notText = Data([0x22, 0xFF, 0x22])
        #expect(throws: InputError.self) {
            try Tokenizer(tokenizerJSON: notText, file: "tokenizer.json")
        }
    }

    @Test("a tokenizer.json cut off anywhere is refused")
    func truncated() throws {
        let whole = try Tokenizer(vocabulary: Self.vocabulary(merges: ["a b"])).tokenizerJSON()
        for length in stride(from: 0, to: whole.count, by: 97) {
            #expect(throws: InputError.self) {
                try Tokenizer(tokenizerJSON: whole.prefix(length), file: "tokenizer.json")
            }
        }
    }
}
