// SPDX-License-Identifier: Apache-2.0
// How long answers may be, as a command line says it.

import ArgumentParser
import Records

/// How long the measured answers of a model may be.
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

    /// The settings that the options stand for.
    var settings: EvaluationSettings {
        EvaluationSettings(answerTokens: answerTokens, thinkingTokens: thinkingTokens)
    }
}
