// SPDX-License-Identifier: Apache-2.0
// Makes and extends a log. The checkpoint's rename is what commits: everything it counts is on the
// medium before, so whenever the power fails, the log is the old one or the new one.

public import Foundation

extension TransparencyLog {
    /// Makes an empty log.
    ///
    /// - Parameters:
    ///   - directory: Where; it does not exist yet, or is empty.
    ///   - key: The key that signs its checkpoints; its name is the log's origin.
    /// - Returns: The log.
    /// - Throws: A ``ProvenanceError`` when the directory cannot be made or used.
    @discardableResult
    public static func create(
        at directory: URL, signedBy key: NoteSigningKey
    ) throws -> TransparencyLog {
        let manager = FileManager.default
        let path = directory.path(percentEncoded: false)
        if let names = try? manager.contentsOfDirectory(atPath: path), !names.isEmpty {
            throw ProvenanceError(directory, "is not empty", remedy: "choose another directory")
        }
        do {
            try manager.createDirectory(at: directory, withIntermediateDirectories: true)
        } catch {
            throw ProvenanceError(
                directory, "cannot be created", remedy: "choose a place that you may write to")
        }
        let writer = LogWriter()
        let files = LogFiles(directory: directory)
        let checkpoint = LogCheckpoint(origin: key.verifierKey.name, size: 0, root: .empty)
        try writer.write(SignedNote(checkpoint.text, signedBy: key).data, to: files.checkpoint)
        try writer.synchroniseDirectories()
        return try TransparencyLog(at: directory, signedBy: key.verifierKey)
    }

    /// Appends entries; all of them are in the log afterwards, or none.
    ///
    /// The work depends on the number of new entries, not on the size of the log: of the old ones,
    /// only the unfinished tiles at the right edge are read.
    ///
    /// - Parameters:
    ///   - entries: The entries, each at most 65535 bytes.
    ///   - directory: The log.
    ///   - key: The key that signed its checkpoint.
    /// - Returns: The log with them.
    /// - Throws: A ``ProvenanceError`` when the log is damaged, another's, or in use.
    @discardableResult
    public static func append(
        _ entries: [Data], to directory: URL, signedBy key: NoteSigningKey
    ) throws -> TransparencyLog {
        for entry in entries where entry.count > LogFiles.longestEntry {
            throw ProvenanceError(
                "entry of \(entry.count) bytes",
                "is longer than \(LogFiles.longestEntry) bytes",
                remedy: "log a statement with its digest instead")
        }
        let files = LogFiles(directory: directory)
        return try LogWriter.withLock(files.lock, of: directory) {
            let log = try TransparencyLog(at: directory, signedBy: key.verifierKey)
            // What is signed next must continue what was signed last.
            _ = try log.checkedTree()
            var edge = try LogEdge(log)
            let writer = LogWriter()
            for entry in entries { try edge.append(entry, with: writer) }
            try edge.finish(with: writer)
            try writer.synchroniseDirectories()
            let checkpoint = LogCheckpoint(
                origin: log.checkpoint.origin, size: edge.size, root: edge.root)
            let last = LogWriter()
            try last.write(SignedNote(checkpoint.text, signedBy: key).data, to: files.checkpoint)
            try last.synchroniseDirectories()
            for partial in edge.replaced { try? FileManager.default.removeItem(at: partial) }
            return try TransparencyLog(at: directory, signedBy: key.verifierKey)
        }
    }
}

/// The unfinished tiles at the right edge of a log.
private struct LogEdge {
    private(set) var size: Int
    private let files: LogFiles
    /// The hashes of the last tile of each level, fewer than a full tile has.
    private var hashes: [[TreeHash]] = []
    private var entries: [Data]
    /// The directories of partial tiles that full ones replaced.
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
        entries = try files.readEntries(index: size / LogFiles.width, size: size)
    }

    /// The root: the complete subtrees at the edge, joined from the smallest up.
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

    mutating func append(_ entry: Data, with writer: LogWriter) throws {
        entries.append(entry)
        size += 1
        if entries.count == LogFiles.width {
            try writeEntries(with: writer)
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
            try writeHashes(level, with: writer)
            let index = ((size >> (LogFiles.height * level)) - 1) / LogFiles.width
            replaced.append(
                files.hashes(level: level, index: index, width: 1).deletingLastPathComponent())
            hash = MerkleTree.root(ofComplete: hashes[level])
            hashes[level] = []
            level += 1
        }
    }

    /// Writes the tiles that are not full.
    func finish(with writer: LogWriter) throws {
        if !entries.isEmpty { try writeEntries(with: writer) }
        for level in hashes.indices where !hashes[level].isEmpty {
            try writeHashes(level, with: writer)
        }
    }

    private func writeEntries(with writer: LogWriter) throws {
        var data = Data()
        for entry in entries {
            data.append(UInt8(entry.count >> 8))
            data.append(UInt8(entry.count & 0xFF))
            data.append(entry)
        }
        let index = (size - 1) / LogFiles.width
        try writer.write(data, to: files.entries(index: index, width: entries.count))
    }

    private func writeHashes(_ level: Int, with writer: LogWriter) throws {
        let index = ((size >> (LogFiles.height * level)) - 1) / LogFiles.width
        let data = hashes[level].reduce(into: Data()) { $0 += $1.bytes }
        try writer.write(
            data, to: files.hashes(level: level, index: index, width: hashes[level].count))
    }
}
