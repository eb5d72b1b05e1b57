// SPDX-License-Identifier: Apache-2.0
// Prompts that are continued together although each has settings of its own, as a server's are.

import JSONText

/// A prompt and how it is to be continued.
public struct Continuation: Sendable, Hashable {
    /// Token identifiers.
    public let prompt: [Int]
    /// The answer has so many tokens at most; 1 or more.
    public let maximumTokens: Int
    /// 0 takes the likeliest token; otherwise logits are divided by it and sampled.
    public let temperature: Float
    /// Decides what is sampled.
    public let seed: UInt64

    /// Makes one.
    ///
    /// - Parameters:
    ///   - prompt: Token identifiers.
    ///   - maximumTokens: The answer has so many tokens at most; 1 or more.
    ///   - temperature: 0 takes the likeliest token; otherwise logits are divided by it.
    ///   - seed: Decides what is sampled.
    public init(of prompt: [Int], maximumTokens: Int, temperature: Float, seed: UInt64) {
        self.prompt = prompt
        self.maximumTokens = maximumTokens
        self.temperature = temperature
        self.seed = seed
    }
}

extension LanguageModel {
    /// Checks what `generate(_:token:)` asks of a prompt and its settings.
    ///
    /// - Parameter continuation: The prompt.
    /// - Throws: `InputError` for a prompt that is empty, too long or of other tokens, or a
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
    ///   - continuations: The prompts; which others there are does not change a greedy answer.
    ///   - token: Is told the place of a prompt and its answer so far, at each new token; says
    ///     whether that answer is to end here. Answers also end at stop tokens, which they hold,
    ///     and at their greatest length.
    /// - Throws: `InputError` for what ``check(_:)`` refuses, `TensorError` from the engine.
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
