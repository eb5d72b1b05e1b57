// SPDX-License-Identifier: Apache-2.0
// Prompts that are continued together with different settings, such as those of a server.

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

    /// Makes a continuation.
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
}

extension LanguageModel {
    /// Checks the conditions of `generate(_:token:)` for a prompt and its settings.
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
        try checkPrompts([continuation.prompt])
    }

    /// Continues prompts together until each has ended.
    ///
    /// - Parameters:
    ///   - continuations: The prompts. A greedy answer does not depend on the other prompts.
    ///   - token: Called at each new token with the index of a prompt and its answer so far.
    ///     Returns whether that answer should end here. Answers also end at stop tokens, which are
    ///     part of them, and at their greatest length.
    /// - Throws: `InputError` in the cases of ``check(_:)``, `TensorError` from the engine.
    public func generate(
        _ continuations: [Continuation], token: (_ place: Int, _ answer: [Int]) -> Bool
    ) throws {
        for continuation in continuations { try check(continuation) }
        guard !continuations.isEmpty else { return }
        var batch = Decoding(
            rows: continuations.enumerated().map { Decoding.Row(place: $0, $1) }, model: self,
            edit: nil)
        _ = try batch.begin()
        while !batch.isFinished { _ = try batch.step(isSettled: token) }
    }
}
