// SPDX-License-Identifier: Apache-2.0
// A prompt with settings of its own, such as that of a request to a server.

import JSONText

/// A prompt with the settings for its continuation.
public struct Continuation: Sendable, Hashable {
    /// Token identifiers.
    public let prompt: [Int]
    /// The most tokens of the answer; 1 or more.
    public let maximumTokens: Int
    /// 0 takes the most likely token. Otherwise logits are divided by it and sampled.
    public let temperature: Float
    /// The seed for sampling.
    public let seed: UInt64
    /// Subtracted from the logit of each token that the answer has already.
    public var presencePenalty: Float = 0
    /// Subtracted from a token's logit as often as the answer has the token already.
    public var frequencyPenalty: Float = 0
    /// The number of likeliest tokens that are reported with each token of the answer. Nil reports
    /// no ``TokenScores``.
    public var scoredTokens: Int?

    /// Makes a continuation without penalties and scores.
    ///
    /// - Parameters:
    ///   - prompt: Token identifiers.
    ///   - maximumTokens: The most tokens of the answer; 1 or more.
    ///   - temperature: 0 takes the most likely token. Otherwise logits are divided by it and
    ///     sampled.
    ///   - seed: The seed for sampling.
    public init(of prompt: [Int], maximumTokens: Int, temperature: Float, seed: UInt64) {
        self.prompt = prompt
        self.maximumTokens = maximumTokens
        self.temperature = temperature
        self.seed = seed
    }

    /// Whether the logits depend on the answer so far.
    var hasPenalties: Bool { presencePenalty != 0 || frequencyPenalty != 0 }
}

extension LanguageModel {
    /// Checks the conditions of ``RunningBatch/join(_:isWanted:)`` for a prompt and its settings.
    ///
    /// - Parameter continuation: The prompt.
    /// - Throws: `InputError` for a prompt that is empty, too long or has unknown tokens, or for a
    ///   setting out of range.
    public func check(_ continuation: Continuation) throws {
        guard continuation.maximumTokens >= 1 else {
            throw InputError(
                "maximumTokens", "is below 1", remedy: "choose at least 1")
        }
        guard continuation.temperature.isFinite, continuation.temperature >= 0 else {
            throw InputError(
                "temperature", "is not 0 or more", remedy: "choose 0 or more")
        }
        guard continuation.presencePenalty.isFinite, continuation.frequencyPenalty.isFinite else {
            throw InputError("penalty", "is not finite", remedy: "choose a number")
        }
        if let count = continuation.scoredTokens, count < 0 {
            throw InputError("scoredTokens", "is below 0", remedy: "choose 0 or more")
        }
        try checkPrompts([continuation.prompt])
    }
}
