// SPDX-License-Identifier: Apache-2.0
// A chat completion in one piece, and in the pieces of a stream.

import Foundation

/// The number of tokens of an exchange.
struct TokenUsage: Encodable {
    let promptTokens: Int
    let completionTokens: Int
    let totalTokens: Int

    init(prompt: Int, completion: Int) {
        promptTokens = prompt
        completionTokens = completion
        totalTokens = prompt + completion
    }

    enum CodingKeys: String, CodingKey {
        case promptTokens = "prompt_tokens"
        case completionTokens = "completion_tokens"
        case totalTokens = "total_tokens"
    }
}

/// The common fields of all pieces of an answer.
struct AnswerIdentity: Sendable {
    let identifier = "chatcmpl-\(UUID().uuidString.lowercased())"
    let created = Int(Date().timeIntervalSince1970)
    let model: String
}

/// A whole answer.
struct ChatResponse: Encodable {
    struct Choice: Encodable {
        struct Message: Encodable {
            let role = "assistant"
            let content: String
        }

        let index = 0
        let message: Message
        let finishReason: FinishReason

        enum CodingKeys: String, CodingKey {
            case index, message
            case finishReason = "finish_reason"
        }
    }

    let id: String
    let object = "chat.completion"
    let created: Int
    let model: String
    let choices: [Choice]
    let usage: TokenUsage

    init(_ identity: AnswerIdentity, text: String, _ reason: FinishReason, usage: TokenUsage) {
        id = identity.identifier
        created = identity.created
        model = identity.model
        choices = [Choice(message: .init(content: text), finishReason: reason)]
        self.usage = usage
    }

    private enum CodingKeys: String, CodingKey { case id, object, created, model, choices, usage }
}

/// A piece of an answer.
struct ChatChunk: Encodable {
    struct Choice: Encodable {
        struct Delta: Encodable {
            var role: String?
            var content: String?
        }

        let index = 0
        let delta: Delta
        let finishReason: FinishReason?

        enum CodingKeys: String, CodingKey {
            case index, delta
            case finishReason = "finish_reason"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(index, forKey: .index)
            try container.encode(delta, forKey: .delta)
            // Clients expect the key even if it is null.
            try container.encode(finishReason, forKey: .finishReason)
        }
    }

    let id: String
    let object = "chat.completion.chunk"
    let created: Int
    let model: String
    let choices: [Choice]

    init(_ identity: AnswerIdentity, _ delta: Choice.Delta, _ reason: FinishReason? = nil) {
        id = identity.identifier
        created = identity.created
        model = identity.model
        choices = [Choice(delta: delta, finishReason: reason)]
    }

    private enum CodingKeys: String, CodingKey { case id, object, created, model, choices }
}
