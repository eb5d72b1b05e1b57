// SPDX-License-Identifier: Apache-2.0
// A model whose signature and files were verified.

public import Checkpoints
import JSONText

/// A model whose files are exactly those that a trusted signer signed.
public struct VerifiedModel: Sendable {
    /// The signer.
    public let signer: Signer

    /// The signed list of files.
    public let manifest: ModelManifest

    /// SHA-256 of the signed payload in lowercase hexadecimal digits. Unlike the root, it covers
    /// the files' names.
    public let payloadDigest: String

    /// The files' digest. Its root is in code point order of the names, whatever the signer's
    /// order.
    public var digest: ModelDigest { model.digest }

    /// The verified files, still open.
    public let model: OpenModel

    /// Messages that the user should see, but that do not change the answer.
    public let warnings: [String]

    /// The root that was signed.
    public var root: String { manifest.root }

    /// Files and directories in the model that were not signed and must not be used.
    public var ignored: [String] { digest.ignored }

    /// Checks that no file was written to or replaced after it was verified.
    ///
    /// - Throws: A ``VerificationFailure`` that names the file.
    public func checkUnchanged() throws {
        do {
            try model.checkUnchanged()
        } catch let error as InputError {
            throw VerificationFailure(.files, error.place, error.problem, remedy: "verify it again")
        }
    }
}
