// SPDX-License-Identifier: Apache-2.0
// A model as it is asked and measured.

internal import Tokenization

/// A model with what stands around the prompts, and what changes its stream, while it is measured.
public struct Subject: Sendable {
    /// The model.
    public let model: LanguageModel
    /// What stands around the prompts.
    public let framing: Framing
    /// What changes the residual stream.
    public let edit: ResidualEdit?

    /// Makes a subject; by default the model as it is.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - framing: What stands around the prompts.
    ///   - edit: What changes the residual stream.
    public init(_ model: LanguageModel, framing: Framing = Framing(), edit: ResidualEdit? = nil) {
        self.model = model
        self.framing = framing
        self.edit = edit
    }

    /// Returns the token ids of a prompt in the model's chat template, up to where the model goes
    /// on.
    ///
    /// An opening is encoded apart from the template, as it would be behind the template's last
    /// token if the model had said it.
    ///
    /// - Parameter prompt: What the user asks.
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
        // Words in the model's mouth are its answer: thinking that the template has begun ends first.
        let opening =
            ThinkingMarks.left(openBy: tokens, tokenizer: model.tokenizer).map {
                $0.closing + "\n\n"
            } ?? ""
        return tokens
            + model.tokenizer.encode(
                opening + framing.answerOpening, addingSpecialTokens: false)
    }

    /// Counts the tokens that stand in front of the user's text, whatever that is.
    ///
    /// - Returns: The number of tokens.
    /// - Throws: Errors of the chat template.
    public func tokensBeforePrompt() throws -> Int {
        let (one, other) = (try tokens(for: "One"), try tokens(for: "Another 7"))
        return zip(one, other).prefix { $0 == $1 }.count
    }
}
