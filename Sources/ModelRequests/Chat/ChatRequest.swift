// SPDX-License-Identifier: Apache-2.0
// A request for a chat completion in the form of OpenAI's clients, and its limits.

package import Foundation
import JSONText
package import Tokenization

/// The body of a request. Each of OpenAI's parameters is granted or refused; the ones that are not
/// looked at change no answer.
package struct ChatRequest {
    package let model: String?
    package let messages: [ChatMessage]
    package let choiceCount: Int
    package let maximumTokens: Int?
    package let temperature: Float
    package let seed: Int?
    package let stops: [String]
    package let presencePenalty: Float
    package let frequencyPenalty: Float
    /// The number of likeliest tokens that are reported with each token; nil for no
    /// log-probabilities.
    package let scoredTokens: Int?
    package let isStream: Bool
    package let includesUsage: Bool

    private static let mostStops = 4
    private static let longestStop = 256
    private static let mostScoredTokens = 20

    /// Reads a request.
    ///
    /// - Parameter data: The body.
    /// - Throws: A ``RefusedRequest`` with the name of the parameter that is wrong.
    package init(_ data: Data) throws(RefusedRequest) {
        let body = try RequestNode(data)
        try body.checkNames(
            known: [
                "model", "messages", "n", "max_tokens", "max_completion_tokens", "temperature",
                "seed", "stop", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs",
                "stream", "stream_options",
            ])
        model = try body.member("model")?.string()
        messages = try body.required("messages").elements().map(Self.message)
        choiceCount = try body.member("n")?.integer(in: 1...(.max)) ?? 1
        let earlier = try body.member("max_tokens")?.integer(in: 1...(.max))
        maximumTokens = try body.member("max_completion_tokens")?.integer(in: 1...(.max)) ?? earlier
        temperature = Float(try body.member("temperature")?.number(in: 0...2) ?? 0)
        seed = try body.member("seed")?.integer(in: .min ... .max)
        stops = try body.member("stop").map(Self.stops) ?? []
        presencePenalty = Float(try body.member("presence_penalty")?.number(in: -2...2) ?? 0)
        frequencyPenalty = Float(try body.member("frequency_penalty")?.number(in: -2...2) ?? 0)
        let likeliest = try body.member("top_logprobs")?.integer(in: 0...Self.mostScoredTokens)
        if try body.member("logprobs")?.boolean() ?? false {
            scoredTokens = likeliest ?? 0
        } else {
            guard likeliest ?? 0 == 0 else {
                throw .invalid("top_logprobs needs logprobs: true", parameter: "top_logprobs")
            }
            scoredTokens = nil
        }
        isStream = try body.member("stream")?.boolean() ?? false
        let options = try body.member("stream_options")
        guard isStream || options == nil else {
            throw .invalid("stream_options needs stream: true", parameter: "stream_options")
        }
        // An obfuscation would pad the pieces of a stream; there is none.
        try options?.checkNames(known: ["include_usage", "include_obfuscation"])
        includesUsage = try options?.member("include_usage")?.boolean() ?? false
    }

    private static func message(_ node: RequestNode) throws(RefusedRequest) -> ChatMessage {
        let roles = ["system": "system", "developer": "system", "user": "user"]
            .merging(["assistant": "assistant"]) { first, _ in first }
        let name = try node.required("role")
        guard let role = roles[try name.string()] else {
            throw name.refusal("the role is not one of assistant, developer, system, user")
        }
        try node.checkNames(known: ["role", "content"])
        // An answer of the assistant may have no text, as a client passes it back.
        guard let content = try node.member("content") else {
            guard role == "assistant" else { throw node.missing("content") }
            return ChatMessage(role: role, content: "")
        }
        guard content.isArray else {
            return ChatMessage(role: role, content: try content.string())
        }
        var text = ""
        for part in try content.elements() {
            let type = try part.required("type")
            guard try type.string() == "text" else {
                throw type.refusal("only parts of type \"text\" are supported")
            }
            try part.checkNames(known: ["type", "text"])
            text += try part.required("text").string()
        }
        return ChatMessage(role: role, content: text)
    }

    private static func stops(_ node: RequestNode) throws(RefusedRequest) -> [String] {
        let nodes = node.isArray ? try node.elements() : [node]
        let texts = try nodes.map { node throws(RefusedRequest) in try node.string() }
        guard texts.count <= mostStops,
            texts.allSatisfy({ !$0.isEmpty && $0.utf8.count <= longestStop })
        else {
            throw node.refusal("takes up to \(mostStops) texts of 1 to \(longestStop) bytes")
        }
        return texts
    }
}
