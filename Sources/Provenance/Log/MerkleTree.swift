// SPDX-License-Identifier: Apache-2.0
// The Merkle tree of RFC 6962 over SHA-256: roots, inclusion proofs and consistency proofs.

import Crypto
public import Foundation

/// The hash of a node of a Merkle tree, 32 bytes.
public struct TreeHash: Sendable, Hashable, CustomStringConvertible {
    /// The number of bytes in a hash.
    static let byteCount = 32

    /// The bytes.
    public let bytes: Data

    /// Makes a hash from its bytes.
    ///
    /// - Parameter bytes: 32 bytes. The result is nil for another number.
    public init?(_ bytes: some Sequence<UInt8>) {
        self.bytes = Data(bytes)
        guard self.bytes.count == Self.byteCount else { return nil }
    }

    private init(_ digest: SHA256.Digest) { bytes = Data(digest) }

    /// The hash of the tree without leaves.
    static let empty = TreeHash(SHA256.hash(data: Data()))

    /// Returns the hash of an entry: H(0x00 || entry).
    ///
    /// - Parameter entry: The entry's bytes.
    /// - Returns: The leaf's hash.
    public static func leaf(_ entry: some DataProtocol) -> TreeHash {
        var hasher = SHA256()
        hasher.update(data: [0])
        hasher.update(data: entry)
        return TreeHash(hasher.finalize())
    }

    /// Returns the hash of an inner node: H(0x01 || left || right).
    static func node(_ left: TreeHash, _ right: TreeHash) -> TreeHash {
        var hasher = SHA256()
        hasher.update(data: [1])
        hasher.update(data: left.bytes)
        hasher.update(data: right.bytes)
        return TreeHash(hasher.finalize())
    }

    /// The bytes in base64, as in checkpoints and proofs.
    public var description: String { bytes.base64EncodedString() }
}

/// A tree of `size` leaves, given the hashes of complete subtrees.
struct MerkleTree {
    let size: Int
    /// The hash of the `index`th subtree of 2^`level` leaves.
    let subtree: (_ level: Int, _ index: Int) throws -> TreeHash

    /// Returns the root of the tree.
    func root() throws -> TreeHash { size == 0 ? .empty : try hash(0..<size) }

    /// Returns the sibling hashes on the path from the leaf `index` to the root (RFC 6962, 2.1.1).
    func inclusionProof(of index: Int) throws -> [TreeHash] {
        var range = 0..<size
        var proof: [TreeHash] = []
        while range.count > 1 {
            let (left, right) = Self.halves(of: range)
            proof.append(try hash(left.contains(index) ? right : left))
            range = left.contains(index) ? left : right
        }
        return proof.reversed()
    }

    /// Returns the proof that the tree now extends the tree of size `earlier` (RFC 6962, 2.1.2).
    func consistencyProof(from earlier: Int) throws -> [TreeHash] {
        guard earlier > 0, earlier < size else { return [] }
        var range = 0..<size
        var proof: [TreeHash] = []
        while range.upperBound != earlier {
            let (left, right) = Self.halves(of: range)
            let isLeft = earlier <= left.upperBound
            proof.append(try hash(isLeft ? right : left))
            range = isLeft ? left : right
        }
        // The verifier already knows the earlier root itself.
        if range.lowerBound > 0 { proof.append(try hash(range)) }
        return proof.reversed()
    }

    /// Returns the two parts into which RFC 6962 splits a tree: the left part is the greatest power
    /// of two below its size.
    private static func halves(of range: Range<Int>) -> (left: Range<Int>, right: Range<Int>) {
        let power = 1 << (Int.bitWidth - 1 - (range.count - 1).leadingZeroBitCount)
        let middle = range.lowerBound + power
        return (range.lowerBound..<middle, middle..<range.upperBound)
    }

    private func hash(_ range: Range<Int>) throws -> TreeHash {
        if range.count.nonzeroBitCount == 1 {
            let level = range.count.trailingZeroBitCount
            return try subtree(level, range.lowerBound >> level)
        }
        let (left, right) = Self.halves(of: range)
        return .node(try hash(left), try hash(right))
    }

    /// Returns the root over neighbouring subtrees, whose number is a power of two.
    static func root(ofComplete hashes: some Collection<TreeHash>) -> TreeHash {
        var level = Array(hashes)
        while level.count > 1 {
            level = stride(from: 0, to: level.count - 1, by: 2)
                .map { .node(level[$0], level[$0 + 1]) }
        }
        return level.first ?? .empty
    }
}
