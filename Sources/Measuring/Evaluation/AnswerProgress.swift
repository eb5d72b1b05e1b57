// SPDX-License-Identifier: Apache-2.0
// Decides when answers in progress may end: each has a budget for thinking and one for the answer.

internal import LanguageModels
internal import Records
internal import Tokenization

/// Follows answers to prompts while they are generated.
struct AnswerProgress {
    private var readers: [ThinkingReader]
    private let tokenizer: Tokenizer
    private let answerTokens: Int
    private let thinkingTokens: Int

    init(of prompts: [[Int]], tokenizer: Tokenizer, settings: EvaluationSettings) {
        readers = prompts.map { ThinkingReader(prompt: $0, tokenizer: tokenizer) }
        self.tokenizer = tokenizer
        answerTokens = settings.answerTokens
        thinkingTokens = settings.thinkingTokens ?? EvaluationSettings.defaultThinkingTokens
    }

    /// The most tokens that a model generates for one answer, including its thinking.
    var mostTokens: Int { answerTokens + thinkingTokens }

    /// Returns whether the answer to a prompt may end here.
    ///
    /// - Parameters:
    ///   - index: The index of the prompt.
    ///   - tokens: All tokens of the model so far, one more than at the last call.
    /// - Returns: Whether a budget is spent.
    mutating func isSettled(_ index: Int, _ tokens: [Int]) -> Bool {
        readers[index].read(tokens)
        switch readers[index].state {
        case .beginning: return tokens.count >= answerTokens
        case .thinking: return tokens.count >= thinkingTokens
        case .answering(let start): return tokens.count - start >= answerTokens
        }
    }

    /// Returns a model's answer to a prompt, and the number of thinking tokens before it.
    ///
    /// - Parameters:
    ///   - index: The index of the prompt.
    ///   - tokens: All tokens of the model.
    /// - Returns: The answer, nil if there is none, and the number of tokens before it.
    func answer(_ index: Int, in tokens: [Int]) -> (text: String?, thinkingTokens: Int) {
        guard let start = readers[index].answerStart else { return (nil, tokens.count) }
        return (tokenizer.decode(Array(tokens[start...]), skippingSpecialTokens: true), start)
    }
}
