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
    private let shift: UInt64

    /// Makes an empty table.
    ///
    /// - Parameter capacity: The greatest number of merges.
    init(capacity: Int) {
        var bits: UInt64 = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        shift = 64 - bits
        slots = Array(repeating: Slot(pair: .max, merge: Self.none), count: 1 << bits)
        pairs.reserveCapacity(capacity)
    }

    /// Adds a merge with the next rank. If a pair is given twice, the last merge counts.
    mutating func append(_ left: Int32, _ right: Int32, becoming merged: Int32) {
        let pair = Self.pair(left, right)
        slots[slot(of: pair)] = Slot(
            pair: pair, merge: UInt64(pairs.count) << 32 | UInt64(UInt32(bitPattern: merged)))
        pairs.append((left, right))
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
