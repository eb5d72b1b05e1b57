// SPDX-License-Identifier: Apache-2.0
// Makes and extends a log. Renaming the checkpoint commits an append: everything it covers is
// flushed to disk before. After a power failure the log is therefore either the old one or the new
// one.

public import Foundation
import JSONText

extension TransparencyLog {
    /// Makes an empty log.
    ///
    /// - Parameters:
    ///   - directory: The directory. It must be empty or not exist.
    ///   - key: The key that signs its checkpoints. Its name is the log's origin.
    /// - Returns: The log.
    /// - Throws: An `InputError` when the directory is not empty, or cannot be made or written to.
    @discardableResult
    public static func create(
        at directory: URL, signedBy key: NoteSigningKey
    ) throws -> TransparencyLog {
        let path = directory.path(percentEncoded: false)
        if let names = try? FileManager.default.contentsOfDirectory(atPath: path), !names.isEmpty {
            throw InputError(directory, "is not empty", remedy: "choose another directory")
        }
        let files = LogFiles(directory: directory)
        let checkpoint = LogCheckpoint(origin: key.verifierKey.name, size: 0, root: .empty)
        try files.write(SignedNote(checkpoint.text, signedBy: key).data, to: files.checkpoint)
        return try TransparencyLog(at: directory, signedBy: key.verifierKey)
    }

    /// Appends entries. Afterwards either all of them are in the log, or none.
    ///
    /// The work depends on the number of new entries, not on the size of the log: only the
    /// unfinished tiles at the right edge are read.
    ///
    /// - Parameters:
    ///   - entries: The entries, each at most 65535 bytes.
    ///   - directory: The log.
    ///   - key: The key that signed its checkpoint.
    /// - Returns: The extended log.
    /// - Throws: An `InputError` when there is no log, or it is in use or cannot be written to; a
    ///   ``VerificationFailure`` when it is damaged or belongs to another key.
    @discardableResult
    public static func append(
        _ entries: [Data], to directory: URL, signedBy key: NoteSigningKey
    ) throws -> TransparencyLog {
        for entry in entries where entry.count > LogFiles.longestEntry {
            throw InputError(
                "entry of \(entry.count) bytes",
                "is longer than \(LogFiles.longestEntry) bytes",
                remedy: "log a statement with its digest instead")
        }
        // A directory that is not a log is left unchanged.
        let files = try TransparencyLog(at: directory).files
        return try files.withLock {
            let log = try TransparencyLog(at: directory, signedBy: key.verifierKey)
            // The next signed checkpoint must continue the last signed one.
            _ = try log.checkedTree()
            var edge = try LogEdge(log)
            for entry in entries { try edge.append(entry) }
            try edge.finish()
            let checkpoint = LogCheckpoint(
                origin: log.checkpoint.origin, size: edge.size, root: edge.root)
            try files.write(SignedNote(checkpoint.text, signedBy: key).data, to: files.checkpoint)
            for partial in edge.replaced { try? FileManager.default.removeItem(at: partial) }
            return try TransparencyLog(at: directory, signedBy: key.verifierKey)
        }
    }
}

/// The unfinished tiles at the right edge of a log.
private struct LogEdge {
    private(set) var size: Int
    private let files: LogFiles
    /// The hashes of the last tile of each level, if it is not full.
    private var hashes: [[TreeHash]] = []
    private var entries: [Data]
    /// The directories of partial tiles that were replaced by full ones.
    private(set) var replaced: [URL] = []

    init(_ log: TransparencyLog) throws {
        size = log.checkpoint.size
        files = log.files
        var count = size
        while count > 0 {
            let level = hashes.count
            let tile = count / LogFiles.width
            hashes.append(try files.readHashes(level: level, index: tile, size: size))
            count = tile
        }
        // Entries that were altered on disk must not be written again.
        entries = try log.checkedEntries(ofTile: size / LogFiles.width)
    }

    /// The root, computed by joining the complete subtrees at the edge from the smallest up.
    var root: TreeHash {
        var root: TreeHash?
        for level in hashes {
            var rest = level[...]
            while !rest.isEmpty {
                let part = rest.suffix(1 << rest.count.trailingZeroBitCount)
                let whole = MerkleTree.root(ofComplete: part)
                root = root.map { .node(whole, $0) } ?? whole
                rest = rest.dropLast(part.count)
            }
        }
        return root ?? .empty
    }

    mutating func append(_ entry: Data) throws {
        entries.append(entry)
        size += 1
        if entries.count == LogFiles.width {
            try writeEntries()
            let index = (size - 1) / LogFiles.width
            replaced.append(
                files.entries(index: index, width: 1).deletingLastPathComponent())
            entries = []
        }
        var (level, hash) = (0, TreeHash.leaf(entry))
        while true {
            if level == hashes.count { hashes.append([]) }
            hashes[level].append(hash)
            guard hashes[level].count == LogFiles.width else { return }
            try writeHashes(level)
            let index = ((size >> (LogFiles.height * level)) - 1) / LogFiles.width
            replaced.append(
                files.hashes(level: level, index: index, width: 1).deletingLastPathComponent())
            hash = MerkleTree.root(ofComplete: hashes[level])
            hashes[level] = []
            level += 1
        }
    }

    /// Writes the tiles that are not full.
    func finish() throws {
        if !entries.isEmpty { try writeEntries() }
        for level in hashes.indices where !hashes[level].isEmpty { try writeHashes(level) }
    }

    private func writeEntries() throws {
        var data = Data()
        for entry in entries {
            data.append(UInt8(entry.count >> 8))
            data.append(UInt8(entry.count & 0xFF))
            data.append(entry)
        }
        let index = (size - 1) / LogFiles.width
        try files.write(data, to: files.entries(index: index, width: entries.count))
    }

    private func writeHashes(_ level: Int) throws {
        let index = ((size >> (LogFiles.height * level)) - 1) / LogFiles.width
        let data = hashes[level].reduce(into: Data()) { $0 += $1.bytes }
        try files.write(
            data, to: files.hashes(level: level, index: index, width: hashes[level].count))
    }
}
