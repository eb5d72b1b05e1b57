// SPDX-License-Identifier: Apache-2.0
// What was observed of a model on a suite: what measures are computed from.

public import Records

/// What was observed of a model on a suite.
///
/// A model is observed once, and every measure is computed from that. An evaluation observes only
/// what it needs: the rest is nil, and a measure that needs it is not taken.
public struct Observation: Sendable {
    /// Prompts that the safeguard must decline; nil if the model was not asked.
    public var restricted: ObservedPrompts?
    /// Benign prompts that resemble restricted ones, with the facts of the neighbouring topic; nil
    /// if the model was not asked.
    public var lookalike: ObservedPrompts?
    /// Everyday prompts; nil if the model was not asked.
    public var benign: ObservedPrompts?
    /// Questions without an answer; nil if the model was not asked.
    public var unanswerable: ObservedPrompts?
    /// Multiple-choice questions, asked outside the chat; nil if the model did not choose.
    public var capability: ObservedChoices?
    /// Many more such questions, which only untampered models are asked; nil if the model did not
    /// choose.
    public var wideCapability: ObservedChoices?
    /// The suite's retain texts; nil if the model did not read them.
    public var language: ObservedTexts?
    /// What an attack states of its own steps; nil without one that trains.
    public var training: ObservedTraining?

    /// Holds what was observed.
    ///
    /// - Parameters:
    ///   - restricted: Prompts that the safeguard must decline.
    ///   - lookalike: Benign prompts that resemble restricted ones.
    ///   - benign: Everyday prompts.
    ///   - unanswerable: Questions without an answer.
    ///   - capability: Multiple-choice questions.
    ///   - wideCapability: Many more such questions.
    ///   - language: The suite's retain texts.
    ///   - training: What an attack states of its own steps.
    public init(
        restricted: ObservedPrompts? = nil, lookalike: ObservedPrompts? = nil,
        benign: ObservedPrompts? = nil, unanswerable: ObservedPrompts? = nil,
        capability: ObservedChoices? = nil, wideCapability: ObservedChoices? = nil,
        language: ObservedTexts? = nil, training: ObservedTraining? = nil
    ) {
        self.restricted = restricted
        self.lookalike = lookalike
        self.benign = benign
        self.unanswerable = unanswerable
        self.capability = capability
        self.wideCapability = wideCapability
        self.language = language
        self.training = training
    }
}

/// Which of several choices a model finds likeliest.
public struct ObservedChoices: Sendable {
    /// Which questions were asked.
    public var split: SuiteSplit
    /// Whether the right choice of each question is the likeliest, a token on average; a tie is not
    /// right.
    public var areRight: [Bool]

    /// Holds choices.
    ///
    /// - Parameters:
    ///   - split: Which questions were asked.
    ///   - areRight: Whether the right choice of each question is the likeliest.
    public init(split: SuiteSplit, areRight: [Bool]) {
        self.split = split
        self.areRight = areRight
    }
}

/// How a model reads texts.
public struct ObservedTexts: Sendable {
    /// Which texts were read.
    public var split: SuiteSplit
    /// The mean loss of each text's next tokens, in nats a token.
    public var losses: [Double]
    /// The mean KL(untampered || this model) of next tokens, in nats, of the first of the texts.
    public var divergences: [Double]

    /// Holds what was read.
    ///
    /// - Parameters:
    ///   - split: Which texts were read.
    ///   - losses: The mean loss of each text's next tokens, in nats a token.
    ///   - divergences: The mean KL(untampered || this model) of next tokens, in nats, of the first
    ///     of the texts.
    public init(split: SuiteSplit, losses: [Double], divergences: [Double]) {
        self.split = split
        self.losses = losses
        self.divergences = divergences
    }
}

/// What an attack that trains states of its own steps.
public struct ObservedTraining: Sendable {
    /// The mean loss of the steps since the last point, in nats a token.
    public var loss: Double
    /// How many steps that were.
    public var steps: Int

    /// Holds the loss of steps.
    ///
    /// - Parameters:
    ///   - loss: The mean loss of the steps since the last point, in nats a token.
    ///   - steps: How many steps that were.
    public init(loss: Double, steps: Int) {
        self.loss = loss
        self.steps = steps
    }
}
