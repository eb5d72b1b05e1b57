// SPDX-License-Identifier: Apache-2.0
// Attention of packed sequences, and of the tokens that continue them one by one.

import CTensor

/// Some tokens of packed sequences, which stand one segment behind the other.
///
/// A segment may continue an earlier one: it looks at that one's tokens, and at those that it
/// continues in turn, as if they stood in front of its own. So what sequences begin with is
/// computed once, and no place is spent on padding.
public struct Segment: Sendable, Hashable {
    /// The number of tokens.
    public let length: Int
    /// The earlier segment that is continued, if any.
    public let parent: Int?

    /// Makes a segment.
    ///
    /// - Parameters:
    ///   - length: The number of tokens.
    ///   - parent: The earlier segment that is continued, if any.
    public init(length: Int, parent: Int? = nil) {
        self.length = length
        self.parent = parent
    }
}

/// How attention scores queries against keys.
public struct AttentionRule: Sendable {
    /// Rotary position embedding (arXiv:2104.09864): the pairs `(i, i + pairs)` of a head are
    /// turned by position times frequency. `[pairs]`, in radians per position; at most half the
    /// width of a head.
    public var frequencies: Tensor
    /// How many keys up to its own a query sees; all when it is 0.
    public var window = 0
    /// The factor of the scores.
    public var scale: Float
    /// Scores are bounded to it by tanh (arXiv:2408.00118); not when it is 0.
    public var softCap: Float = 0
    /// A score for each head that takes weight and has no value (arXiv:2309.17453), `[heads]`.
    public var sinks: Tensor?

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - frequencies: `[pairs]`, in radians per position.
    ///   - window: How many keys up to its own a query sees; all when it is 0.
    ///   - scale: The factor of the scores.
    ///   - softCap: Scores are bounded to it by tanh; not when it is 0.
    public init(frequencies: Tensor, window: Int = 0, scale: Float, softCap: Float = 0) {
        self.frequencies = frequencies
        self.window = window
        self.scale = scale
        self.softCap = softCap
    }

    fileprivate var numbers: [Double] { [Double(scale), Double(softCap)] }
}

/// Where one sequence is among those that are kept.
public struct KeptSequence: Sendable, Hashable {
    /// Which of the rows that ``Tensor/keptContexts(keys:values:segments:rows:capacity:frequencies:)``
    /// gave.
    public let place: Int
    /// How many of the row's first columns hold no token.
    public let padding: Int

    /// Makes a place.
    ///
    /// - Parameters:
    ///   - place: Which of the rows that are kept.
    ///   - padding: How many of the row's first columns hold no token.
    public init(place: Int, padding: Int) {
        self.place = place
        self.padding = padding
    }
}

extension Tensor {
    /// Causal attention over packed sequences, for grouped queries too.
    ///
    /// - Parameters:
    ///   - queries: `[tokens, heads, width]`.
    ///   - keys: `[tokens, key heads, width]`; the key heads divide the heads.
    ///   - values: The same shape as the keys.
    ///   - segments: How the tokens belong together.
    ///   - rule: How queries see keys.
    /// - Returns: `[tokens, heads, width]`.
    public static func causalAttention(
        queries: Tensor, keys: Tensor, values: Tensor, segments: [Segment], rule: AttentionRule
    ) -> Tensor {
        apply(
            .causal_attention,
            [queries, keys, values, rule.frequencies] + (rule.sinks.map { [$0] } ?? []),
            integers: [rule.window] + segments.flatMap(\.numbers), numbers: rule.numbers)
    }

    /// What decoding keeps of packed sequences: keys, rotated, and values.
    ///
    /// Rows end together, at the length of the longest; what stands in front of a shorter one and
    /// behind the end is not to be read. It has no gradient.
    ///
    /// - Parameters:
    ///   - keys: `[tokens, key heads, width]`.
    ///   - values: The same shape as the keys.
    ///   - segments: How the tokens belong together.
    ///   - rows: The last segment of each sequence that is kept.
    ///   - capacity: How many tokens of each row there is room for.
    ///   - frequencies: `[pairs]`, in radians per position.
    /// - Returns: `[rows, capacity, 2, key heads, width]`.
    public static func keptContexts(
        keys: Tensor, values: Tensor, segments: [Segment], rows: [Int], capacity: Int,
        frequencies: Tensor
    ) -> Tensor {
        apply(
            .kept_contexts, [keys, values, frequencies],
            integers: [capacity, rows.count] + rows + segments.flatMap(\.numbers))
    }

    /// One more token of each sequence: its key, rotated, and its value are kept, and its query,
    /// rotated, attends to all that are kept.
    ///
    /// What is kept is written in place when nobody else holds it. The step has no gradient.
    ///
    /// - Parameters:
    ///   - queries: `[rows, heads, width]`.
    ///   - keys: `[rows, key heads, width]`; the key heads divide the heads.
    ///   - values: The same shape as the keys.
    ///   - kept: Keys and values of earlier tokens, `[places, capacity, 2, key heads, width]`.
    ///   - count: How many tokens are kept; less than the capacity.
    ///   - sequences: Where each row's sequence is kept; no place twice.
    ///   - rule: How queries see keys.
    /// - Returns: `[rows, heads, width]`, and what is kept now.
    public static func attentionStep(
        queries: Tensor, keys: Tensor, values: Tensor, kept: Tensor, count: Int,
        sequences: [KeptSequence], rule: AttentionRule
    ) -> (output: Tensor, kept: Tensor) {
        let parts = apply(
            .attention_step,
            [queries, keys, values, kept, rule.frequencies] + (rule.sinks.map { [$0] } ?? []),
            integers: [count, rule.window] + sequences.flatMap { [$0.place, $0.padding] },
            numbers: rule.numbers, count: 2,
            name: #function)
        return (parts[0], parts[1])
    }
}

extension Segment {
    /// As the engine is told.
    fileprivate var numbers: [Int] { [length, parent ?? -1] }
}
