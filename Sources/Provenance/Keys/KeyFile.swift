// SPDX-License-Identifier: Apache-2.0
// Key files: small texts. Only the owner can read the private ones.

import Checkpoints
public import Foundation
import JSONText

/// How a new key pair is written.
public enum KeyFile {
    /// The most bytes of a PEM file; a longer file is refused.
    private static let longest = 1 << 20

    /// Writes a new private key that only its owner can read, and the public key beside it.
    ///
    /// - Parameters:
    ///   - key: The key to write.
    ///   - file: The file to write. It must not exist.
    ///   - password: The password to encrypt with; nil leaves the key in the clear.
    /// - Returns: The file of the public key: `K.pub.pem` beside `K.pem`.
    /// - Throws: An `InputError` when one of the files exists or cannot be written. In that case
    ///   neither is left behind.
    @discardableResult
    public static func write(_ key: SigningKey, to file: URL, password: String?) throws -> URL {
        let name = file.lastPathComponent
        let stem = name.hasSuffix(".pem") ? String(name.dropLast(4)) : name
        let publicFile = file.deletingLastPathComponent().appending(path: stem + ".pub.pem")
        let pem = try key.pemRepresentation(password: password)
        try create(file, mode: 0o600, holding: pem)
        do {
            try create(publicFile, mode: 0o644, holding: key.publicKey.pemRepresentation)
        } catch {
            unlink(file.path(percentEncoded: false))
            throw error
        }
        return publicFile
    }

    static func text(of file: URL) throws -> String {
        let data = try SmallFile.read(
            file, atMost: longest, remedy: "give a PEM file that 'temper keygen' or openssl wrote")
        return String(decoding: data, as: UTF8.self)
    }

    /// Makes a new file, which has its permissions from the first moment.
    package static func create(_ file: URL, mode: mode_t, holding text: String) throws {
        let path = file.path(percentEncoded: false)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else {
            let code = errno
            throw InputError(
                file,
                code == EEXIST
                    ? "exists already" : "cannot be made: " + String(cString: strerror(code)),
                remedy: code == EEXIST
                    ? "choose another name; a key is never overwritten"
                    : "check that its directory exists and that you may write there")
        }
        let bytes = Array(text.utf8)
        var isWhole = Foundation.write(descriptor, bytes, bytes.count) == bytes.count
        isWhole = fsync(descriptor) == 0 && isWhole
        isWhole = close(descriptor) == 0 && isWhole
        guard isWhole else {
            unlink(path)
            throw InputError(
                file, "cannot be written", remedy: "check that the disk has room")
        }
    }
}
