// SPDX-License-Identifier: Apache-2.0
// Finds where the answer of a thinking model begins.

public import Tokenization

/// The marks between which a model thinks before it answers.
public struct ThinkingMarks: Sendable, Hashable {
    /// The start mark.
    public let opening: String
    /// The end mark. The answer follows.
    public let closing: String

    /// The marks of published families.
    public static let known: [ThinkingMarks] = [
        // DeepSeek-R1, Qwen3, QwQ, SmolLM3, GLM-4.5, MiniMax-M2, Nemotron.
        ThinkingMarks(opening: "<think>", closing: "</think>"),
        // Magistral.
        ThinkingMarks(opening: "[THINK]", closing: "[/THINK]"),
        // Seed-OSS.
        ThinkingMarks(opening: "<seed:think>", closing: "</seed:think>"),
        // Command A Reasoning.
        ThinkingMarks(opening: "<|START_THINKING|>", closing: "<|END_THINKING|>"),
        // gpt-oss (Harmony): the answer is in another channel.
        ThinkingMarks(
            opening: "<|channel|>analysis<|message|>", closing: "<|channel|>final<|message|>"),
        // Gemma 4.
        ThinkingMarks(opening: "<|channel>thought", closing: "<channel|>"),
        ThinkingMarks(opening: "<thinking>", closing: "</thinking>"),
        ThinkingMarks(opening: "<thought>", closing: "</thought>"),
        ThinkingMarks(opening: "<reasoning>", closing: "</reasoning>"),
    ]

    /// The most tokens of a mark.
    static let mostTokens = 32

    /// Returns the marks of thinking that a prompt has begun but not ended.
    ///
    /// - Parameters:
    ///   - prompt: The token identifiers, up to the point where the model continues.
    ///   - tokenizer: The model's tokenizer.
    /// - Returns: The marks; nil if the model answers at once.
    static func left(openBy prompt: [Int], tokenizer: Tokenizer) -> ThinkingMarks? {
        let text = tokenizer.decode(Array(prompt.suffix(mostTokens)))
        return known.first { marks in
            guard let opening = text.ranges(of: marks.opening).last else { return false }
            // A prompt may mention the marks. They count only where the model's turn begins.
            return text[opening.upperBound...].allSatisfy(\.isWhitespace)
        }
    }
}

/// Follows one answer while it is generated, and detects the end of thinking.
///
/// Thinking begins with the answer's first token, or was begun by the prompt.
public struct ThinkingReader: Sendable {
    /// The state of an answer.
    public enum State: Sendable, Hashable {
        /// There are too few tokens to decide.
        case beginning
        /// The model is thinking.
        case thinking
        /// The answer begins with the token at this index.
        case answering(from: Int)
    }

    /// The state of the answer.
    public private(set) var state = State.beginning
    /// The marks of the thinking.
    private var marks: ThinkingMarks?
    private let tokenizer: Tokenizer

    /// Begins to follow an answer.
    ///
    /// - Parameters:
    ///   - prompt: The tokens before the answer.
    ///   - tokenizer: The model's tokenizer.
    public init(prompt: [Int], tokenizer: Tokenizer) {
        self.tokenizer = tokenizer
        marks = ThinkingMarks.left(openBy: prompt, tokenizer: tokenizer)
        if marks != nil { state = .thinking }
    }

    /// Processes the next token.
    ///
    /// - Parameter tokens: All tokens of the model so far, one more than at the last call.
    public mutating func read(_ tokens: [Int]) {
        switch state {
        case .beginning:
            let text = tokenizer.decode(tokens).drop(while: \.isWhitespace)
            marks = ThinkingMarks.known.first { text.hasPrefix($0.opening) }
            if marks != nil {
                state = .thinking
            } else if !ThinkingMarks.known.contains(where: { $0.opening.hasPrefix(text) }) {
                state = .answering(from: 0)
            }
        case .thinking:
            let end = tokenizer.decode(Array(tokens.suffix(ThinkingMarks.mostTokens)))
            if let marks, end.contains(marks.closing) { state = .answering(from: tokens.count) }
        case .answering: break
        }
    }

    /// The index of the answer's first token when the model has ended; nil if there is no answer.
    public var answerStart: Int? {
        switch state {
        case .beginning: 0
        case .thinking: nil
        case .answering(let start): start
        }
    }
}

extension LanguageModel {
    /// Whether answers may begin with thinking: the template mentions a known mark, and is not told
    /// that the model should answer at once.
    public var mayThink: Bool {
        guard let source = chatTemplate?.source else { return false }
        let hasSwitch = source.contains("enable_thinking")
        return !(isToldNotToThink && hasSwitch)
            && ThinkingMarks.known.contains { source.contains($0.closing) }
    }
}
