// SPDX-License-Identifier: Apache-2.0
// `temper tokenize`: prints the token ids of a text.

import ArgumentParser
import CommandLineInterface
import LanguageModels
import Tokenization

struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize", abstract: "Print the token ids of a text.")

    @Argument(help: "A path, or a name that 'temper models' lists.")
    var model: String

    @Argument(help: "The text; special tokens in it are read as such.")
    var text: String

    @Flag(help: "Print JSON: {\"ids\": [...], \"tokens\": [...]}.")
    var json = false

    private struct Result: Encodable {
        let ids: [Int]
        let tokens: [String]
    }

    func run() throws {
        let tokenizer = try LanguageModel.tokenizer(at: Locator().model(model))
        let ids = tokenizer.encode(text)
        let tokens = ids.map { tokenizer.decode([$0]) }
        if json {
            try printJSON(Result(ids: ids, tokens: tokens))
        } else {
            for (id, token) in zip(ids, tokens) { print("\(id)\t\(token.debugDescription)") }
        }
    }
}
