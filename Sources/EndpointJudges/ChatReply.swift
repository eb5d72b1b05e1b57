// SPDX-License-Identifier: Apache-2.0
// The JSON of chat completions.

internal import Foundation

/// The request of one completion.
struct ChatRequest: Encodable {
    struct Message: Codable {
        let role: String
        let content: String
    }

    let model: String
    let messages: [Message]
    let temperature: Double
    let maxTokens: Int

    private enum CodingKeys: String, CodingKey {
        case model, messages, temperature
        case maxTokens = "max_tokens"
    }
}

/// One completion, and its tokens.
struct ChatReply: Decodable {
    private struct Choice: Decodable {
        struct Message: Decodable { let content: String? }
        let message: Message
    }

    private struct Usage: Decodable {
        let promptTokens: Int?
        let completionTokens: Int?

        private enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }
    }

    private let choices: [Choice]
    private let usage: Usage?

    /// The model's text; empty when there is none.
    var text: String { choices.first?.message.content ?? "" }
    var promptTokens: Int { max(0, usage?.promptTokens ?? 0) }
    var completionTokens: Int { max(0, usage?.completionTokens ?? 0) }
    var hasChoice: Bool { !choices.isEmpty }
}

/// Returns the seconds that a `Retry-After` header asks for, as a number or as a date (RFC 9110).
func retryDelay(_ header: String?, now: Date = Date()) -> Double? {
    guard let header = header?.trimmingCharacters(in: .whitespaces) else { return nil }
    if let seconds = Double(header) { return seconds.isFinite ? max(0, seconds) : nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return formatter.date(from: header).map { max(0, $0.timeIntervalSince(now)) }
}
