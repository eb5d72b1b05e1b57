// SPDX-License-Identifier: Apache-2.0
// Merges a long word in n log n steps: a linked list of symbols and a heap of candidate pairs.

/// The working memory of one merge.
struct MergeQueue {
    /// Candidates as rank and position, the lowest on top. Stale ones are skipped when they are
    /// taken.
    private var heap: [UInt64] = []
    private var next: [Int32] = []
    private var previous: [Int32] = []
    private var merges: [MergeTable.Merge] = []

    /// Merges neighbours by rank, and from the left among equal ranks, until no pair is left to
    /// merge.
    ///
    /// - Parameters:
    ///   - symbols: The word's symbols, replaced by the merged ones.
    ///   - table: The merges.
    mutating func merge(_ symbols: inout [Int32], by table: MergeTable) {
        let count = symbols.count
        next = (0..<count).map { Int32($0 + 1) }
        previous = (0..<count).map { Int32($0 - 1) }
        merges = Array(repeating: MergeTable.none, count: count)
        heap.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 { offer(index, symbols, table) }

        while let candidate = pop() {
            let index = Int(UInt32(truncatingIfNeeded: candidate))
            guard merges[index] != MergeTable.none, merges[index] >> 32 == candidate >> 32 else {
                continue
            }
            let removed = Int(next[index])
            symbols[index] = Int32(truncatingIfNeeded: merges[index])
            symbols[removed] = -1
            merges[removed] = MergeTable.none
            next[index] = next[removed]
            if Int(next[index]) < count { previous[Int(next[index])] = Int32(index) }
            offer(index, symbols, table)
            if previous[index] >= 0 { offer(Int(previous[index]), symbols, table) }
        }
        symbols.removeAll { $0 < 0 }
    }

    /// Adds the pair that starts at `index`, if it can be merged.
    private mutating func offer(_ index: Int, _ symbols: [Int32], _ table: MergeTable) {
        let following = Int(next[index])
        guard following < symbols.count else {
            merges[index] = MergeTable.none
            return
        }
        merges[index] = table[symbols[index], symbols[following]]
        if merges[index] != MergeTable.none {
            push(merges[index] & 0xFFFF_FFFF_0000_0000 | UInt64(index))
        }
    }

    private mutating func push(_ value: UInt64) {
        var child = heap.count
        heap.append(value)
        while child > 0, heap[(child - 1) / 2] > value {
            heap[child] = heap[(child - 1) / 2]
            child = (child - 1) / 2
        }
        heap[child] = value
    }

    private mutating func pop() -> UInt64? {
        guard let last = heap.popLast() else { return nil }
        guard let top = heap.first else { return last }
        var parent = 0
        while true {
            var child = parent * 2 + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
            guard heap[child] < last else { break }
            heap[parent] = heap[child]
            parent = child
        }
        heap[parent] = last
        return top
    }
}
