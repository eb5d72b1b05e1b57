// SPDX-License-Identifier: Apache-2.0
// Prints and writes the output of commands.

package import Foundation
import JSONText

/// Prints one JSON value on one line, with sorted keys, unescaped slashes and ISO 8601 dates.
package func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .iso8601
    print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// Writes a file under a temporary name and renames it, so that it is never seen half-written.
package func write(_ data: Data, to file: URL) throws {
    do {
        try data.write(to: file, options: .atomic)
    } catch {
        throw InputError(
            file.path, "cannot be written",
            remedy: "check that its directory exists, that you may write there, and that the disk "
                + "has room")
    }
}

/// Makes a directory and its parents.
package func makeDirectory(_ directory: URL) throws {
    do {
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    } catch {
        throw InputError(
            directory.path, "cannot be made",
            remedy: "check the owner and permissions of the directory above it")
    }
    guard FileManager.default.isWritableFile(atPath: directory.path) else {
        throw InputError(
            directory.path, "cannot be written to", remedy: "check its owner and permissions")
    }
}

/// Refuses early what would fail after minutes of work: a model's directory that exists, unless it
/// is to be replaced and was written by the same command.
package func checkOutput(
    _ output: URL, replacing isReplacing: Bool, writtenWith file: String, by command: String
) throws {
    try makeDirectory(output.deletingLastPathComponent())
    guard FileManager.default.fileExists(atPath: output.path) else { return }
    let summary = output.appendingPathComponent(file)
    guard isReplacing, FileManager.default.fileExists(atPath: summary.path) else {
        throw InputError(
            output.path, "exists already",
            remedy: "choose another --out, or give --replace if an earlier 'temper \(command)' "
                + "wrote it")
    }
}
