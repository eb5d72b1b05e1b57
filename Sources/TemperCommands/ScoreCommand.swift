// SPDX-License-Identifier: Apache-2.0
// `temper score`: prints the probability of a text in a model.

import ArgumentParser
import CommandLineInterface
import LanguageModels
import Tokenization

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Print the natural-log probability of each token of a text, in nats.")

    @OptionGroup var model: ModelOptions

    @Argument(help: "The text, taken as it is: no chat template.")
    var text: String

    @Flag(help: "Print JSON: {\"ids\": [...], \"logprobs\": [...], \"sum\": ...}.")
    var json = false

    private struct Result: Encodable {
        let ids: [Int]
        let logprobs: [Float]
        let sum: Double
    }

    func run() throws {
        let model = try model.load()
        let ids = model.tokenizer.encode(text)
        guard !ids.isEmpty else {
            throw ValidationError("TEXT has no tokens; give it at least one")
        }
        let logprobs = try model.logProbabilities(of: ids)
        let sum = logprobs.reduce(0) { $0 + Double($1) }
        if json {
            try printJSON(Result(ids: ids, logprobs: logprobs, sum: sum))
        } else {
            for (id, logprob) in zip(ids.dropFirst(), logprobs) {
                print("\(logprob)\t\(model.tokenizer.decode([id]).debugDescription)")
            }
            print("sum \(sum) nats over \(logprobs.count) tokens")
        }
    }
}
