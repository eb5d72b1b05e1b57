// SPDX-License-Identifier: Apache-2.0
// Small files that are never seen half-written.

package import Foundation
import JSONText

/// Writes a file as a whole.
package enum AtomicFile {
    /// Writes a file under a temporary name, flushes it to disk and renames it.
    ///
    /// - Parameters:
    ///   - data: All of its bytes.
    ///   - file: The file to write. An existing file is replaced.
    /// - Throws: An `InputError` when the file cannot be written. No temporary file is left behind.
    package static func write(_ data: Data, to file: URL) throws {
        let temporary = try TemporaryFile(for: file)
        try data.withUnsafeBytes { try temporary.append($0) }
        try temporary.synchronise()
        try temporary.rename()
        temporary.keep()
        try TemporaryFile.synchronise(file.deletingLastPathComponent())
    }

    /// Writes a file into a signed directory, in which no other file may appear: not for a moment,
    /// and not when the process is killed.
    ///
    /// The temporary file lies beside the directory. Where it cannot (the directory is a mount
    /// point, or its parent is not writable), the file is written in place: what it has in common
    /// with its old content is left untouched, so that an interrupted append keeps the old lines.
    ///
    /// - Parameters:
    ///   - data: All of the file's bytes.
    ///   - file: The file to write, at any depth below the directory.
    ///   - directory: The signed directory.
    /// - Throws: An `InputError` when the file cannot be written.
    package static func write(_ data: Data, to file: URL, within directory: URL) throws {
        let parent = directory.resolvingSymlinksInPath().deletingLastPathComponent()
        let cannotRename: Set = [EXDEV, EACCES, EPERM, EROFS]
        do {
            let temporary = try TemporaryFile(for: file, in: parent)
            try data.withUnsafeBytes { try temporary.append($0) }
            try temporary.synchronise()
            try temporary.rename()
            temporary.keep()
        } catch let error as InputError where error.systemError.map(cannotRename.contains) == true {
            try overwrite(file, with: data)
        }
        try TemporaryFile.synchronise(file.deletingLastPathComponent())
    }

    private static func overwrite(_ file: URL, with data: Data) throws {
        let descriptor = open(
            file.path(percentEncoded: false), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else {
            throw InputError(
                file, failedTo: "create it", errno: errno,
                remedy: "check that you may write to the directory")
        }
        defer { close(descriptor) }
        let old = try Data(contentsOf: file)
        let common = zip(old, data).prefix { $0 == $1 }.count
        try data.withUnsafeBytes { bytes in
            var written = common
            while written < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
                let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(written))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw failure(file) }
                written += count
            }
        }
        guard ftruncate(descriptor, off_t(data.count)) == 0, fsync(descriptor) == 0 else {
            throw failure(file)
        }
    }

    private static func failure(_ file: URL) -> InputError {
        InputError(
            file, failedTo: "write it", errno: errno, remedy: "check the storage medium")
    }

    /// Returns whether a path is of a temporary file that an interrupted process left.
    ///
    /// - Parameter path: A path with `/`.
    /// - Returns: Whether its last part is the name of such a file.
    package static func isTemporary(_ path: String) -> Bool {
        path.split(separator: "/").last.map(TemporaryFile.isTemporary) ?? false
    }

    /// Makes a directory and its parents, and flushes their names to disk.
    ///
    /// - Parameter directory: The directory. Nothing is done if it exists.
    /// - Throws: An `InputError` when it cannot be made.
    package static func makeDirectory(_ directory: URL) throws {
        let path = directory.path(percentEncoded: false)
        if FileManager.default.fileExists(atPath: path) { return }
        let parent = directory.deletingLastPathComponent()
        try makeDirectory(parent)
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw InputError(
                directory, failedTo: "create it", errno: errno,
                remedy: "check that you may write to the directory above it")
        }
        try TemporaryFile.synchronise(parent)
    }
}
