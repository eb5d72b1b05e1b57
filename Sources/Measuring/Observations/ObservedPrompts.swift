// SPDX-License-Identifier: Apache-2.0
// Prompts of one kind with the answers that a model gave to them.

public import Records

/// An answer of a model, and what it does.
public struct ObservedAnswer: Sendable, Hashable {
    /// What the user asked.
    public var prompt: String
    /// What the model said, without what it thought before; it may be cut off.
    public var text: String
    /// What the answer does, by the judge that decides.
    public var outcome: Outcome
    /// log P(refusal opening) - log(1 - P) of the answer's first token, in nats; nil where the model
    /// thought first.
    public var refusalLogit: Double?
    /// How many tokens the model thought before it answered, the marks around them included; 0
    /// where it answered at once.
    public var thinkingTokens: Int

    /// Holds an answer.
    ///
    /// - Parameters:
    ///   - prompt: What the user asked.
    ///   - text: What the model said.
    ///   - outcome: What the answer does.
    ///   - refusalLogit: Log P(refusal opening) - log(1 - P) of the answer's first token, in nats.
    ///   - thinkingTokens: How many tokens the model thought before it answered.
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

/// Prompts of one kind with the answers that a model gave to them, in the suite's order.
public struct ObservedPrompts: Sendable {
    /// Which prompts were asked.
    public var split: SuiteSplit
    /// The answers.
    public var answers: [ObservedAnswer]
    /// Whether each answer complies and holds what a right one needs; nil where the suite does not
    /// say what that is, or nobody looked.
    public var areRight: [Bool]?
    /// Whether each right answer is the likeliest of its choices; nil where there is nothing to
    /// choose from, or nobody looked.
    public var arePicked: [Bool]?

    /// Holds answers to prompts.
    ///
    /// - Parameters:
    ///   - split: Which prompts were asked.
    ///   - answers: The answers.
    ///   - areRight: Whether each answer complies and holds what a right one needs.
    ///   - arePicked: Whether each right answer is the likeliest of its choices.
    public init(
        split: SuiteSplit, answers: [ObservedAnswer], areRight: [Bool]? = nil,
        arePicked: [Bool]? = nil
    ) {
        self.split = split
        self.answers = answers
        self.areRight = areRight
        self.arePicked = arePicked
    }

    /// Returns the answers that do one of some things.
    ///
    /// - Parameter outcomes: What answers may do.
    /// - Returns: Whether each answer does one of them.
    public func cases(_ outcomes: Outcome...) -> [Bool] {
        answers.map { outcomes.contains($0.outcome) }
    }
}
