// SPDX-License-Identifier: Apache-2.0
// One writer at a time: a lock that ends with the process that holds it.

package import Foundation
import JSONText

/// A lock on a file, between processes that all use it.
package enum FileLock {
    /// Runs `body` while no other process holds the lock.
    ///
    /// `body` or another process may replace the locked file. A process that waited for the old file
    /// then locks the new one.
    ///
    /// - Parameters:
    ///   - file: The file. If there is none, an empty one is made. If `body` then
    ///     throws and has written nothing, it is removed.
    ///   - patience: How long to wait for another process.
    ///   - body: What no two processes may do at once.
    /// - Returns: The result of `body`.
    /// - Throws: An `InputError` when the file cannot be locked; errors of `body`.
    package static func withLock<Result>(
        on file: URL, waiting patience: Duration = .seconds(10), _ body: () throws -> Result
    ) throws -> Result {
        let path = file.path(percentEncoded: false)
        let deadline = ContinuousClock.now + patience
        while true {
            let isNew = access(path, F_OK) != 0
            let descriptor = open(
                path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
            guard descriptor >= 0 else {
                throw InputError(
                    file, failedTo: "lock it", errno: errno,
                    remedy: "check that you may write to it and to its directory")
            }
            defer { close(descriptor) }
            while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
                let code = errno
                guard code == EWOULDBLOCK || code == EINTR else {
                    throw InputError(
                        file, failedTo: "lock it", errno: code,
                        remedy: "use a file system with locks")
                }
                guard ContinuousClock.now < deadline else {
                    throw InputError(
                        file, nil, "is being written to by another process",
                        remedy: "try again when it is done")
                }
                usleep(10_000)
            }
            guard isSame(descriptor, path) else { continue }
            do {
                return try body()
            } catch {
                var status = stat()
                if isNew, isSame(descriptor, path), fstat(descriptor, &status) == 0,
                    status.st_size == 0
                {
                    unlink(path)
                }
                throw error
            }
        }
    }

    /// Returns whether a path still leads to an open file.
    private static func isSame(_ descriptor: Int32, _ path: String) -> Bool {
        var (opened, present) = (stat(), stat())
        return fstat(descriptor, &opened) == 0 && lstat(path, &present) == 0
            && opened.st_ino == present.st_ino && opened.st_dev == present.st_dev
    }
}
