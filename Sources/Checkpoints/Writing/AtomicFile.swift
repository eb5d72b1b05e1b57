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
