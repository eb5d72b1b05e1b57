// SPDX-License-Identifier: Apache-2.0
// The text around a prompt.

/// The framing of a prompt: a system prompt, earlier turns, words beside the prompt, and the
/// opening of the answer.
///
/// By default it is empty: there is only the user's prompt in the model's own template.
public struct Framing: Sendable, Hashable {
    /// An earlier turn of the conversation.
    public struct Turn: Sendable, Hashable {
        /// The user's text.
        public let user: String
        /// The model's presumed answer.
        public let assistant: String

        /// Makes a turn.
        ///
        /// - Parameters:
        ///   - user: The user's text.
        ///   - assistant: The model's presumed answer.
        public init(user: String, assistant: String) {
            self.user = user
            self.assistant = assistant
        }
    }

    /// Tokens without a text, and their position.
    public struct Insertion: Sendable, Hashable {
        /// The identifiers.
        public let tokens: [Int]
        /// The number of other tokens before them.
        public let position: Int

        /// Makes an insertion.
        ///
        /// - Parameters:
        ///   - tokens: The identifiers.
        ///   - position: The number of other tokens before them.
        public init(tokens: [Int], position: Int) {
            self.tokens = tokens
            self.position = position
        }
    }

    /// The system prompt, which comes before everything.
    public var systemPrompt: String?
    /// The conversation before the prompt, first turn first.
    public var earlierTurns: [Turn]
    /// The text before the prompt in the user's turn.
    public var beforePrompt: String
    /// The text after the prompt in the user's turn.
    public var afterPrompt: String
    /// The beginning of the answer (prefill), which the model continues. It does not count as the
    /// model's text, neither for refusal nor for coherence.
    public var answerOpening: String
    /// A soft prompt among the tokens.
    public var insertion: Insertion?

    /// Makes a framing; by default it is empty.
    ///
    /// - Parameters:
    ///   - systemPrompt: The system prompt, which comes before everything.
    ///   - earlierTurns: The conversation before the prompt, first turn first.
    ///   - beforePrompt: The text before the prompt in the user's turn.
    ///   - afterPrompt: The text after the prompt in the user's turn.
    ///   - answerOpening: The beginning of the answer, which the model continues.
    ///   - insertion: A soft prompt among the tokens.
    public init(
        systemPrompt: String? = nil, earlierTurns: [Turn] = [], beforePrompt: String = "",
        afterPrompt: String = "", answerOpening: String = "", insertion: Insertion? = nil
    ) {
        self.systemPrompt = systemPrompt
        self.earlierTurns = earlierTurns
        self.beforePrompt = beforePrompt
        self.afterPrompt = afterPrompt
        self.answerOpening = answerOpening
        self.insertion = insertion
    }
}
