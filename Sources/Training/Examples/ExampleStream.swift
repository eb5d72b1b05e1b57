// SPDX-License-Identifier: Apache-2.0
// The batches of a training, one after the other.

import LanguageModels

/// Draws the batches of a training from the pools of its phases.
struct ExampleStream {
    private let phases: [TrainingProblem.Phase]
    private let seed: UInt64
    private var pools: [ExamplePool] = []
    private var orders: [BatchOrder] = []
    /// The examples drawn so far.
    private var seen: Set<CompletionExample> = []
    /// The batches drawn so far.
    private var drawn = 0

    init(_ problem: TrainingProblem) {
        phases = problem.phases
        seed = problem.seed
    }

    /// How many distinct examples were drawn so far.
    var distinctExamples: Int { seen.count }

    mutating func next() -> TrainingBatch {
        if let phase = phases.last(where: { $0.after == drawn }) {
            pools = phase.pools
            orders = pools.map {
                BatchOrder(count: $0.examples.count, batchSize: $0.batchSize, seed: seed)
            }
        }
        drawn += 1
        let batch = TrainingBatch(
            pools: pools.indices.map { pool in
                orders[pool].next().map { pools[pool].examples[$0] }
            }, step: drawn - 1)
        seen.formUnion(batch.examples)
        return batch
    }
}
