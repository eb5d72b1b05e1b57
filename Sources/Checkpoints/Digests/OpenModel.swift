// SPDX-License-Identifier: Apache-2.0
// A model whose files were all hashed, several at a time.

import Crypto
public import Foundation
import JSONText
import Synchronization

/// A model's digest with its files still open: reading them gives the bytes that were hashed.
public struct OpenModel: Sendable {
    /// The place of the files: a directory or a single file.
    public let url: URL

    /// The digests of the files.
    public let digest: ModelDigest

    /// The open files, in the order of the digest's resources; none if they are not held, and only
    /// the copied ones of a private copy.
    public let files: [OpenFile]

    /// Opens the files of a signed model, digests them and holds them open. Every link below the
    /// directory is an error; ``init(identifying:)`` follows links to files.
    ///
    /// - Parameters:
    ///   - url: A directory or a single file.
    ///   - paths: Paths within the directory to ignore, and no others. Those of
    ///     ``ModelDigest/companions`` are ignored only if they are regular files.
    ///   - signature: One of these paths that is also ignored only if it is a regular file.
    /// - Throws: An `InputError` when a file cannot be read, is a symbolic link or a special
    ///   file, has a name that is not UTF-8, or changes meanwhile.
    public init(at url: URL, ignoring paths: [String], signature: String? = nil) throws {
        try self.init(
            at: url, ignoring: paths, signature: signature, holdingFiles: true
        ) { $0.map { _ in true } }
    }

    /// Opens the files of a signed model and digests them, after their names were checked.
    ///
    /// - Parameters:
    ///   - url: A directory or a single file.
    ///   - paths: Paths within the directory to ignore, and no others.
    ///   - signature: One of these paths that is ignored only if it is a regular file.
    ///   - isHolding: Whether the files are held open. More files than a process may open can be
    ///     digested only without that; ``files`` is then empty.
    ///   - choose: Takes the names of all files, in code point order, before any file is read, and
    ///     returns whether each is to be read. Others count as ignored.
    /// - Throws: As ``init(at:ignoring:signature:)`` does; errors of `choose`.
    package init(
        at url: URL, ignoring paths: [String], signature: String?, holdingFiles isHolding: Bool,
        choosing choose: (_ names: [String]) throws -> [Bool]
    ) throws {
        var files = try ModelFiles(of: url, ignoring: paths, signature: signature)
        files.leaveOut(try choose(files.files.map(\.name)).map { !$0 })
        self = try files.hashed(holdingFiles: isHolding)
    }

    init(at url: URL, digest: ModelDigest, files: [OpenFile]) {
        self.url = url
        self.digest = digest
        self.files = files
    }

    /// Checks that every file has not changed since it was hashed, and is still at its path.
    ///
    /// - Throws: An `InputError` when a file was written to, truncated or replaced, or the files
    ///   are not held open.
    public func checkUnchanged() throws {
        guard files.count == digest.resources.count else {
            throw InputError(
                url, nil, "has files that were not held open after they were read",
                remedy: "read the model again, and hold its files")
        }
        for file in files { try file.checkUnchanged() }
    }
}

extension ModelFiles {
    private struct Hashed: Sendable {
        let file: OpenFile?
        let byteCount: Int
        let digest: SHA256Digest
    }

    /// Hashes the files on all cores, the longest first, and checks that no file was added or
    /// removed.
    func hashed(holdingFiles: Bool) throws -> OpenModel {
        let files = files
        let order = files.indices.sorted { files[$0].stamp.byteCount > files[$1].stamp.byteCount }
        let next = Atomic(0)
        let results = Mutex<[Int: Result<Hashed, any Error>]>([:])
        let workers = min(ProcessInfo.processInfo.activeProcessorCount, files.count)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            while true {
                let turn = next.add(1, ordering: .relaxed).oldValue
                guard turn < order.count else { return }
                let result = Result {
                    let file = try OpenFile(files[order[turn]])
                    return Hashed(
                        file: holdingFiles ? file : nil, byteCount: file.byteCount,
                        digest: try file.digest())
                }
                results.withLock { $0[order[turn]] = result }
                if case .failure = result { next.store(order.count, ordering: .relaxed) }
            }
        }
        let found = results.withLock { $0 }
        // The first failure in the files' order, if there is one.
        for index in files.indices { if case .failure(let error)? = found[index] { throw error } }
        let hashed = try files.indices.compactMap { try found[$0]?.get() }
        try checkUnchanged()
        let resources = zip(files, hashed).map { file, hashed in
            ModelDigest.Resource(
                name: file.name, byteCount: hashed.byteCount, sha256: hashed.digest.hexadecimal)
        }
        return OpenModel(
            at: url, digest: ModelDigest(resources, hashed.map(\.digest), ignored: ignored),
            files: hashed.compactMap(\.file))
    }

    /// Lists the files again: one may have been added, removed or replaced while others were
    /// hashed.
    private func checkUnchanged() throws {
        let now = try ModelFiles(listingAgain: self)
        for (before, after) in zip(files, now.files)
        where before.path != after.path || before.stamp != after.stamp {
            throw InputError(
                before.path.url, nil,
                "changed, or another file came or went, while the model was read",
                remedy: "do not change the model meanwhile")
        }
        guard files.count == now.files.count else {
            throw InputError(
                url, nil, "files came or went while the model was read",
                remedy: "do not change the model meanwhile")
        }
    }
}
