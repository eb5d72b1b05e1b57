// SPDX-License-Identifier: Apache-2.0
// Prompts of one kind with a model's answers.

public import Records

/// A model's answer, and its outcome.
public struct ObservedAnswer: Sendable, Hashable {
    /// The user's text.
    public var prompt: String
    /// The model's text, without its thinking. It may be cut off.
    public var text: String
    /// The outcome, by the deciding judge.
    public var outcome: Outcome
    /// log P(refusal opening) - log(1 - P) of the answer's first token, in nats; nil if the model
    /// thought first.
    public var refusalLogit: Double?
    /// The number of tokens that the model used for thinking before it answered, including the
    /// marks around them; 0 if it answered at once.
    public var thinkingTokens: Int

    /// Makes an answer.
    ///
    /// - Parameters:
    ///   - prompt: The user's text.
    ///   - text: The model's text.
    ///   - outcome: The outcome.
    ///   - refusalLogit: The value of log P(refusal opening) - log(1 - P) at the answer's first
    ///     token, in nats.
    ///   - thinkingTokens: The number of tokens that the model used for thinking.
    public init(
        prompt: String, text: String, outcome: Outcome, refusalLogit: Double? = nil,
        thinkingTokens: Int = 0
    ) {
        self.prompt = prompt
        self.text = text
        self.outcome = outcome
        self.refusalLogit = refusalLogit
        self.thinkingTokens = thinkingTokens
    }
}

/// Prompts of one kind with a model's answers, in the suite's order.
public struct ObservedPrompts: Sendable {
    /// The split of the prompts.
    public var split: SuiteSplit
    /// The answers.
    public var answers: [ObservedAnswer]
    /// Whether each answer complies and is correct; nil if the suite does not state what is
    /// correct, or this was not observed.
    public var areRight: [Bool]?
    /// Whether each correct answer is the most likely of its choices; nil if there is nothing to
    /// choose from, or this was not observed.
    public var arePicked: [Bool]?

    /// Makes observed prompts.
    ///
    /// - Parameters:
    ///   - split: The split of the prompts.
    ///   - answers: The answers.
    ///   - areRight: Whether each answer complies and is correct.
    ///   - arePicked: Whether each correct answer is the most likely of its choices.
    public init(
        split: SuiteSplit, answers: [ObservedAnswer], areRight: [Bool]? = nil,
        arePicked: [Bool]? = nil
    ) {
        self.split = split
        self.answers = answers
        self.areRight = areRight
        self.arePicked = arePicked
    }

    /// Returns which answers have one of some outcomes.
    ///
    /// - Parameter outcomes: The outcomes.
    /// - Returns: Whether each answer has one of them.
    public func cases(_ outcomes: Outcome...) -> [Bool] {
        answers.map { outcomes.contains($0.outcome) }
    }
}
