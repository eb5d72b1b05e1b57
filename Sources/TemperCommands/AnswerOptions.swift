// SPDX-License-Identifier: Apache-2.0
// The options for the length of answers.

import ArgumentParser
import Records

/// The greatest length of a model's measured answers.
struct AnswerOptions: ParsableArguments {
    @Option(help: "Answers are cut after this many tokens.")
    var answerTokens = EvaluationSettings().answerTokens

    @Option(
        help:
            "Let a model think before it answers, for this many tokens. By default its chat template says not to; one that thinks all the same has \(EvaluationSettings.defaultThinkingTokens)."
    )
    var thinkingTokens: Int?

    func validate() throws {
        guard (1...100_000).contains(answerTokens) else {
            throw ValidationError("--answer-tokens must be from 1 to 100000")
        }
        if let thinkingTokens, !(1...1_000_000).contains(thinkingTokens) {
            throw ValidationError("--thinking-tokens must be from 1 to 1000000")
        }
    }

    /// The settings for the options.
    var settings: EvaluationSettings {
        EvaluationSettings(answerTokens: answerTokens, thinkingTokens: thinkingTokens)
    }
}
