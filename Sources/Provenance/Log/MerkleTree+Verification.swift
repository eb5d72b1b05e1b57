// SPDX-License-Identifier: Apache-2.0
// Checks proofs against roots, by the algorithms of RFC 9162, 2.1.3.2 and 2.1.4.2.

extension MerkleTree {
    /// Returns whether a proof shows that a leaf is in a tree.
    ///
    /// - Parameters:
    ///   - proof: The hashes beside the way, from the leaf up.
    ///   - leaf: The leaf's hash.
    ///   - index: Its place.
    ///   - size: The tree's size.
    ///   - root: The tree's root.
    /// - Returns: True when it does.
    static func isIncluded(
        _ proof: [TreeHash], leaf: TreeHash, at index: Int, size: Int, root: TreeHash
    ) -> Bool {
        guard index >= 0, index < size else { return false }
        var (place, last, hash) = (index, size - 1, leaf)
        for sibling in proof {
            guard last != 0 else { return false }
            if place & 1 == 1 || place == last {
                hash = .node(sibling, hash)
                while place & 1 == 0, place != 0 { (place, last) = (place >> 1, last >> 1) }
            } else {
                hash = .node(hash, sibling)
            }
            (place, last) = (place >> 1, last >> 1)
        }
        return last == 0 && hash == root
    }

    /// Returns whether a proof shows that a tree only grew.
    ///
    /// - Parameters:
    ///   - proof: The hashes.
    ///   - earlier: The size and root at first.
    ///   - later: The size and root afterwards.
    /// - Returns: True when it does.
    static func isConsistent(
        _ proof: [TreeHash], earlier: (size: Int, root: TreeHash),
        later: (size: Int, root: TreeHash)
    ) -> Bool {
        guard earlier.size >= 0, earlier.size <= later.size else { return false }
        if earlier.size == later.size { return proof.isEmpty && earlier.root == later.root }
        if earlier.size == 0 { return proof.isEmpty && earlier.root == .empty }
        // Of a complete earlier tree, the proof leaves out what it starts from: that tree's root.
        let isComplete = earlier.size.nonzeroBitCount == 1
        let hashes = isComplete ? [earlier.root] + proof : proof
        guard let first = hashes.first, !proof.isEmpty else { return false }
        var (place, last) = (earlier.size - 1, later.size - 1)
        while place & 1 == 1 { (place, last) = (place >> 1, last >> 1) }
        var (before, after) = (first, first)
        for sibling in hashes.dropFirst() {
            guard last != 0 else { return false }
            if place & 1 == 1 || place == last {
                before = .node(sibling, before)
                after = .node(sibling, after)
                while place & 1 == 0, place != 0 { (place, last) = (place >> 1, last >> 1) }
            } else {
                after = .node(after, sibling)
            }
            (place, last) = (place >> 1, last >> 1)
        }
        return last == 0 && before == earlier.root && after == later.root
    }
}
