// SPDX-License-Identifier: Apache-2.0
// Sigstore's trusted root: the authorities and logs that keyless signatures must come from.

import Checkpoints
import Crypto
public import Foundation
import JSONText
import X509

/// What a `trusted_root.json` names. A verifier that is given the file trusts everything in it.
public struct TrustedRoot: Sendable, Hashable {
    /// A log: its key and the time in which it was used.
    struct Log: Sendable, Hashable {
        /// The log's address, for people.
        let name: String
        /// The identifier in entries, or in timestamps of certificates.
        let identifier: Data
        /// The identifier in checkpoints, of which they state the first four bytes.
        let checkpointIdentifier: Data
        let key: Certificate.PublicKey
        let algorithm: Certificate.SignatureAlgorithm
        let period: TrustedPeriod

        /// Returns whether the log signed a message.
        func isValid(_ signature: Data, of message: Data) -> Bool {
            key.isValidSignature(signature, for: message, signatureAlgorithm: algorithm)
        }
    }

    /// The logs of signatures (Rekor).
    let transparencyLogs: [Log]
    /// The logs of certificates (RFC 6962).
    let certificateLogs: [Log]
    /// The authorities that certify identities (Fulcio).
    let certificateAuthorities: [CertificateAuthority]
    /// The authorities that state times (RFC 3161).
    let timestampAuthorities: [CertificateAuthority]
}

/// An authority: its root, the certificates known to be below it, and when it was used.
public struct CertificateAuthority: Sendable, Hashable {
    let root: Certificate
    /// The certificates below the root that a signer need not send along.
    let others: [Certificate]
    let period: TrustedPeriod

    /// Reads authorities that state times.
    ///
    /// - Parameter file: PEM documents `CERTIFICATE` with self-signed roots, or a `trusted_root.json`.
    /// - Returns: The authorities.
    /// - Throws: An `InputError` when the file is neither, or names no authority.
    public static func timestampAuthorities(in file: URL) throws -> [CertificateAuthority] {
        let data = try SmallFile.read(
            file, atMost: TrustedRoot.longest,
            remedy: "give PEM certificates, or Sigstore's trusted_root.json")
        guard data.first(where: { $0 > UInt8(ascii: " ") }) == UInt8(ascii: "{") else {
            return try RootCertificate.all(in: file).map {
                CertificateAuthority(root: $0.certificate, others: [], period: TrustedPeriod())
            }
        }
        let name = file.path(percentEncoded: false)
        let authorities = try TrustedRoot(json: data, named: name).timestampAuthorities
        guard !authorities.isEmpty else {
            throw InputError(
                name, "names no timestamp authority", remedy: "give the root of one in PEM")
        }
        return authorities
    }
}

/// The time in which a key was used; without a bound it is open.
struct TrustedPeriod: Sendable, Hashable {
    var start: Date?
    var end: Date?

    func contains(_ date: Date) -> Bool {
        start.map { $0 <= date } ?? true && end.map { date <= $0 } ?? true
    }
}

/// An identity whose keyless signatures count.
public struct TrustedIdentity: Sendable, Hashable {
    /// The authorities and logs that the signature must come from.
    public let trustedRoot: TrustedRoot

    /// The pattern of the address, URI or user name that the certificate must name.
    public let pattern: AlternativeNamePattern

    /// The identity provider that must have vouched for the name, such as
    /// `https://accounts.google.com`.
    public let provider: String

    /// Names an identity.
    ///
    /// - Parameters:
    ///   - pattern: The address, URI or user name, with `*` for any text.
    ///   - provider: The identity provider's address, exactly as certificates have it.
    ///   - trustedRoot: The authorities and logs that the signature must come from.
    public init(_ pattern: AlternativeNamePattern, provider: String, trustedRoot: TrustedRoot) {
        self.trustedRoot = trustedRoot
        self.pattern = pattern
        self.provider = provider
    }

    /// Returns whether a certificate that claims a name is this identity's.
    func matches(_ claim: IdentityClaim) -> Bool {
        provider.utf8.elementsEqual(claim.provider.utf8) && pattern.matches(claim.name)
    }
}
