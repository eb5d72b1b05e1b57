// SPDX-License-Identifier: Apache-2.0
// A log in a directory: its checkpoint, its proofs, and the check of all its files.

import Checkpoints
public import Foundation
import JSONText

/// An append-only list of entries under a signed Merkle root.
///
/// The checkpoint decides. Files beyond it belong to an append that was interrupted; the next
/// append replaces them.
public struct TransparencyLog: Sendable {
    /// The log's directory.
    public let directory: URL
    /// The bytes of the signed checkpoint's file.
    public let signedCheckpoint: Data
    /// The checkpoint's content.
    public let checkpoint: LogCheckpoint

    let files: LogFiles

    /// Opens a log.
    ///
    /// - Parameters:
    ///   - directory: The log's directory.
    ///   - key: The key that must have signed the checkpoint; nil when the reader of a proof checks
    ///     that.
    /// - Throws: An `InputError` when the log is missing, is damaged, or belongs to another key.
    public init(at directory: URL, signedBy key: NoteVerifierKey? = nil) throws {
        self.directory = directory
        files = LogFiles(directory: directory)
        let file = files.checkpoint
        guard let data = try? SmallFile.read(file, atMost: SignedNote.mostBytes, remedy: "") else {
            throw InputError(
                directory, "is no log: it has no readable file \"checkpoint\"",
                remedy: "make one with 'temper log create'")
        }
        signedCheckpoint = data
        let subject = file.path(percentEncoded: false)
        if let key {
            checkpoint = try LogCheckpoint(data, signedBy: key, subject: subject)
        } else {
            checkpoint = try LogCheckpoint(
                SignedNote(data, subject: subject), subject: subject)
        }
    }

    // MARK: - Proofs

    /// Proves that an entry is in the log.
    ///
    /// - Parameter index: The index of the entry, from 0.
    /// - Returns: The proof, with the checkpoint.
    /// - Throws: An `InputError` when there is no such entry, or the log is damaged.
    public func proof(of index: Int) throws -> LogProof {
        guard (0..<checkpoint.size).contains(index) else {
            throw InputError(
                directory, "has \(checkpoint.size) entries, none with the number \(index)",
                remedy: "number them from 0")
        }
        let tree = try checkedTree()
        let hashes = try tree.inclusionProof(of: index)
        guard
            MerkleTree.isIncluded(
                hashes, leaf: try tree.subtree(0, index), at: index, size: tree.size,
                root: checkpoint.root)
        else {
            throw failure("its tiles do not lead from entry \(index) to the root")
        }
        return LogProof(index: index, hashes: hashes, signedCheckpoint: signedCheckpoint)
    }

    /// Returns the index of an entry.
    ///
    /// - Parameter entry: The entry's bytes.
    /// - Returns: The index of the first entry with those bytes, or nil when there is none.
    /// - Throws: An `InputError` when the log is damaged.
    public func index(of entry: some DataProtocol) throws -> Int? {
        let leaf = TreeHash.leaf(entry)
        for tile in 0..<tileCount {
            let hashes = try files.readHashes(level: 0, index: tile, size: checkpoint.size)
            if let place = hashes.firstIndex(of: leaf) { return tile * LogFiles.width + place }
        }
        return nil
    }

    /// Checks that the log extends an earlier checkpoint.
    ///
    /// - Parameter earlier: The checkpoint. Its signature must have been checked.
    /// - Throws: A ``VerificationFailure`` when it does not, or an `InputError` when the log is
    ///   damaged.
    public func verifyGrowth(since earlier: LogCheckpoint) throws {
        func refusal(_ problem: String) -> VerificationFailure {
            failure(problem, remedy: "history was rewritten: keep both checkpoints as evidence")
        }
        guard earlier.origin == checkpoint.origin else {
            throw InputError(
                directory, "is the log \(checkpoint.origin), the checkpoint of \(earlier.origin)",
                remedy: "compare checkpoints of one log")
        }
        guard earlier.size <= checkpoint.size else {
            throw refusal("has \(checkpoint.size) entries and had \(earlier.size)")
        }
        let proof = try checkedTree().consistencyProof(from: earlier.size)
        guard
            MerkleTree.isConsistent(
                proof, earlier: (earlier.size, earlier.root),
                later: (checkpoint.size, checkpoint.root))
        else { throw refusal("changed entries that were there at \(earlier.size)") }
    }

    // MARK: - Everything

    /// Hashes every entry again and compares it with the tiles and the root.
    ///
    /// - Parameter body: Called with the index of each entry and its bytes, before the root is
    ///   compared.
    /// - Throws: A ``VerificationFailure`` when a check fails, an `InputError` when a file cannot
    ///   be read; errors of `body`.
    public func verifyEntries(_ body: (_ index: Int, _ entry: Data) throws -> Void = { _, _ in })
        throws
    {
        for tile in 0..<tileCount {
            for (place, entry) in try checkedEntries(ofTile: tile).enumerated() {
                try body(tile * LogFiles.width + place, entry)
            }
        }
        var (level, count) = (1, checkpoint.size / LogFiles.width)
        while count > 0 {
            for index in 0..<count {
                let below = try files.readHashes(
                    level: level - 1, index: index, size: checkpoint.size)
                let tile = try files.readHashes(
                    level: level, index: index / LogFiles.width, size: checkpoint.size)
                guard tile[index % LogFiles.width] == MerkleTree.root(ofComplete: below) else {
                    throw failure("hash \(index) of level \(level) is not that of its tile")
                }
            }
            (level, count) = (level + 1, count / LogFiles.width)
        }
        _ = try checkedTree()
    }

    /// Returns the entries of a tile after checking them against the tile's hashes.
    func checkedEntries(ofTile tile: Int) throws -> [Data] {
        let entries = try files.readEntries(index: tile, size: checkpoint.size)
        let hashes = try files.readHashes(level: 0, index: tile, size: checkpoint.size)
        for (place, (entry, hash)) in zip(entries, hashes).enumerated()
        where TreeHash.leaf(entry) != hash {
            throw failure("entry \(tile * LogFiles.width + place) is not what was logged")
        }
        return entries
    }

    private func failure(
        _ problem: String,
        remedy: String = "the log is damaged or was changed: restore it from a copy"
    ) -> VerificationFailure {
        VerificationFailure(.log, directory.path(percentEncoded: false), problem, remedy: remedy)
    }

    private var tileCount: Int {
        checkpoint.size / LogFiles.width + (checkpoint.size % LogFiles.width).signum()
    }

    /// Returns the tree of the tiles after checking its root against the checkpoint's.
    func checkedTree() throws -> MerkleTree {
        let size = checkpoint.size
        let cache = TileCache(files: files, size: size)
        let tree = MerkleTree(size: size) { try cache.subtree(level: $0, index: $1) }
        guard try tree.root() == checkpoint.root else {
            throw failure("its tiles do not have the root that the checkpoint names")
        }
        return tree
    }
}

/// The tiles that were read for one proof.
private final class TileCache {
    private struct Place: Hashable {
        let level: Int
        let index: Int
    }

    private let files: LogFiles
    private let size: Int
    private var tiles: [Place: [TreeHash]] = [:]

    init(files: LogFiles, size: Int) {
        self.files = files
        self.size = size
    }

    /// Returns the hash of a complete subtree of 2^`level` leaves.
    func subtree(level: Int, index: Int) throws -> TreeHash {
        let (tileLevel, rest) = level.quotientAndRemainder(dividingBy: LogFiles.height)
        let first = index << rest
        let place = Place(level: tileLevel, index: first / LogFiles.width)
        let tile =
            try tiles[place]
            ?? files.readHashes(level: place.level, index: place.index, size: size)
        tiles[place] = tile
        let start = first % LogFiles.width
        return MerkleTree.root(ofComplete: tile[start..<start + 1 << rest])
    }
}
