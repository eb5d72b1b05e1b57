// SPDX-License-Identifier: Apache-2.0
// What fuzzing found, so that it stays mended. Documentation/Fuzzing.md has the list.

import Foundation
import JSONText
import Testing

@testable import Tokenization

@Suite("What fuzzing found")
struct FuzzFindingTests {
    @Test("names from a file cannot add lines to a message, nor drown it")
    func oneLine() throws {
        let name = "x\nwarning: all is well\u{1B}[2J\u{2028}" + String(repeating: "y", count: 5000)
        let vocabulary = GGUFVocabulary(file: "m.gguf", tokens: ["a"], merges: [name])
        let tokenizer = try #require(throws: InputError.self) {
            try Tokenizer(vocabulary: vocabulary)
        }
        let template = try #require(throws: InputError.self) {
            try ChatTemplate("{{ raise_exception('\(name)') }}")
                .render([], addingGenerationPrompt: false)
        }
        for error in [tokenizer, template] {
            let text = error.description
            #expect(!text.contains(where: \.isNewline) && !text.contains("\u{1B}"))
            #expect(text.contains(#"x\u{a}warning: all is well\u{1b}[2J\u{2028}"#))
            #expect(text.utf8.count < 1000)
        }
    }
}
