// SPDX-License-Identifier: Apache-2.0
// A request for a chat completion in the form of OpenAI's clients, and its limits.

import Foundation
import Hummingbird
import JSONText
import LanguageModels
import Tokenization

/// The body of a request. Other fields are ignored.
struct ChatRequest: Decodable {
    struct Message: Decodable {
        let role: String
        let content: Content
    }

    /// A text, or a list of parts that are texts.
    struct Content: Decodable {
        private struct Part: Decodable {
            let type: String
            let text: String
        }

        let text: String

        init(from decoder: any Decoder) throws {
            let box = try decoder.singleValueContainer()
            if let text = try? box.decode(String.self) {
                self.text = text
                return
            }
            let parts = try box.decode([Part].self)
            guard parts.allSatisfy({ $0.type == "text" }) else {
                throw DecodingError.dataCorruptedError(
                    in: box, debugDescription: "only parts of type \"text\" are supported")
            }
            text = parts.map(\.text).joined()
        }
    }

    /// One text or several.
    struct Stops: Decodable {
        let texts: [String]

        init(from decoder: any Decoder) throws {
            let box = try decoder.singleValueContainer()
            texts = try (try? [box.decode(String.self)]) ?? box.decode([String].self)
        }
    }

    let model: String?
    let messages: [Message]
    var maxTokens: Int?
    var maxCompletionTokens: Int?
    var temperature: Float?
    var seed: Int?
    var stop: Stops?
    var stream: Bool?
    var n: Int?
    var topP: Double?
    var tools: [Ignored]?

    struct Ignored: Decodable {}

    enum CodingKeys: String, CodingKey {
        case model, messages, temperature, seed, stop, stream, n, tools
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
        case topP = "top_p"
    }

    private static let roles = ["system", "user", "assistant"]
    private static let mostStops = 4
    private static let longestStop = 256

    init(_ body: Data) throws(RefusedRequest) {
        do {
            self = try JSONDecoder().decode(ChatRequest.self, from: body)
        } catch let error as DecodingError {
            guard error.place.isEmpty else { throw .invalid("\(error.place) \(error.problem)") }
            throw .invalid(
                "\(InputError(error, in: body, file: "the body", remedy: "send a JSON object"))")
        } catch {
            throw .invalid("the body is no JSON")
        }
    }

    /// Returns the prompt that the model continues.
    ///
    /// - Parameters:
    ///   - served: The model.
    ///   - limits: The limits.
    /// - Returns: The prompt and its settings.
    /// - Throws: A ``RefusedRequest`` that states what is wrong or not supported.
    func continuation(
        by served: LanguageModel, _ limits: ServingLimits
    ) throws(RefusedRequest) -> Continuation {
        if let model, model != served.name {
            throw RefusedRequest(
                status: .notFound,
                message: "the model \"\(model.prefix(100))\" is not served here, nor an adapter of "
                    + "that name; \(served.name) is",
                code: "model_not_found")
        }
        guard !messages.isEmpty, messages.count <= limits.messageCount else {
            throw .invalid("messages must be 1 to \(limits.messageCount)")
        }
        if let message = messages.first(where: { !Self.roles.contains($0.role) }) {
            throw .invalid(
                "the role \"\(message.role.prefix(40))\" is not one of "
                    + Self.roles.joined(separator: ", "))
        }
        guard n ?? 1 == 1 else { throw .invalid("n must be 1") }
        guard topP ?? 1 == 1 else { throw .invalid("top_p is not supported: leave it at 1") }
        guard (tools ?? []).isEmpty else { throw .invalid("tools are not supported") }
        let temperature = temperature ?? 0
        guard (0...2).contains(temperature) else { throw .invalid("temperature must be 0 to 2") }
        let length = maxCompletionTokens ?? maxTokens ?? limits.defaultTokenCount
        guard length >= 1 else { throw .invalid("max_tokens must be 1 or more") }
        let texts = stop?.texts ?? []
        guard texts.count <= Self.mostStops,
            texts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= Self.longestStop })
        else {
            throw .invalid(
                "stop takes up to \(Self.mostStops) texts of 1 to \(Self.longestStop) bytes")
        }
        do {
            let prompt = try served.tokens(
                for: messages.map { ChatMessage(role: $0.role, content: $0.content.text) },
                addingGenerationPrompt: true)
            let continuation = Continuation(
                of: prompt, maximumTokens: min(length, limits.answerTokenCount),
                temperature: temperature,
                seed: seed.map { UInt64(bitPattern: Int64($0)) }
                    ?? .random(in: .min ... .max))
            try served.check(continuation)
            return continuation
        } catch {
            // A template may refuse a conversation, and a prompt may be too long.
            throw .invalid("\(error)")
        }
    }
}
