// SPDX-License-Identifier: Apache-2.0
// The WordPiece vocabulary of a GGUF file.

import Foundation
import Testing

@testable import Tokenization

@Suite("WordPiece of a GGUF file")
struct GGUFWordPieceTests {
    private func vocabulary() -> GGUFVocabulary {
        var vocabulary = GGUFVocabulary(
            file: "a.gguf", model: "bert",
            tokens: ["[UNK]", "<s>", "</s>", "\u{2581}a", "b", "\u{2581}new", "inner"],
            types: [3, 3, 1, 1, 1, 4, 4], merges: [], unkIdentifier: 0)
        vocabulary.clsIdentifier = 1
        vocabulary.sepIdentifier = 2
        return vocabulary
    }

    @Test("control tokens and tokens with a role keep their text, others are spelt by WordPiece")
    func spelling() throws {
        let tokenizer = try Tokenizer(vocabulary: vocabulary())
        #expect(tokenizer.encode("ab") == [1, 3, 4, 2])
        #expect(tokenizer.encode("</s>") == [1, 2, 2])
        #expect(tokenizer.encode("new") == [1, 5, 2])
    }

    @Test("what was read is written, and read again with the same identifiers")
    func written() throws {
        let tokenizer = try Tokenizer(vocabulary: vocabulary())
        let copy = try Tokenizer(tokenizerJSON: tokenizer.tokenizerJSON(), file: "copy")
        for text in ["ab", "a </s> new", "##inner", "[UNK]<s>"] {
            #expect(copy.encode(text) == tokenizer.encode(text), "\(text)")
        }
    }
}
