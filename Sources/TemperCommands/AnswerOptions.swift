// SPDX-License-Identifier: Apache-2.0
// How measures are taken, as a command line says it.

import ArgumentParser
import Records

/// How measures of a model are taken.
struct AnswerOptions: ParsableArguments {
    @Option(help: "Answers are cut after this many tokens.")
    var answerTokens = EvaluationSettings().answerTokens

    @Option(
        help:
            "Let a model think before it answers, for this many tokens. By default its chat template says not to; one that thinks all the same has \(EvaluationSettings.defaultThinkingTokens)."
    )
    var thinkingTokens: Int?

    @Flag(
        help: """
            Ask untampered models the suite's items for the safety tax, a thousand or more: tells a \
            loss of two points from none, and takes minutes.
            """)
    var tax = false

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
        EvaluationSettings(
            answerTokens: answerTokens, thinkingTokens: thinkingTokens,
            measuresTax: tax ? true : nil)
    }
}
