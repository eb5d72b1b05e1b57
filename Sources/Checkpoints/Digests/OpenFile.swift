// SPDX-License-Identifier: Apache-2.0
// A file of a model that is held open, so that the bytes that were hashed are the bytes that are
// read later.

import Crypto
public import Foundation
import JSONText

/// An open file and its state when it was opened. It is closed when nothing holds it any more.
public final class OpenFile: Sendable {
    /// The path within the model, with `/`; `.` when the model is a single file.
    public let name: String

    /// The file descriptor, for reading with `pread`, which does not move the file offset.
    public let descriptor: Int32

    /// The file's length in bytes.
    public var byteCount: Int { stamp.byteCount }

    /// A path that leads to the open file, even if its old path now leads elsewhere.
    public var url: URL { URL(filePath: "/dev/fd/\(descriptor)") }

    private let path: [UInt8]
    private let followsLink: Bool
    /// The bytes of a private copy.
    private let contents: MappedFile?
    /// The file's stamp when it was hashed.
    let stamp: FileStamp

    init(_ file: ModelFile) throws {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (file.followsLink ? 0 : O_NOFOLLOW)
        let descriptor = file.path.withPath { open($0, flags) }
        guard descriptor >= 0 else {
            let code = errno
            throw InputError(
                file.path.url, failedTo: "open it", errno: code,
                remedy: code == EMFILE
                    ? "raise the limit on open files (ulimit -n)" : "check that you may read it")
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw InputError(
                file.path.url, nil, "is not a regular file",
                remedy: "name a model's file or directory")
        }
        self.descriptor = descriptor
        name = file.name
        path = file.path
        followsLink = file.followsLink
        contents = nil
        stamp = FileStamp(status)
        guard stamp == file.stamp else { throw changed("changed while it was read") }
    }

    /// Makes the private copy of a file.
    ///
    /// - Parameters:
    ///   - original: The file.
    ///   - contents: Its bytes in memory.
    /// - Throws: An `InputError` when too many files are open.
    init(_ original: OpenFile, copiedTo contents: MappedFile) throws {
        descriptor = fcntl(original.descriptor, F_DUPFD_CLOEXEC, 0)
        name = original.name
        path = original.path
        followsLink = original.followsLink
        stamp = original.stamp
        self.contents = contents
        guard descriptor >= 0 else {
            throw failed("open it", errno, remedy: "raise the limit on open files (ulimit -n)")
        }
    }

    deinit { close(descriptor) }

    /// Returns the file's bytes. Those of a private copy do not change.
    ///
    /// - Parameter url: The file's place, for errors.
    /// - Returns: The bytes.
    /// - Throws: An `InputError` when the file is empty or cannot be mapped.
    func mapped(as url: URL) throws -> MappedFile {
        try contents.map { MappedFile(url, sharing: $0) }
            ?? MappedFile(url, descriptor: descriptor)
    }

    /// Computes the SHA-256 of the whole file.
    func digest() throws -> SHA256Digest {
        var hash = SHA256()
        var count = 0
        try ReadAhead.forEachBlock(of: descriptor, byteCount: byteCount) { block in
            hash.update(bufferPointer: block)
            count += block.count
        } orThrow: { code in
            InputError(
                path.url, failedTo: "read it", errno: code, remedy: "check the storage medium")
        }
        guard count == byteCount, try current() == stamp else {
            throw changed("changed while it was read")
        }
        return hash.finalize()
    }

    /// Checks that the file has not changed since it was hashed, and that its path still leads to
    /// it. A private copy does not change, wherever its path leads.
    ///
    /// - Throws: An `InputError` when it was written to, truncated or replaced.
    public func checkUnchanged() throws {
        if contents != nil { return }
        var status = stat()
        let isThere = path.withPath { followsLink ? stat($0, &status) : lstat($0, &status) } == 0
        let there = FileStamp(status)
        guard isThere, there.inode == stamp.inode, there.device == stamp.device else {
            throw changed("was replaced after it was read")
        }
        guard try current() == stamp else { throw changed("changed after it was read") }
    }

    /// Returns the file's stamp now.
    func current() throws -> FileStamp {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw InputError(
                path.url, failedTo: "look at it", errno: errno, remedy: "check the storage medium")
        }
        return FileStamp(status)
    }

    func changed(_ problem: String) -> InputError {
        InputError(path.url, nil, problem, remedy: "do not change the model meanwhile")
    }

    func failed(_ action: String, _ code: Int32, remedy: String) -> InputError {
        InputError(path.url, failedTo: action, errno: code, remedy: remedy)
    }
}
