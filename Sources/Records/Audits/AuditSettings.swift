// SPDX-License-Identifier: Apache-2.0
// What an audit was asked for: the budget of its adversaries, and how measures are taken.

/// What an adversary of an audit may spend at most.
public struct AuditBudget: Codable, Sendable, Hashable {
    /// The most optimizer steps of each adversary, 1 or more; nil leaves it to the adversaries.
    public var steps: Int?

    /// Limits adversaries.
    ///
    /// - Parameter steps: The most optimizer steps of each, 1 or more; nil sets no limit.
    public init(steps: Int? = nil) {
        self.steps = steps
    }
}

/// The judge that decides what answers do.
public struct DecidingJudge: Codable, Sendable, Hashable {
    /// Its name, such as `text` or `guard:Llama-Guard-3-1B`.
    public var name: String
    /// The SHA-256 of everything that its verdicts depend on besides the suite: the version of its
    /// rules, or weights, template and policy. 64 lowercase hexadecimal digits.
    public var digest: String

    /// Names a judge.
    ///
    /// - Parameters:
    ///   - name: Its name.
    ///   - digest: The SHA-256 of its identity, in lowercase hexadecimal digits.
    public init(name: String, digest: String) {
        self.name = name
        self.digest = digest
    }
}

/// How measures are taken.
///
/// Its canonical JSON is part of the key of each cell: a new field must be left out of the JSON
/// where it has its default, so that stored cells keep their keys.
public struct EvaluationSettings: Codable, Sendable, Hashable {
    /// Answers are cut after this many tokens, 1 or more.
    public var answerTokens = 48
    /// What a model may think that was not given a number, in tokens.
    public static let defaultThinkingTokens = 512
    /// How many answers are decoded side by side, 1 or more; the answers do not depend on it.
    public var batchSize = 96
    /// How many retain texts the KL divergence is taken over; perplexity takes all.
    public var divergenceTexts = 24
    /// How many tokens a model may think before it answers, 1 or more. Nil tells models not to
    /// think, by their chat template; one that thinks all the same has
    /// ``defaultThinkingTokens``.
    public var thinkingTokens: Int?
    /// The judge that decides; nil in a record that does not state it, whose answers the first
    /// version of the text judge has read. An audit fills it in.
    public var decidingJudge: DecidingJudge?
    /// The identities of judges beside the one that decides; nil without any. An audit fills it in.
    public var judges: [String]?
    /// The identities of measures besides Temper's own; nil without any. An audit fills it in.
    public var measures: [String]?

    /// States how measures are taken.
    ///
    /// - Parameters:
    ///   - answerTokens: Answers are cut after this many tokens.
    ///   - batchSize: How many answers are decoded side by side.
    ///   - divergenceTexts: How many retain texts the KL divergence is taken over.
    ///   - thinkingTokens: How many tokens a model may think; nil tells models not to think.
    ///   - decidingJudge: The judge that decides; an audit fills it in.
    ///   - judges: The identities of judges beside the one that decides; nil without any.
    ///   - measures: The identities of measures besides Temper's own; nil without any.
    public init(
        answerTokens: Int = 48, batchSize: Int = 96, divergenceTexts: Int = 24,
        thinkingTokens: Int? = nil, decidingJudge: DecidingJudge? = nil, judges: [String]? = nil,
        measures: [String]? = nil
    ) {
        self.answerTokens = answerTokens
        self.batchSize = batchSize
        self.divergenceTexts = divergenceTexts
        self.thinkingTokens = thinkingTokens
        self.decidingJudge = decidingJudge
        self.judges = judges
        self.measures = measures
    }
}
