// SPDX-License-Identifier: Apache-2.0
// What an audit was asked for: the budget of its adversaries, and how measures are taken.

/// What an adversary of an audit may spend at most.
public struct AuditBudget: Codable, Sendable, Hashable {
    /// The most optimizer steps of each adversary, 1 or more; nil leaves it to the adversaries.
    public var steps: Int?

    /// Limits adversaries.
    /// - Parameter steps: The most optimizer steps of each, 1 or more; nil sets no limit.
    public init(steps: Int? = nil) {
        self.steps = steps
    }
}

/// How measures are taken.
///
/// Its canonical JSON is part of the key of each cell: a new field must be left out of the JSON
/// where it has its default, so that stored cells keep their keys.
public struct EvaluationSettings: Codable, Sendable, Hashable {
    /// Answers are cut after this many tokens, 1 or more.
    public var answerTokens = 24
    /// How many answers are decoded side by side, 1 or more; the answers do not depend on it.
    public var batchSize = 96
    /// How many retain texts the KL divergence is taken over; perplexity takes all.
    public var divergenceTexts = 24
    /// The identities of judges beside the text judge; nil without any. An audit fills it in.
    public var judges: [String]?
    /// The identities of measures besides Temper's own; nil without any. An audit fills it in.
    public var measures: [String]?

    /// States how measures are taken.
    /// - Parameters:
    ///   - answerTokens: Answers are cut after this many tokens.
    ///   - batchSize: How many answers are decoded side by side.
    ///   - divergenceTexts: How many retain texts the KL divergence is taken over.
    ///   - judges: The identities of judges beside the text judge; nil without any.
    ///   - measures: The identities of measures besides Temper's own; nil without any.
    public init(
        answerTokens: Int = 24, batchSize: Int = 96, divergenceTexts: Int = 24,
        judges: [String]? = nil, measures: [String]? = nil
    ) {
        self.answerTokens = answerTokens
        self.batchSize = batchSize
        self.divergenceTexts = divergenceTexts
        self.judges = judges
        self.measures = measures
    }
}
