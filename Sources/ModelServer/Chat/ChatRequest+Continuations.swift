// SPDX-License-Identifier: Apache-2.0
// What the model is to continue for a request.

import LanguageModels
import ModelRequests
import Tokenization

extension ChatRequest {
    /// Returns the prompt that the model continues, once for each answer.
    ///
    /// - Parameters:
    ///   - served: The model.
    ///   - limits: The limits.
    /// - Returns: The prompts and their settings. They differ in their seeds.
    /// - Throws: A ``RefusedRequest`` that states what is wrong or not supported.
    func continuations(
        by served: LanguageModel, _ limits: ServingLimits
    ) throws(RefusedRequest) -> [Continuation] {
        if let model, model != served.name {
            throw .unknownModel(model, served: served.name)
        }
        guard !messages.isEmpty, messages.count <= limits.messageCount else {
            throw .invalid(
                "messages must be 1 to \(limits.messageCount)", parameter: "messages")
        }
        guard choiceCount <= limits.choiceCount else {
            throw .invalid("n must be 1 to \(limits.choiceCount)", parameter: "n")
        }
        let length = min(maximumTokens ?? limits.defaultTokenCount, limits.answerTokenCount)
        let first = seed.map { UInt64(bitPattern: Int64($0)) } ?? .random(in: .min ... .max)
        do {
            let prompt = try served.tokens(for: messages, addingGenerationPrompt: true)
            let continuations = (0..<choiceCount).map { index in
                var continuation = Continuation(
                    of: prompt, maximumTokens: length, temperature: temperature,
                    seed: first &+ UInt64(index) &* 0x9E37_79B9_7F4A_7C15)
                continuation.presencePenalty = presencePenalty
                continuation.frequencyPenalty = frequencyPenalty
                continuation.scoredTokens = scoredTokens
                return continuation
            }
            if let continuation = continuations.first { try served.check(continuation) }
            return continuations
        } catch {
            // A template may refuse a conversation, and a prompt may be too long.
            throw .invalid("\(error)", parameter: "messages")
        }
    }
}
