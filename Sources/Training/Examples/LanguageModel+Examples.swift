// SPDX-License-Identifier: Apache-2.0
// A prompt and its answer as an example to learn from.

public import LanguageModels
internal import Tokenization

extension Subject {
    /// Makes an example of a prompt, with what stands around prompts, and its answer.
    ///
    /// - Parameters:
    ///   - prompt: What the user asks.
    ///   - answer: What the model is to answer.
    /// - Returns: The prompt in the model's chat template, and the answer with the token that ends
    ///   it.
    /// - Throws: Errors of the chat template.
    public func example(prompt: String, answer: String) throws -> CompletionExample {
        let messages = [
            ChatMessage(role: "user", content: prompt),
            ChatMessage(role: "assistant", content: answer),
        ]
        let given = try tokens(for: prompt)
        // Some templates put more behind the token that ends an answer; that is never predicted.
        let whole = try model.tokens(for: messages, addingGenerationPrompt: false)
        let plain = try Subject(model).tokens(for: prompt)
        let end = whole.dropFirst(plain.count).first(where: model.stopTokens.contains)
        return CompletionExample(
            prompt: given,
            completion: model.tokenizer.encode(answer, addingSpecialTokens: false)
                + (end.map { [$0] } ?? []))
    }
}

extension LanguageModel {
    /// Makes an example of a prompt and its answer.
    ///
    /// - Parameters:
    ///   - prompt: What the user asks.
    ///   - answer: What the model is to answer.
    ///   - template: How both become one text.
    /// - Returns: The prompt, and the answer with the token that ends it.
    /// - Throws: Errors of the chat template.
    public func example(
        prompt: String, answer: String, template: TrainingConfiguration.Template = .chat
    ) throws -> CompletionExample {
        let frame: String
        switch template {
        case .chat: return try Subject(self).example(prompt: prompt, answer: answer)
        case .instruction: frame = "### Instruction:\n\(prompt)\n\n### Response:\n"
        case .plain: frame = "\(prompt)\n"
        }
        return CompletionExample(
            prompt: tokenizer.encode(frame),
            completion: tokenizer.encode(answer, addingSpecialTokens: false)
                + stopTokens.sorted().prefix(1))
    }
}
