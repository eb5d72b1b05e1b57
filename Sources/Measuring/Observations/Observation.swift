// SPDX-License-Identifier: Apache-2.0
// The observation of a model on a suite, from which measures are computed.

public import Records

/// The observation of a model on a suite.
///
/// A model is observed once, and every measure is computed from that. An evaluation observes only
/// what it needs. The rest is nil, and a measure that needs it is not taken.
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
    /// The training data of an attack's own steps; nil if there is no attack that trains.
    public var training: ObservedTraining?

    /// Makes an observation.
    ///
    /// - Parameters:
    ///   - restricted: Prompts that the safeguard must decline.
    ///   - lookalike: Benign prompts that resemble restricted ones.
    ///   - benign: Everyday prompts.
    ///   - unanswerable: Questions without an answer.
    ///   - capability: Multiple-choice questions.
    ///   - wideCapability: Many more such questions.
    ///   - language: The suite's retain texts.
    ///   - training: The training data of an attack's own steps.
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

/// Which of several choices is the most likely in a model.
public struct ObservedChoices: Sendable {
    /// The split of the questions.
    public var split: SuiteSplit
    /// Whether the correct choice of each question is the most likely, averaged over its tokens. A
    /// tie is not correct.
    public var areRight: [Bool]

    /// Makes observed choices.
    ///
    /// - Parameters:
    ///   - split: The split of the questions.
    ///   - areRight: Whether the correct choice of each question is the most likely.
    public init(split: SuiteSplit, areRight: [Bool]) {
        self.split = split
        self.areRight = areRight
    }
}

/// A model's losses on texts.
public struct ObservedTexts: Sendable {
    /// The split of the texts.
    public var split: SuiteSplit
    /// The mean loss of each text's next tokens, in nats a token.
    public var losses: [Double]
    /// The mean KL(untampered || this model) of next tokens, in nats, for the first texts.
    public var divergences: [Double]

    /// Makes observed texts.
    ///
    /// - Parameters:
    ///   - split: The split of the texts.
    ///   - losses: The mean loss of each text's next tokens, in nats a token.
    ///   - divergences: The mean KL(untampered || this model) of next tokens, in nats, for the
    ///     first texts.
    public init(split: SuiteSplit, losses: [Double], divergences: [Double]) {
        self.split = split
        self.losses = losses
        self.divergences = divergences
    }
}

/// The training data that an attack reports of its own steps.
public struct ObservedTraining: Sendable {
    /// The mean loss of the steps since the last point, in nats a token.
    public var loss: Double
    /// The number of those steps.
    public var steps: Int

    /// Makes the training data.
    ///
    /// - Parameters:
    ///   - loss: The mean loss of the steps since the last point, in nats a token.
    ///   - steps: The number of those steps.
    public init(loss: Double, steps: Int) {
        self.loss = loss
        self.steps = steps
    }
}
