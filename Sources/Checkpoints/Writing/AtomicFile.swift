// SPDX-License-Identifier: Apache-2.0
// Small files that are never seen half-written.

package import Foundation
import JSONText

/// A file that is written at once.
package enum AtomicFile {
    /// Writes a file under another name, brings it to the medium and gives it its own name.
    ///
    /// - Parameters:
    ///   - data: All of its bytes.
    ///   - file: Where to; what is there is replaced.
    /// - Throws: An `InputError` when it cannot be written; nothing is left behind then.
    package static func write(_ data: Data, to file: URL) throws {
        let temporary = try TemporaryFile(for: file)
        try data.withUnsafeBytes { try temporary.append($0) }
        try temporary.synchronise()
        try temporary.rename()
        temporary.keep()
        try TemporaryFile.synchronise(file.deletingLastPathComponent())
    }

    /// Makes a directory and those above it, and brings their names to the medium.
    ///
    /// - Parameter directory: Where; nothing is done when it is there.
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
