// SPDX-License-Identifier: Apache-2.0
// Checks proofs against roots, by the algorithms of RFC 9162, 2.1.3.2 and 2.1.4.2.

extension MerkleTree {
    /// Returns whether a proof shows that a leaf is in a tree.
    ///
    /// - Parameters:
    ///   - proof: The sibling hashes on the path, from the leaf up.
    ///   - leaf: The leaf's hash.
    ///   - index: Its index.
    ///   - size: The tree's size.
    ///   - root: The tree's root.
    /// - Returns: Whether it does.
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

    /// Returns whether a proof shows that the later tree extends the earlier one.
    ///
    /// - Parameters:
    ///   - proof: The hashes.
    ///   - earlier: The size and root of the earlier tree.
    ///   - later: The size and root of the later tree.
    /// - Returns: Whether it does.
    static func isConsistent(
        _ proof: [TreeHash], earlier: (size: Int, root: TreeHash),
        later: (size: Int, root: TreeHash)
    ) -> Bool {
        guard earlier.size >= 0, earlier.size <= later.size else { return false }
        if earlier.size == later.size { return proof.isEmpty && earlier.root == later.root }
        if earlier.size == 0 { return proof.isEmpty && earlier.root == .empty }
        // If the earlier tree is complete, the proof omits its first hash, which is that tree's
        // root.
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
