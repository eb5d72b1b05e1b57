// SPDX-License-Identifier: Apache-2.0
// Reads small files as a whole: keys, certificates, signatures.

package import Foundation
import JSONText

/// A regular file of bounded length.
package enum SmallFile {
    /// Reads a file.
    ///
    /// - Parameters:
    ///   - file: The file to read. A link is followed, but it must lead to a regular file.
    ///   - longest: The greatest length allowed, in bytes.
    ///   - remedy: What to do when the file is longer, or is missing.
    /// - Returns: Its bytes.
    /// - Throws: An `InputError` when the file cannot be read or is longer.
    package static func read(_ file: URL, atMost longest: Int, remedy: String) throws -> Data {
        // Without O_NONBLOCK, opening a FIFO would wait for its other end.
        let descriptor = open(
            file.path(percentEncoded: false), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw InputError(file, failedTo: "open it", errno: errno, remedy: remedy)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw InputError(file, nil, "is not a regular file", remedy: remedy)
        }
        var data = Data()
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let length = Foundation.read(descriptor, &block, block.count)
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else {
                throw InputError(
                    file, failedTo: "read it", errno: errno, remedy: remedy)
            }
            if length == 0 { return data }
            data.append(contentsOf: block[..<length])
            guard data.count <= longest else {
                throw InputError(
                    file, nil, "has more than \(longest) bytes", remedy: remedy)
            }
        }
    }
}
