// SPDX-License-Identifier: Apache-2.0
// The secret that a server's clients share with it.

import Crypto
public import Foundation
import JSONText

/// The secret of a server's clients.
public struct BearerToken: Sendable {
    private static let shortest = 16
    private static let longest = 4096

    /// Only the digest is compared, and so in a time that does not depend on the token.
    private let digest: SHA256Digest

    /// Reads a token from a file that holds nothing else but space around it.
    ///
    /// - Parameter file: The file.
    /// - Throws: `InputError` when it cannot be read, or the token is shorter than 16 characters,
    ///   longer than 4096, or has other characters than visible ASCII.
    public init(contentsOf file: URL) throws {
        let path = file.path(percentEncoded: false)
        guard let data = try? Data(contentsOf: file) else {
            throw InputError(
                path, "cannot be read", remedy: "check the path, and that you may read it")
        }
        let text = String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard (Self.shortest...Self.longest).contains(text.utf8.count),
            text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw InputError(
                path,
                "is not a token of \(Self.shortest) to \(Self.longest) visible ASCII characters",
                remedy: "make one with: openssl rand -hex 32")
        }
        self.init(text)
    }

    package init(_ text: String) { digest = SHA256.hash(data: Data(text.utf8)) }

    /// Returns whether the value of an Authorization field holds the token.
    package func isIn(_ authorization: String) -> Bool {
        let parts = authorization.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return false }
        let given = parts[1].trimmingCharacters(in: .whitespaces)
        return SHA256.hash(data: Data(given.utf8)) == digest
    }
}
