// SPDX-License-Identifier: Apache-2.0
// Writes files of a log so that each is there as a whole, and stays when the power fails.

import Foundation

/// Writes files under other names, renames them, and remembers the directories to be synchronised.
final class LogWriter {
    private var directories: Set<URL> = []

    /// Writes a file, in place of whatever has its name.
    func write(_ data: Data, to file: URL) throws {
        let directory = file.deletingLastPathComponent()
        try make(directory)
        let name = ".\(file.lastPathComponent).partial"
        let partial = directory.appending(path: name).path(percentEncoded: false)
        let remedy = "check the space and permissions of the disk"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw systemFailure(file, "create it", remedy: remedy) }
        var isClosed = false
        defer { if !isClosed { close(descriptor) } }
        var rest = data[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { writeSome(descriptor, $0) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw systemFailure(file, "write it", remedy: remedy) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else {
            throw systemFailure(file, "write it to the medium", remedy: remedy)
        }
        isClosed = true
        guard close(descriptor) == 0, rename(partial, file.path(percentEncoded: false)) == 0
        else { throw systemFailure(file, "replace it", remedy: remedy) }
        directories.insert(directory)
    }

    /// Brings the names of all files that were written to the medium.
    func synchroniseDirectories() throws {
        for directory in directories {
            let remedy = "check the space and permissions of the disk"
            let descriptor = open(directory.path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                throw systemFailure(directory, "open it", remedy: remedy)
            }
            defer { close(descriptor) }
            guard fsync(descriptor) == 0 else {
                throw systemFailure(directory, "write it to the medium", remedy: remedy)
            }
        }
        directories = []
    }

    /// Makes a directory and those above it, each of which is a name to be synchronised.
    private func make(_ directory: URL) throws {
        var isDirectory: ObjCBool = false
        let path = directory.path(percentEncoded: false)
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) { return }
        let parent = directory.deletingLastPathComponent()
        try make(parent)
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw systemFailure(
                directory, "create it", remedy: "check the space and permissions of the disk")
        }
        directories.insert(parent)
    }

    /// Runs `body` while nobody else appends.
    static func withLock<Result>(
        _ lock: URL, of directory: URL, _ body: () throws -> Result
    ) throws -> Result {
        let descriptor = open(lock.path(percentEncoded: false), O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw systemFailure(
                directory, "lock it", remedy: "check that it is a log, and its permissions")
        }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw ProvenanceError(
                directory, "another process appends to it", remedy: "try again when it is done")
        }
        return try body()
    }
}

private func writeSome(_ descriptor: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}

private func systemFailure(_ file: URL, _ action: String, remedy: String) -> ProvenanceError {
    ProvenanceError(file, "cannot \(action): \(String(cString: strerror(errno)))", remedy: remedy)
}
