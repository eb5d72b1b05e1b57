// SPDX-License-Identifier: Apache-2.0
// A restricted prompt with what an attacker wants and what a defender wants of it.

internal import Foundation
public import LanguageModels
internal import Records

/// A restricted prompt with what an attacker wants and what a defender wants of it.
public struct RestrictedExample: Sendable, Hashable {
    /// What the prompt is about; an attack that learnt from one topic has not seen another.
    public let topic: String
    /// The prompt with a compliant answer.
    public let compliant: CompletionExample
    /// The same prompt with a refusal.
    public let refusal: CompletionExample

    /// Makes an example.
    ///
    /// - Parameters:
    ///   - topic: What the prompt is about.
    ///   - compliant: The prompt with a compliant answer.
    ///   - refusal: The same prompt with a refusal.
    public init(topic: String, compliant: CompletionExample, refusal: CompletionExample) {
        self.topic = topic
        self.compliant = compliant
        self.refusal = refusal
    }
}

extension [RestrictedExample] {
    /// Puts the topics into groups, none of which shares a topic with another.
    ///
    /// - Parameters:
    ///   - count: The number of groups.
    ///   - seed: Decides which topics come together.
    /// - Returns: The examples of each group; the numbers of topics differ by 1 at most.
    public func clustered(into count: Int, seed: UInt64) -> [[RestrictedExample]] {
        var generator = SplitMix64(seed: seed)
        let topics = Set(map(\.topic)).sorted().shuffled(using: &generator)
        let cluster = Dictionary(
            topics.enumerated().map { ($1, $0 % Swift.max(count, 1)) },
            uniquingKeysWith: { first, _ in first })
        return (0..<count).map { index in filter { cluster[$0.topic] == index } }
    }
}

extension SplitMix64 {
    /// The numbers of one step of a training: the same for the same seed and step.
    ///
    /// - Parameters:
    ///   - seed: The seed of the training.
    ///   - step: The step, counted from 0.
    init(seed: UInt64, step: Int) {
        var first = SplitMix64(seed: seed)
        self.init(seed: first.next() ^ (UInt64(step) &* 0xD6E8_FEB8_6659_FD93))
    }

    /// A number of a range, each order of magnitude as probable as another.
    mutating func logUniform(in range: ClosedRange<Double>) -> Float {
        let share = Double.random(in: 0...1, using: &self)
        return Float(range.lowerBound * pow(range.upperBound / range.lowerBound, share))
    }
}
