// SPDX-License-Identifier: Apache-2.0
// The batches of a training, one after the other.

import LanguageModels

/// Draws the batches of a training from the pools of its phases.
struct ExampleStream {
    private let phases: [TrainingProblem.Phase]
    private let seed: UInt64
    private var pools: [ExamplePool] = []
    private var orders: [BatchOrder] = []
    /// The distinct examples that earlier phases gave.
    private var earlierExamples = 0
    /// The batches drawn so far.
    private var drawn = 0

    init(_ problem: TrainingProblem) {
        phases = problem.phases
        seed = problem.seed
    }

    /// The distinct examples drawn so far.
    var distinctExamples: Int {
        zip(pools, orders).reduce(earlierExamples) { $0 + min($1.0.examples.count, $1.1.drawn) }
    }

    mutating func next() -> TrainingBatch {
        if let phase = phases.last(where: { $0.after == drawn }) {
            earlierExamples = distinctExamples
            pools = phase.pools
            orders = pools.map {
                BatchOrder(count: $0.examples.count, batchSize: $0.batchSize, seed: seed)
            }
        }
        drawn += 1
        return TrainingBatch(
            pools: pools.indices.map { pool in
                orders[pool].next().map { pools[pool].examples[$0] }
            }, step: drawn - 1)
    }
}
