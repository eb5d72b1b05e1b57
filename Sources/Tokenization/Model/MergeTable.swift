// SPDX-License-Identifier: Apache-2.0
// The merges of neighbouring symbols, with their order.

/// The merges of a byte-pair model, by pair.
struct MergeTable: Sendable {
    /// A pair's rank in the upper half (the lower rank is merged first), the merged symbol in the
    /// lower half.
    typealias Merge = UInt64
    /// The value for a pair that is not merged.
    static let none: Merge = .max

    private struct Slot {
        var pair: UInt64
        var merge: Merge
    }

    /// The pairs by rank.
    private(set) var pairs: [(left: Int32, right: Int32)] = []
    private var slots: [Slot]
    private var shift: UInt64

    /// Makes an empty table.
    ///
    /// - Parameter capacity: The expected number of merges.
    init(capacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        shift = 64 - bits
        slots = Array(repeating: Slot(pair: .max, merge: Self.none), count: 1 << bits)
        pairs.reserveCapacity(capacity)
    }

    /// Adds a merge. If a pair is given twice, the last merge counts.
    ///
    /// - Parameters:
    ///   - left: The first symbol of the pair.
    ///   - right: The second symbol of the pair.
    ///   - merged: What the pair becomes.
    ///   - rank: The merge's rank; nil for the next one. Of equal ranks, the leftmost is merged.
    mutating func append(_ left: Int32, _ right: Int32, becoming merged: Int32, rank: Int? = nil) {
        let pair = Self.pair(left, right)
        let rank = UInt64(rank ?? pairs.count)
        slots[slot(of: pair)] = Slot(
            pair: pair, merge: rank << 32 | UInt64(UInt32(bitPattern: merged)))
        pairs.append((left, right))
        if pairs.count * 2 > slots.count { grow() }
    }

    private mutating func grow() {
        let old = slots
        shift -= 1
        slots = Array(repeating: Slot(pair: .max, merge: Self.none), count: old.count * 2)
        for entry in old where entry.pair != .max { slots[slot(of: entry.pair)] = entry }
    }

    /// The symbols that merges make.
    var results: [Int32] {
        slots.lazy.filter { $0.pair != .max }.map { Int32(truncatingIfNeeded: $0.merge) }
    }

    /// The merge of two neighbours.
    @inline(__always)
    subscript(left: Int32, right: Int32) -> Merge {
        slots[slot(of: Self.pair(left, right))].merge
    }

    @inline(__always)
    private static func pair(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private func slot(of pair: UInt64) -> Int {
        let mask = slots.count - 1
        let mixed = (pair ^ pair >> 29) &* 0x9E37_79B9_7F4A_7C15
        var slot = Int(truncatingIfNeeded: mixed >> shift)
        while slots[slot].pair != pair, slots[slot].pair != .max { slot = (slot + 1) & mask }
        return slot
    }
}
