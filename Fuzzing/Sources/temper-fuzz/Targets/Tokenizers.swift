// SPDX-License-Identifier: Apache-2.0
// Tokenizers: reading the file, encoding and decoding with what was read, writing it again.

import Foundation
import Tokenization

extension FuzzTarget {
    /// `tokenizer.json`, and after a zero byte `tokenizer_config.json`, and then a text to encode.
    static let tokenizer = FuzzTarget(name: "tokenizer") { input in
        let parts = input.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
            .map { Data($0) }
        let tokenizer = try Tokenizer(
            tokenizerJSON: parts[0], file: "tokenizer.json",
            configurationJSON: parts.count > 1 ? parts[1] : nil)
        try use(tokenizer, on: parts.count > 2 ? String(decoding: parts[2], as: UTF8.self) : "")
    }

    /// `tokenizer.model`.
    static let sentencePiece = FuzzTarget(name: "sentencepiece") { input in
        let tokenizer = try Tokenizer(sentencePiece: input, file: "tokenizer.model")
        try use(tokenizer, on: "\u{2581}a  b \u{1F600}", isExact: false)
    }

    /// A GGUF vocabulary: a line each for model, pre-tokenizer, token types, special tokens,
    /// merges (tab between), and a text to encode; every further line is a token.
    static let vocabulary = FuzzTarget(name: "vocabulary") { input in
        let lines = String(decoding: input, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.count > 6 else { return }
        let special = lines[3].split(separator: " ").map { Int($0) }
        func role(_ index: Int) -> Int? { special.indices.contains(index) ? special[index] : nil }
        var vocabulary = GGUFVocabulary(
            file: "model.gguf", model: lines[0], tokens: Array(lines[6...]),
            types: lines[2].utf8.map { Int32($0) - 48 },
            merges: lines[4].split(separator: "\t").map(String.init), preTokenizer: lines[1],
            bosIdentifier: role(0), eosIdentifier: role(1), unkIdentifier: role(2),
            padIdentifier: role(3), addBOS: role(4).map { $0 > 0 },
            addEOS: role(5) ?? 0 > 0, addSpacePrefix: role(6) ?? 0 > 0)
        vocabulary.scores = vocabulary.tokens.indices.map { Float($0 % 7) - 3 }
        let tokenizer = try Tokenizer(vocabulary: vocabulary)
        try use(tokenizer, on: lines[5], isExact: ["gpt2", "bert"].contains(lines[0]))
    }

    private static let texts = ["", " Hello  world\n1234 it's <s>", "e\u{301}\u{AC00}😀\u{85}\t"]

    /// Writes, reads and applies a tokenizer. SentencePiece's are written as the tokenizer to which
    /// transformers converts them, which cuts rare texts in another way.
    private static func use(
        _ tokenizer: Tokenizer, on text: String, isExact: Bool = true
    ) throws {
        let copy: Tokenizer
        do {
            copy = try Tokenizer(tokenizerJSON: tokenizer.tokenizerJSON(), file: "copy")
        } catch {
            broken("a tokenizer that was read can be written and read again: \(error)")
        }
        for text in texts + [text] {
            for isParsing in [true, false] {
                let tokens = tokenizer.encode(
                    text, addingSpecialTokens: isParsing, parsingSpecialTokens: isParsing)
                guard tokens.allSatisfy({ $0 >= 0 }) else { broken("identifiers are not negative") }
                let whole = tokenizer.decode(tokens, skippingSpecialTokens: isParsing)
                let settled = tokenizer.decodeSettled(tokens, skippingSpecialTokens: isParsing)
                guard whole.utf8.starts(with: settled.utf8) else { broken("settled text stays") }
                guard
                    !isExact
                        || copy.encode(text, addingSpecialTokens: false)
                            == tokenizer.encode(
                                text, addingSpecialTokens: false)
                else { broken("what was written encodes as what was read") }
            }
        }
        _ = tokenizer.decode([0, 1, 2, -1, .max, .min])
        _ = tokenizer.token(0)
        _ = tokenizer.vocabularySize
    }
}
