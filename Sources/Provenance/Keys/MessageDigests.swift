// SPDX-License-Identifier: Apache-2.0
// The hashes of one message: each is computed when a key first needs it, and then kept.

import Crypto
import Foundation

/// The digests of a message by the hash function of each curve.
final class MessageDigests {
    private let parts: [Data]

    private(set) lazy var sha256: SHA256Digest = digest(SHA256())
    private(set) lazy var sha384: SHA384Digest = digest(SHA384())
    private(set) lazy var sha512: SHA512Digest = digest(SHA512())

    /// Takes a message in parts that follow each other.
    init(of parts: [Data]) { self.parts = parts }

    private func digest<Function: HashFunction>(_ function: Function) -> Function.Digest {
        var function = function
        for part in parts { function.update(data: part) }
        return function.finalize()
    }
}
