// SPDX-License-Identifier: Apache-2.0
// A model in the form in which it is measured.

internal import Tokenization

/// A model with the framing of its prompts, and the edit of its stream, for measuring.
public struct Subject: Sendable {
    /// The model.
    public let model: LanguageModel
    /// The framing of the prompts.
    public let framing: Framing
    /// The edit of the residual stream.
    public let edit: ResidualEdit?

    /// Makes a subject; by default the model without framing and edit.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - framing: The framing of the prompts.
    ///   - edit: The edit of the residual stream.
    public init(_ model: LanguageModel, framing: Framing = Framing(), edit: ResidualEdit? = nil) {
        self.model = model
        self.framing = framing
        self.edit = edit
    }

    /// Returns the token ids of a prompt in the model's chat template, up to the point where the
    /// model continues.
    ///
    /// An opening is encoded separately from the template, as if the model had generated it after
    /// the template's last token.
    ///
    /// - Parameter prompt: The user's text.
    /// - Returns: The token identifiers.
    /// - Throws: Errors of the chat template.
    public func tokens(for prompt: String) throws -> [Int] {
        var messages = framing.systemPrompt.map { [ChatMessage(role: "system", content: $0)] } ?? []
        for turn in framing.earlierTurns {
            messages.append(ChatMessage(role: "user", content: turn.user))
            messages.append(ChatMessage(role: "assistant", content: turn.assistant))
        }
        let request = framing.beforePrompt + prompt + framing.afterPrompt
        messages.append(ChatMessage(role: "user", content: request))
        var tokens = try model.tokens(for: messages, addingGenerationPrompt: true)
        if let insertion = framing.insertion {
            tokens.insert(
                contentsOf: insertion.tokens, at: min(insertion.position, tokens.count))
        }
        guard !framing.answerOpening.isEmpty else { return tokens }
        // A prefilled opening is part of the answer, so thinking that the template has begun must
        // end first.
        let opening =
            ThinkingMarks.left(openBy: tokens, tokenizer: model.tokenizer).map {
                $0.closing + "\n\n"
            } ?? ""
        return tokens
            + model.tokenizer.encode(
                opening + framing.answerOpening, addingSpecialTokens: false)
    }

    /// Counts the tokens before the user's text, which do not depend on the text.
    ///
    /// - Returns: The number of tokens.
    /// - Throws: Errors of the chat template.
    public func tokensBeforePrompt() throws -> Int {
        let (one, other) = (try tokens(for: "One"), try tokens(for: "Another 7"))
        return zip(one, other).prefix { $0 == $1 }.count
    }
}
