// SPDX-License-Identifier: Apache-2.0
// A chat completion in one piece, and in the pieces of a stream.

import Foundation
import LanguageModels
import Tokenization

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

/// The log-probabilities of an answer's tokens.
struct LogProbabilities: Encodable {
    struct Entry: Encodable {
        let token: String
        let logprob: Float
        /// The token's UTF-8; nil for a part of a character.
        let bytes: [UInt8]?

        init(_ entry: TokenScores.Entry, _ tokenizer: Tokenizer) {
            token = tokenizer.decode([entry.token])
            // JSON has no infinity; OpenAI's stands for "very unlikely" with this number.
            logprob = max(entry.logProbability, -9999)
            bytes = token.unicodeScalars.contains("\u{FFFD}") ? nil : Array(token.utf8)
        }
    }

    struct Token: Encodable {
        let chosen: Entry
        let likeliest: [Entry]

        func encode(to encoder: any Encoder) throws {
            try chosen.encode(to: encoder)
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(likeliest, forKey: .likeliest)
        }

        private enum CodingKeys: String, CodingKey { case likeliest = "top_logprobs" }
    }

    let content: [Token]

    /// Returns nil for no scores.
    init?(_ scores: [TokenScores]?, _ tokenizer: Tokenizer) {
        guard let scores else { return nil }
        content = scores.map { scores in
            Token(
                chosen: Entry(scores.chosen, tokenizer),
                likeliest: scores.likeliest.map { Entry($0, tokenizer) })
        }
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

            private enum CodingKeys: String, CodingKey { case role, content }
        }

        let index: Int
        let message: Message
        let logprobs: LogProbabilities?
        let finishReason: FinishReason

        enum CodingKeys: String, CodingKey {
            case index, message, logprobs
            case finishReason = "finish_reason"
        }
    }

    let id: String
    let object = "chat.completion"
    let created: Int
    let model: String
    let choices: [Choice]
    let usage: TokenUsage

    init(_ identity: AnswerIdentity, _ choices: [Choice], usage: TokenUsage) {
        id = identity.identifier
        created = identity.created
        model = identity.model
        self.choices = choices
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

        let index: Int
        let delta: Delta
        var logprobs: LogProbabilities?
        var finishReason: FinishReason?

        enum CodingKeys: String, CodingKey {
            case index, delta, logprobs
            case finishReason = "finish_reason"
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(index, forKey: .index)
            try container.encode(delta, forKey: .delta)
            try container.encodeIfPresent(logprobs, forKey: .logprobs)
            // Clients expect the key even if it is null.
            try container.encode(finishReason, forKey: .finishReason)
        }
    }

    /// Whether the numbers of tokens come, in a last piece without choices.
    enum Usage {
        case absent
        case later
        case now(TokenUsage)
    }

    private let identity: AnswerIdentity
    private let choices: [Choice]
    private let usage: Usage

    init(_ identity: AnswerIdentity, _ choices: [Choice], usage: Usage) {
        self.identity = identity
        self.choices = choices
        self.usage = usage
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(identity.identifier, forKey: .id)
        try container.encode("chat.completion.chunk", forKey: .object)
        try container.encode(identity.created, forKey: .created)
        try container.encode(identity.model, forKey: .model)
        try container.encode(choices, forKey: .choices)
        switch usage {
        case .absent: break
        case .later: try container.encodeNil(forKey: .usage)
        case .now(let usage): try container.encode(usage, forKey: .usage)
        }
    }

    private enum CodingKeys: String, CodingKey { case id, object, created, model, choices, usage }
}
