// SPDX-License-Identifier: Apache-2.0
// What a step learns from: examples drawn from one or several pools.

public import LanguageModels
internal import Records

/// Examples of one kind, and how many of them stand in each batch.
public struct ExamplePool: Sendable {
    /// Prompts with the completions that should follow.
    public let examples: [CompletionExample]
    /// How many of them stand in each batch; all of them if there are fewer.
    public let batchSize: Int

    /// Makes a pool.
    ///
    /// - Parameters:
    ///   - examples: Prompts with the completions that should follow.
    ///   - batchSize: How many of them stand in each batch.
    public init(examples: [CompletionExample], batchSize: Int) {
        self.examples = examples
        self.batchSize = batchSize
    }
}

/// The examples of one step, by the pool that they were drawn from.
public struct TrainingBatch: Sendable {
    /// The examples of each pool, in the order of the pools.
    public var pools: [[CompletionExample]]
    /// The step of the training, counted from 0: an objective that draws, or that changes on the
    /// way, goes by it.
    public var step: Int

    /// Makes a batch.
    ///
    /// - Parameters:
    ///   - pools: The examples of each pool.
    ///   - step: The step of the training, counted from 0.
    public init(pools: [[CompletionExample]], step: Int = 0) {
        self.pools = pools
        self.step = step
    }

    /// All examples, those of the first pool first.
    public var examples: [CompletionExample] { pools.flatMap { $0 } }

    /// The number of tokens, without padding.
    public var tokenCount: Int {
        examples.reduce(0) { $0 + $1.prompt.count + $1.completion.count }
    }

    /// The number of tokens that are predicted.
    public var targetCount: Int { examples.reduce(0) { $0 + $1.completion.count } }

    /// Cuts the batch into parts.
    ///
    /// - Parameter size: The most examples of a part.
    /// - Returns: Batches with the same pools, which together hold each example once.
    func parts(of size: Int) -> [TrainingBatch] {
        let numbered = pools.enumerated().flatMap { pool, examples in examples.map { (pool, $0) } }
        return numbered.chunked(into: size).map { part in
            TrainingBatch(
                pools: pools.indices.map { pool in part.filter { $0.0 == pool }.map(\.1) },
                step: step)
        }
    }
}
