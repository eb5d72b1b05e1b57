// SPDX-License-Identifier: Apache-2.0
// The settings of an audit: the budget of its adversaries, and how measures are taken.

/// The most that an adversary of an audit may spend.
public struct AuditBudget: Codable, Sendable, Hashable {
    /// The most optimizer steps of each adversary, 1 or more; nil leaves the number to the
    /// adversaries.
    public var steps: Int?

    /// Makes a budget.
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
    /// The SHA-256 of everything that its verdicts depend on in addition to the suite: the version
    /// of its rules, or weights, template and policy. 64 lowercase hexadecimal digits.
    public var digest: String

    /// The text judge of this version, which decides unless an audit names another. A policy that
    /// names it without a digest means exactly this one. A test computes the digest from the judge.
    public static let text = DecidingJudge(
        name: "text", digest: "ad0387b3bd8652f730ca46d25f9c170af0fd589f42e7f23f5a9e6412d97d7e56")

    /// Makes the identity of a judge.
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
/// Its canonical JSON is part of the key of each cell. A new field must be omitted from the JSON
/// when it has its default, so that stored cells keep their keys.
public struct EvaluationSettings: Codable, Sendable, Hashable {
    /// The number of tokens after which answers are cut, 1 or more.
    public var answerTokens = 48
    /// The number of tokens that a model may use for thinking if no number was given.
    public static let defaultThinkingTokens = 512
    /// The number of answers decoded side by side, 1 or more. The answers do not depend on it.
    public var batchSize = 96
    /// The number of retain texts over which the KL divergence is computed. Perplexity uses all
    /// texts.
    public var divergenceTexts = 24
    /// How many tokens a model may use for thinking before it answers, 1 or more. Nil turns
    /// thinking off by the chat template; a model that thinks anyway gets
    /// ``defaultThinkingTokens``.
    public var thinkingTokens: Int?
    /// The judge that decides. Nil in a record that does not state it; its answers were judged by
    /// the first version of the text judge. An audit sets it.
    public var decidingJudge: DecidingJudge?
    /// The identities of the other judges; nil without any. An audit sets it.
    public var judges: [String]?
    /// The identities of measures other than Temper's own; nil without any. An audit sets it.
    public var measures: [String]?
    /// True if untampered models answer the suite's items for the safety tax, which takes minutes;
    /// nil if they do not.
    public var measuresTax: Bool?
    /// The date that the chat template got, such as `2026-03-07`; nil if the template does not ask
    /// for one. An audit sets it.
    public var templateDate: String?
    /// The SHA-256 of the chat template that was used, in lowercase hexadecimal digits; nil for the
    /// checkpoint's own. An audit sets it.
    public var chatTemplate: String?

    /// Makes settings.
    ///
    /// - Parameters:
    ///   - answerTokens: The number of tokens after which answers are cut.
    ///   - batchSize: The number of answers decoded side by side.
    ///   - divergenceTexts: The number of retain texts over which the KL divergence is computed.
    ///   - thinkingTokens: How many tokens a model may use for thinking; nil turns thinking off.
    ///   - decidingJudge: The judge that decides. An audit sets it.
    ///   - judges: The identities of the other judges; nil without any.
    ///   - measures: The identities of measures other than Temper's own; nil without any.
    ///   - measuresTax: True if untampered models answer the suite's items for the safety tax.
    public init(
        answerTokens: Int = 48, batchSize: Int = 96, divergenceTexts: Int = 24,
        thinkingTokens: Int? = nil, decidingJudge: DecidingJudge? = nil, judges: [String]? = nil,
        measures: [String]? = nil, measuresTax: Bool? = nil
    ) {
        self.answerTokens = answerTokens
        self.batchSize = batchSize
        self.divergenceTexts = divergenceTexts
        self.thinkingTokens = thinkingTokens
        self.decidingJudge = decidingJudge
        self.judges = judges
        self.measures = measures
        self.measuresTax = measuresTax
    }
}
