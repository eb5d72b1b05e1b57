// SPDX-License-Identifier: Apache-2.0
// The prefixes of all pieces, for finding every piece that starts at a place in the text.

/// A tree of bytes with a value at the end of each piece.
struct PieceTrie: Sendable {
    /// The value of a node that ends no piece.
    static let none: Int32 = -1

    /// Edges as an open hash table: the node and byte, and the node that they lead to.
    private var slots: [(edge: UInt64, child: Int32)]
    private var mask: Int
    /// The first nodes, by byte: most searches end there.
    private var roots = [Int32](repeating: none, count: 256)
    private var values: [Int32] = [none]

    /// Makes an empty tree.
    init() {
        slots = Array(repeating: (.max, Self.none), count: 1024)
        mask = 1023
    }

    /// Whether no piece has been added.
    var isEmpty: Bool { values.count == 1 }

    /// Adds a piece; if it is there already, the value is replaced.
    mutating func insert(_ piece: some Sequence<UInt8>, value: Int32) {
        var node: Int32?
        for byte in piece {
            if let child = child(of: node, byte) {
                node = child
                continue
            }
            let child = Int32(values.count)
            values.append(Self.none)
            if let node {
                add(UInt64(node) << 8 | UInt64(byte), child)
            } else {
                roots[Int(byte)] = child
            }
            node = child
        }
        if let node { values[Int(node)] = value }
    }

    /// Calls `body` with the end and the value of each piece that starts at `start`, the shortest
    /// first.
    @inline(__always)
    func forEachPiece(
        in text: UnsafeBufferPointer<UInt8>, from start: Int, _ body: (Int, Int32) -> Void
    ) {
        var node: Int32?
        var position = start
        while position < text.count, let child = child(of: node, text[position]) {
            position += 1
            node = child
            let value = values[Int(child)]
            if value != Self.none { body(position, value) }
        }
    }

    /// Returns the end and the value of the longest piece that starts at `start`.
    func longest(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (end: Int, value: Int32)?
    {
        var best: (end: Int, value: Int32)?
        forEachPiece(in: text, from: start) { best = ($0, $1) }
        return best
    }

    @inline(__always)
    private func child(of node: Int32?, _ byte: UInt8) -> Int32? {
        guard let node else {
            let child = roots[Int(byte)]
            return child == Self.none ? nil : child
        }
        let child = slots[slot(of: UInt64(node) << 8 | UInt64(byte))].child
        return child == Self.none ? nil : child
    }

    @inline(__always)
    private func slot(of edge: UInt64) -> Int {
        var slot = Int(truncatingIfNeeded: (edge &* 0x9E37_79B9_7F4A_7C15) >> 24) & mask
        while slots[slot].edge != edge, slots[slot].edge != .max { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func add(_ edge: UInt64, _ child: Int32) {
        if values.count * 2 > slots.count {
            let old = slots
            slots = Array(repeating: (.max, Self.none), count: old.count * 2)
            mask = slots.count - 1
            for entry in old where entry.edge != .max { slots[slot(of: entry.edge)] = entry }
        }
        slots[slot(of: edge)] = (edge, child)
    }
}
