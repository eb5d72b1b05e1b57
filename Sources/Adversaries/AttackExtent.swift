// SPDX-License-Identifier: Apache-2.0
// The memory that an attack needs, in tokens and copies of the weights.

public import LanguageModels
internal import Records
internal import Suites
import Tokenization

/// How much an attack holds in memory at once.
public struct AttackExtent: Sendable, Hashable {
    /// The most tokens of a measured prompt, including everything around it.
    public var promptTokens: Int
    /// The examples of a training step; 0 without training.
    public var batchSize = 0
    /// The most tokens of an example, including its answer.
    public var exampleTokens = 0
    /// The number of copies of all weights besides the model under attack.
    public var weightCopies = 1
    /// Roughly how many prompts the attack reads with their answers, without those that measure it.
    /// A prompt that is trained on counts as three.
    public var passes = 0

    /// Makes the extent of an attack that edits weights and does not train.
    public init(promptTokens: Int) {
        self.promptTokens = promptTokens
    }

    /// Returns the greater memory of two attacks, and the sum of what they read.
    func joined(_ other: AttackExtent) -> AttackExtent {
        var result = AttackExtent(promptTokens: max(promptTokens, other.promptTokens))
        result.batchSize = max(batchSize, other.batchSize)
        result.exampleTokens = max(exampleTokens, other.exampleTokens)
        result.weightCopies = max(weightCopies, other.weightCopies)
        result.passes = passes + other.passes
        return result
    }
}

extension AttackTarget {
    /// Returns the extent of an attack that changes no weights, but the text around prompts.
    ///
    /// - Parameter framings: The possible framings of prompts.
    /// - Returns: The extent. No weights are copied.
    /// - Throws: Errors of the chat template.
    public func extent(under framings: [Framing]) throws -> AttackExtent {
        let prompts = suite.measuredPrompts
        let tokens = try framings.map { framing in
            let subject = Subject(model, framing: framing)
            return try prompts.longest(text: \.self) { try subject.tokens(for: $0).count }
        }
        var extent = AttackExtent(promptTokens: tokens.max() ?? 0)
        extent.weightCopies = 0
        return extent
    }
}

extension Suite {
    /// The prompts on which models are measured.
    package var measuredPrompts: [String] {
        var prompts: [String] = []
        for split in [SuiteSplit.validation, .test] {
            prompts += restricted[split].map(\.prompt)
            prompts += lookalike[split].map(\.prompt)
            prompts += benign[split].map(\.prompt)
            prompts += knowledge?.unanswerable[split].map(\.prompt) ?? []
        }
        return prompts
    }
}

extension Array {
    /// Returns the greatest token count among the four elements with the longest texts, which is
    /// nearly always the greatest of all.
    func longest(
        text: (Element) -> String, count: (Element) throws -> Int
    ) rethrows -> Int {
        try map { ($0, text($0).utf8.count) }.sorted { $0.1 > $1.1 }.prefix(4)
            .map { try count($0.0) }.max() ?? 0
    }
}
