// SPDX-License-Identifier: Apache-2.0
// `temper generate`: prints a model's answer to a prompt.

import ArgumentParser
import CommandLineInterface
import LanguageModels
import Tokenization

struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate", abstract: "Print a model's answer to a prompt.")

    @OptionGroup var model: ModelOptions

    @Argument(help: "What the user says; the model's chat template is applied.")
    var prompt: String

    @Flag(help: "Continue the prompt as it is, without the chat template.")
    var raw = false

    @OptionGroup var conversation: ConversationOptions

    @Option(help: "Stop after this many tokens.")
    var maxTokens = 128

    @Option(help: "0 takes the most probable token each time; above 0 samples.")
    var temperature: Float = 0

    @Option(help: "The seed of sampling: the same seed gives the same answer.")
    var seed: UInt64 = 0

    @Flag(help: "Print JSON: {\"input_ids\": [...], \"output_ids\": [...], \"text\": ...}.")
    var json = false

    private struct Result: Encodable {
        let inputIdentifiers: [Int]
        let outputIdentifiers: [Int]
        let text: String

        private enum CodingKeys: String, CodingKey {
            case inputIdentifiers = "input_ids"
            case outputIdentifiers = "output_ids"
            case text
        }
    }

    func validate() throws {
        guard maxTokens > 0 else { throw ValidationError("--max-tokens must be at least 1") }
        guard temperature >= 0, temperature.isFinite else {
            throw ValidationError("--temperature must be 0 or more")
        }
    }

    func run() throws {
        let model = try model.load().conversing(in: conversation.form())
        let input =
            raw
            ? model.tokenizer.encode(prompt)
            : try model.tokens(
                for: [ChatMessage(role: "user", content: prompt)], addingGenerationPrompt: true)
        let generator = Generator(
            maximumTokens: maxTokens, temperature: temperature, seed: seed)
        let output = try generator.generate(from: [input], model: model)[0]
        let text = model.tokenizer.decode(output, skippingSpecialTokens: true)
        if json {
            try printJSON(Result(inputIdentifiers: input, outputIdentifiers: output, text: text))
        } else {
            print(text)
        }
    }
}
