// SPDX-License-Identifier: Apache-2.0
// Passes through some pools of a batch, as shares of the whole batch.

public import LanguageModels

extension ObjectivePasses {
    /// Counts passes that go through some pools of a batch only, or through tokens that are in
    /// none.
    ///
    /// - Parameters:
    ///   - pools: The pools of the batch.
    ///   - differentiated: How often each pool is passed with a gradient.
    ///   - forward: How often each pool is passed without one; none if the list is shorter.
    ///   - others: Tokens outside the batch that are passed with a gradient in a step.
    ///   - read: Tokens outside the batch that are passed without one.
    public init(
        on pools: [ExamplePool], differentiated: [Double], forward: [Double] = [],
        others: Double = 0, read: Double = 0
    ) {
        let tokens = pools.map(\.meanTokens)
        let all = tokens.reduce(0, +)
        func share(_ counts: [Double], _ more: Double) -> Double {
            all > 0 ? (zip(tokens, counts).reduce(more) { $0 + $1.0 * $1.1 }) / all : 0
        }
        self.init(differentiated: share(differentiated, others), forward: share(forward, read))
    }
}

extension ExamplePool {
    /// The tokens of a batch's part, on average.
    public var meanTokens: Double {
        examples.meanTokens * Double(min(batchSize, examples.count))
    }
}

extension [CompletionExample] {
    /// The tokens of an example, on average; 0 without examples.
    public var meanTokens: Double {
        let all = reduce(0) { $0 + $1.prompt.count + $1.completion.count }
        return isEmpty ? 0 : Double(all) / Double(count)
    }
}
