// SPDX-License-Identifier: Apache-2.0
// What stands around a prompt when a model is asked.

/// What stands around a prompt: a system prompt, earlier turns, words beside the prompt, and the
/// opening of the answer.
///
/// By default nothing does: the user asks, and the model's own template says how that is put.
public struct Framing: Sendable, Hashable {
    /// What was said before.
    public struct Turn: Sendable, Hashable {
        /// What the user asked.
        public let user: String
        /// What the model is said to have answered.
        public let assistant: String

        /// Makes a turn.
        ///
        /// - Parameters:
        ///   - user: What the user asked.
        ///   - assistant: What the model is said to have answered.
        public init(user: String, assistant: String) {
            self.user = user
            self.assistant = assistant
        }
    }

    /// Tokens that no text stands for, and where they are put.
    public struct Insertion: Sendable, Hashable {
        /// The identifiers.
        public let tokens: [Int]
        /// How many of the other tokens stand in front.
        public let position: Int

        /// Makes an insertion.
        ///
        /// - Parameters:
        ///   - tokens: The identifiers.
        ///   - position: How many of the other tokens stand in front.
        public init(tokens: [Int], position: Int) {
            self.tokens = tokens
            self.position = position
        }
    }

    /// Stands in front of everything.
    public var systemPrompt: String?
    /// The conversation before the prompt, first turn first.
    public var earlierTurns: [Turn]
    /// Stands in front of the prompt in the user's turn.
    public var beforePrompt: String
    /// Stands behind the prompt in the user's turn.
    public var afterPrompt: String
    /// Put into the model's mouth (prefill): the answer goes on behind it. It counts as no word of
    /// the model's, neither for refusal nor for coherence.
    public var answerOpening: String
    /// A soft prompt among the tokens.
    public var insertion: Insertion?

    /// Makes a framing; by default nothing stands around a prompt.
    ///
    /// - Parameters:
    ///   - systemPrompt: Stands in front of everything.
    ///   - earlierTurns: The conversation before the prompt, first turn first.
    ///   - beforePrompt: Stands in front of the prompt in the user's turn.
    ///   - afterPrompt: Stands behind the prompt in the user's turn.
    ///   - answerOpening: Put into the model's mouth.
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
