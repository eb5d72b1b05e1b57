// SPDX-License-Identifier: Apache-2.0
// The signers that the user trusts.

/// The keys, certificate authorities and identities whose signatures count.
public struct Trust: Sendable {
    /// Keys that may sign.
    public var keys: [VerificationKey]

    /// Roots to which a signer's certificate must lead.
    public var roots: [RootCertificate]

    /// Identities that may sign with Sigstore, without a key of their own.
    public var identities: [TrustedIdentity]

    /// The timestamps and revocation lists by which certificates are judged.
    public var validation: CertificateValidation

    /// Names the trusted signers.
    ///
    /// - Parameters:
    ///   - keys: Keys that may sign.
    ///   - roots: Roots to which a signer's certificate must lead.
    ///   - identities: Identities that may sign with Sigstore.
    ///   - validation: The timestamps and revocation lists by which certificates are judged.
    public init(
        keys: [VerificationKey] = [], roots: [RootCertificate] = [],
        identities: [TrustedIdentity] = [],
        validation: CertificateValidation = CertificateValidation()
    ) {
        self.keys = keys
        self.roots = roots
        self.identities = identities
        self.validation = validation
    }
}

/// The verified signer.
public enum Signer: Sendable, Hashable, CustomStringConvertible {
    /// The owner of a trusted key.
    case key(VerificationKey)

    /// The subject of a certificate that leads to a trusted root.
    case certificate(CertificateIdentity)

    /// An identity that an identity provider vouched for.
    case keyless(KeylessIdentity)

    /// The key with which the signature was verified.
    public var key: VerificationKey {
        switch self {
        case .key(let key): key
        case .certificate(let identity): identity.key
        case .keyless(let identity): identity.key
        }
    }

    /// The key's hint, the certificate's subject and names, or the identity.
    public var description: String {
        switch self {
        case .key(let key): key.description
        case .certificate(let identity): identity.description
        case .keyless(let identity): identity.description
        }
    }
}
