// SPDX-License-Identifier: Apache-2.0
// Passwords, and warnings about secrets that others can read.

import Checkpoints
import Foundation
import JSONText
import Provenance

/// The longest line that is taken for a password, in bytes.
private let longestPassword = 1 << 12

/// Returns the first line of a file, a pipe or a descriptor.
///
/// - Parameter path: A path, such as `/dev/fd/3` or the one of a shell's `<(command)`; `-` for
///   standard input.
/// - Returns: The password.
/// - Throws: An `InputError` when it cannot be read, or there is none.
func readPassword(_ path: String) throws -> String {
    let remedy = "give a UTF-8 text whose first line is the password"
    func failure(_ problem: String) -> InputError { InputError(path, problem, remedy: remedy) }
    let descriptor = path == "-" ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
        throw failure("cannot be opened: \(String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    warnIfReadByOthers(path)
    // Byte by byte, because what follows the line belongs to the next reader of the pipe.
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count <= longestPassword {
        let count = read(descriptor, &byte, 1)
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else {
            throw failure("cannot be read: \(String(cString: strerror(errno)))")
        }
        if count == 0 || byte == UInt8(ascii: "\n") { break }
        line.append(byte)
    }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    guard line.count <= longestPassword, let password = String(validating: line, as: UTF8.self),
        !password.isEmpty
    else { throw failure("has no password in its first line") }
    return password
}

/// Warns on standard error of a secret that other users of the machine may read.
///
/// - Parameter path: The file of a private key, of a password or of a token.
package func warnIfReadByOthers(_ path: String) {
    guard SmallFile.isReadByOthers(URL(fileURLWithPath: path)) else { return }
    let text =
        "warning: \(path.onOneLine()) can be read by others: chmod 600 makes it yours alone\n"
    FileHandle.standardError.write(Data(text.utf8))
}
