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
        var data = Data()
        try forEachBlock(of: file, atMost: longest, remedy: remedy) { data.append(contentsOf: $0) }
        return data
    }

    /// Reads a file line by line, of which at most one is held at a time.
    ///
    /// - Parameters:
    ///   - file: The file to read. A link is followed, but it must lead to a regular file.
    ///   - longest: The greatest length of the file, in bytes.
    ///   - longestLine: The greatest length of a line, in bytes.
    ///   - remedy: What to do when the file is longer, or is missing.
    ///   - body: Called with the number of each line, from 1, and its bytes without the line feed:
    ///     nil if it is longer. Lines of white space alone are left out.
    /// - Throws: An `InputError` when the file cannot be read or is longer; errors of `body`.
    package static func forEachLine(
        of file: URL, atMost longest: Int, longestLine: Int, remedy: String,
        _ body: (_ number: Int, _ line: Data?) throws -> Void
    ) throws {
        var number = 1
        var line = Data()
        var isTooLong = false
        func add(_ bytes: ArraySlice<UInt8>) {
            isTooLong = isTooLong || line.count + bytes.count > longestLine
            if isTooLong { line.removeAll() } else { line.append(contentsOf: bytes) }
        }
        func end() throws {
            if isTooLong {
                try body(number, nil)
            } else if line.contains(where: { $0 > UInt8(ascii: " ") }) {
                try body(number, line)
            }
            number += 1
            line.removeAll(keepingCapacity: true)
            isTooLong = false
        }
        try forEachBlock(of: file, atMost: longest, remedy: remedy) { block in
            var rest = block
            while let feed = rest.firstIndex(of: UInt8(ascii: "\n")) {
                add(rest[..<feed])
                try end()
                rest = rest[(feed + 1)...]
            }
            add(rest)
        }
        try end()
    }

    private static func forEachBlock(
        of file: URL, atMost longest: Int, remedy: String,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
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
        var count = 0
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let length = Foundation.read(descriptor, &block, block.count)
            if length < 0, errno == EINTR { continue }
            guard length >= 0 else {
                throw InputError(
                    file, failedTo: "read it", errno: errno, remedy: remedy)
            }
            if length == 0 { return }
            count += length
            guard count <= longest else {
                throw InputError(
                    file, nil, "has more than \(longest) bytes", remedy: remedy)
            }
            try body(block[..<length])
        }
    }

    /// Returns whether users other than the owner may read a file that holds a secret.
    ///
    /// - Parameter file: A private key or a password. One that does not exist is nobody's.
    /// - Returns: Whether its group or all may read it.
    package static func isReadByOthers(_ file: URL) -> Bool {
        var status = stat()
        return stat(file.path(percentEncoded: false), &status) == 0
            && status.st_mode & S_IFMT == S_IFREG && status.st_mode & 0o044 != 0
    }
}
