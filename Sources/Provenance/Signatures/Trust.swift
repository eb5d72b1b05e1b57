// SPDX-License-Identifier: Apache-2.0
// The signers that the user trusts.

/// The keys and certificate authorities whose signatures count.
public struct Trust: Sendable {
    /// Keys that may sign.
    public var keys: [VerificationKey]

    /// Roots to which a signer's certificate must lead.
    public var roots: [RootCertificate]

    /// Names the trusted signers.
    ///
    /// - Parameters:
    ///   - keys: Keys that may sign.
    ///   - roots: Roots to which a signer's certificate must lead.
    public init(keys: [VerificationKey] = [], roots: [RootCertificate] = []) {
        self.keys = keys
        self.roots = roots
    }
}

/// The verified signer.
public enum Signer: Sendable, Hashable, CustomStringConvertible {
    /// The owner of a trusted key.
    case key(VerificationKey)

    /// The subject of a certificate that leads to a trusted root.
    case certificate(CertificateIdentity)

    /// The key with which the signature was verified.
    public var key: VerificationKey {
        switch self {
        case .key(let key): key
        case .certificate(let identity): identity.key
        }
    }

    /// The key's hint, or the certificate's subject and names.
    public var description: String {
        switch self {
        case .key(let key): key.description
        case .certificate(let identity): identity.description
        }
    }
}
