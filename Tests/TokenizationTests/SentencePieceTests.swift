// SPDX-License-Identifier: Apache-2.0
// tokenizer.model: what a damaged or hostile file does, and what a sound one holds.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("SentencePiece models")
struct SentencePieceTests {
    private static func golden(_ kind: String = "sentencepiece-unigram-map") throws -> Data {
        try Goldens.data("random/\(kind)/tokenizer.model")
    }

    private static func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
        [number << 3 | 2, UInt8(bytes.count)] + bytes
    }

    private static func piece(_ text: String, kind: UInt8 = 1) -> [UInt8] {
        field(1, field(1, Array(text.utf8)) + [0x15, 0, 0, 0x80, 0xBF, 0x18, kind])
    }

    private static func read(_ bytes: [UInt8]) throws -> Tokenizer {
        try Tokenizer(sentencePiece: Data(bytes), file: "m/tokenizer.model")
    }

    @Test("the roles of tokens are those of the file")
    func roles() throws {
        let tokenizer = try Tokenizer(sentencePiece: Self.golden(), file: "tokenizer.model")
        #expect(tokenizer.unkToken == .init(text: "<unk>", identifier: 0))
        #expect(tokenizer.bosToken == .init(text: "<s>", identifier: 1))
        #expect(tokenizer.eosToken == .init(text: "</s>", identifier: 2))
        #expect(tokenizer.padToken == nil)
        #expect(tokenizer.encode("<s>", addingSpecialTokens: false) == [1])
    }

    @Test("a written model gives the same tokens for ordinary text")
    func writing() throws {
        for kind in ["sentencepiece-bpe", "sentencepiece-unigram-map"] {
            let tokenizer = try Tokenizer(sentencePiece: Self.golden(kind), file: "tokenizer.model")
            let again = try Tokenizer(tokenizerJSON: tokenizer.tokenizerJSON(), file: "again.json")
            for text in ["kato sol verme.", " Kato 12 日本語 é", "ab ab\nx <s> y"] {
                #expect(again.encode(text) == tokenizer.encode(text), "\(kind): \(text)")
                let tokens = tokenizer.encode(text)
                #expect(again.decode(tokens) == tokenizer.decode(tokens))
            }
        }
    }

    @Test("files beside the model rename pieces, add tokens and put one before a text")
    func directory() throws {
        let model = try Self.golden()
        let configuration = """
            {"tokenizer_class": "LlamaTokenizer", "bos_token": "<begin>", "added_tokens_decoder": {
            "1": {"content": "<begin>", "special": true}, "9999": {"content": "<new>"}}}
            """
        let tokenizer = try Tokenizer(directory: "m") { name in
            switch name {
            case "tokenizer.model": model
            case "tokenizer_config.json": Data(configuration.utf8)
            default: nil
            }
        }
        #expect(tokenizer.bosToken == .init(text: "<begin>", identifier: 1))
        let size = try Tokenizer(sentencePiece: model, file: "").vocabularySize
        #expect(tokenizer.encode("<new><begin>") == [1, size, 1])
        #expect(tokenizer.decode([1, size]) == "<begin><new>")
    }

    static let damaged: [(bytes: [UInt8], message: String)] = [
        ([], "byte 0: there are no pieces"),
        ([0x0A], "byte 1: the file ends within a value"),
        ([0x0A, 5, 1], "byte 2: 5 bytes are announced and 1 follow"),
        ([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1], "byte 11: 18446744"),
        (Array(repeating: 0xFF, count: 12), "byte 10: a number has more than ten bytes"),
        ([0x0B], "byte 1: the field type 3 is not known"),
        (field(1, [0x18, 9]), "byte 4: the piece type 9 is not known"),
        (field(1, field(1, [0xFF])), "byte 5: a text is not UTF-8"),
        (field(1, []), "byte 2: a piece is empty"),
        (field(1, [0x15, 0, 0, 0xC0, 0x7F]), "byte 7: a score is not finite"),
        (piece("a"), "pieces: none is for unknown text"),
        (piece("?", kind: 2) + piece("a") + piece("a"), "pieces[2]: \"a\": the token is given"),
        (
            piece("?", kind: 2) + field(2, [0x98, 2, 1]),
            "pieces: there is no piece for the byte 0"
        ),
        (
            piece("?", kind: 2) + field(2, [0x18, 3]),
            "trainer_spec.model_type: word models are not supported; supported: unigram, bpe"
        ),
        (
            piece("?", kind: 2) + field(2, [0x18, 7]), "byte 16: the model type 7 is not known"
        ),
        (
            piece("?", kind: 2) + field(3, field(2, [8, 0, 0, 0, 1])),
            "byte 21: the map of characters is damaged"
        ),
    ]

    @Test("a damaged file is refused with the place", arguments: damaged.indices)
    func refusal(index: Int) throws {
        let item = Self.damaged[index]
        let error = try #require(throws: InputError.self) { try Self.read(item.bytes) }
        #expect("\(error)".hasPrefix("m/tokenizer.model: \(item.message)"), "\(error)")
        #expect(!error.remedy.isEmpty)
    }

    @Test("mutated files are read or refused, and never crash")
    func mutated() throws {
        let whole = Array(try Self.golden())
        var state: UInt64 = 11
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        for _ in 0..<300 {
            var bytes = whole
            for _ in 0..<1 + random(4) { bytes[random(bytes.count)] = UInt8(random(256)) }
            if random(3) == 0 { bytes.removeSubrange(random(bytes.count)...) }
            guard let tokenizer = try? Self.read(bytes) else { continue }
            let tokens = tokenizer.encode("Kato é ｆ ﬁ  日本 \u{0}😀")
            _ = tokenizer.decode(tokens)
        }
    }

    @Test("a piece of great length is refused, not tried in every cut")
    func longPiece() throws {
        var source = GGUFVocabulary(
            file: "m.gguf", model: "llama",
            tokens: ["<unk>", String(repeating: "a", count: 5000)], types: [2, 1], merges: [])
        source.scores = [0, -1]
        let vocabulary = source
        let error = try #require(throws: InputError.self) { try Tokenizer(vocabulary: vocabulary) }
        #expect("\(error)".hasPrefix("m.gguf: pieces[1]: the piece has 5000 bytes"))
    }

    @Test("a long text of one run takes time in proportion to its length")
    func longRun() throws {
        let tokenizer = try Tokenizer(
            sentencePiece: Self.golden("sentencepiece-bpe"), file: "tokenizer.model")
        let clock = ContinuousClock()
        let short = clock.measure {
            _ = tokenizer.encode(String(repeating: "a", count: 2_000))
        }
        let long = clock.measure { _ = tokenizer.encode(String(repeating: "a", count: 200_000)) }
        // 100 times the length: a quadratic algorithm would take 10,000 times as long.
        #expect(long < max(short * 1_500, .seconds(2)))
    }
}
