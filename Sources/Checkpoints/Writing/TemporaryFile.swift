// SPDX-License-Identifier: Apache-2.0
// A file that is written under a temporary name and renamed when it is complete.

import Foundation
import JSONText

/// A new file under a temporary name. Unless it is kept, it is removed when nothing holds it any
/// more.
final class TemporaryFile {
    let target: URL
    private let path: String
    private var isRenamed = false
    private var isKept = false
    private var descriptor: Int32

    /// Makes the file.
    ///
    /// - Parameters:
    ///   - target: The file that it becomes.
    ///   - directory: Where it lies until then; nil for the target's own directory.
    /// - Throws: An `InputError` when it cannot be made.
    init(for target: URL, in directory: URL? = nil) throws {
        self.target = target
        let suffix = String(UInt64.random(in: .min ... .max), radix: 16)
        path =
            (directory ?? target.deletingLastPathComponent())
            .appending(path: ".\(target.lastPathComponent).\(suffix)\(Self.ending)")
            .path(percentEncoded: false)
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw InputError(
                target, failedTo: "create it", errno: errno,
                remedy: "check that you may write to the directory")
        }
    }

    private static let ending = ".partial"

    /// Returns whether a file has a name of temporary files: an interrupted process left it.
    ///
    /// - Parameter name: The last component of its path.
    /// - Returns: Whether it has such a name.
    static func isTemporary(_ name: Substring) -> Bool {
        guard name.hasPrefix("."), name.hasSuffix(ending) else { return false }
        let suffix = name.dropLast(ending.count).split(separator: ".").last ?? ""
        return (1...16).contains(suffix.utf8.count) && UInt64(suffix, radix: 16) != nil
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if !isKept { unlink(isRenamed ? target.path(percentEncoded: false) : path) }
    }

    /// Writes all of the bytes at the end of the file.
    func append(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
            let written = write(descriptor, piece.baseAddress, piece.count)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw failure("write it") }
            rest = rest.dropFirst(written)
        }
    }

    /// Writes all of the bytes at the end of the file.
    func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Flushes everything written to disk and closes the file.
    func synchronise() throws {
        guard fsync(descriptor) == 0 else { throw failure("write it to the medium") }
        let status = close(descriptor)
        descriptor = -1
        guard status == 0 else { throw failure("write it to the medium") }
    }

    /// Gives the file its own name. An existing file of that name is replaced.
    func rename() throws {
        guard Foundation.rename(path, target.path(percentEncoded: false)) == 0 else {
            throw failure("rename it")
        }
        isRenamed = true
    }

    /// Lets the file stay.
    func keep() { isKept = true }

    /// Flushes the names in a directory to disk.
    static func synchronise(_ directory: URL) throws {
        let descriptor = open(directory.path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
        defer { if descriptor >= 0 { close(descriptor) } }
        guard descriptor >= 0, fsync(descriptor) == 0 else {
            throw InputError(
                directory, failedTo: "write it to the medium", errno: errno,
                remedy: "check the storage medium")
        }
    }

    /// Returns the free bytes on a directory's file system; nil when the system does not report
    /// them.
    static func freeBytes(in directory: URL) -> Int? {
        var status = statvfs()
        guard statvfs(directory.path(percentEncoded: false), &status) == 0 else { return nil }
        let (bytes, overflow) = Int(status.f_bavail)
            .multipliedReportingOverflow(by: Int(status.f_frsize))
        return overflow ? nil : bytes
    }

    private func failure(_ action: String) -> InputError {
        let code = errno
        return InputError(
            target, failedTo: action, errno: code,
            remedy: code == ENOSPC || code == EDQUOT || code == EFBIG
                ? "free some space or choose another disk" : "check the storage medium")
    }
}
