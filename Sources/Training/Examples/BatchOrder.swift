// SPDX-License-Identifier: Apache-2.0
// The order in which examples are learnt from.

import Records

/// The order in which examples come: each epoch shuffled anew, batches never cut at its end.
struct BatchOrder {
    private let batchSize: Int
    private let count: Int
    private var generator: SplitMix64
    private var queue: [Int] = []

    init(count: Int, batchSize: Int, seed: UInt64) {
        self.count = count
        self.batchSize = min(batchSize, count)
        generator = SplitMix64(seed: seed)
    }

    mutating func next() -> [Int] {
        while queue.count < batchSize {
            queue += (0..<count).shuffled(using: &generator)
        }
        defer { queue.removeFirst(batchSize) }
        return Array(queue.prefix(batchSize))
    }
}
