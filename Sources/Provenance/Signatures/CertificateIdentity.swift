// SPDX-License-Identifier: Apache-2.0
// Certificates: the trusted roots, a signer's chain, and the signer's identity in it.

import Checkpoints
import Crypto
public import Foundation
import JSONText
import SwiftASN1
import X509

/// The signer's identity according to a verified certificate.
public struct CertificateIdentity: Sendable, Hashable, CustomStringConvertible {
    /// The certificate's subject, as RFC 4514 writes names.
    public let subject: String

    /// The certificate's subject alternative names: email addresses, URIs and DNS names.
    public let alternativeNames: [String]

    /// SHA-256 of the certificate in DER, in lowercase hexadecimal digits.
    public let fingerprint: String

    /// The root to which the certificate leads.
    public let root: RootCertificate

    /// The key in the certificate.
    public let key: VerificationKey

    /// The subject, its other names and the root.
    public var description: String {
        "\(([subject] + alternativeNames).joined(separator: ", ")) (certified by \(root.subject))"
    }

    /// The names that distinguish signers.
    var names: [String] { alternativeNames.isEmpty ? [subject] : alternativeNames }
}

/// A self-signed certificate that the user trusts.
public struct RootCertificate: Sendable, Hashable {
    let certificate: Certificate

    /// The name of the authority, as RFC 4514 writes names.
    public var subject: String { certificate.subject.description }

    /// Returns whether both belong to the same authority: another may have its name, but not its
    /// key.
    func isSameAuthority(as other: RootCertificate) -> Bool {
        certificate.subject == other.certificate.subject
            && certificate.publicKey == other.certificate.publicKey
    }

    /// Reads one or more root certificates.
    ///
    /// - Parameter file: PEM documents `CERTIFICATE`.
    /// - Returns: The certificates.
    /// - Throws: An `InputError` when the file holds no certificate, or one that is not self-signed.
    public static func all(in file: URL) throws -> [RootCertificate] {
        try CertificateChain(contentsOf: file).certificates.map { certificate in
            guard certificate.issuer == certificate.subject,
                certificate.publicKey.isValidSignature(certificate.signature, for: certificate)
            else {
                throw InputError(
                    file, "the certificate of \(certificate.subject) is not self-signed",
                    remedy: "give the root's certificate, to which the signer's leads")
            }
            return RootCertificate(certificate: certificate)
        }
    }
}

/// A signer's certificate and its issuers.
public struct CertificateChain: Sendable, Hashable {
    /// The longest file. A longer one does not hold certificates.
    private static let longest = 1 << 20

    /// The signer's certificate first.
    let certificates: [Certificate]

    /// Reads a chain.
    ///
    /// - Parameter file: PEM documents `CERTIFICATE`, the signer's first.
    /// - Throws: An `InputError` when the file holds no certificate, or a damaged one.
    public init(contentsOf file: URL) throws {
        let text = try SmallFile.read(
            file, atMost: Self.longest, remedy: "give a file of PEM certificates")
        try self.init(
            pem: String(decoding: text, as: UTF8.self), named: file.path(percentEncoded: false))
    }

    /// Reads a chain.
    ///
    /// - Parameters:
    ///   - pem: PEM documents `CERTIFICATE`, the signer's first.
    ///   - name: The chain's name in errors: its file's path.
    /// - Throws: An `InputError` when the file holds no certificate, or a damaged one.
    public init(pem: String, named name: String) throws {
        guard let documents = try? PEMDocument.parseMultiple(pemString: pem),
            let certificates = try? documents.map({ try Certificate(pemDocument: $0) }),
            (1...SignatureBundle.mostCertificates).contains(certificates.count)
        else {
            throw InputError(
                name, "is not a file of 1 to \(SignatureBundle.mostCertificates) PEM certificates",
                remedy: "give certificates in PEM, the signer's first")
        }
        self.certificates = certificates
    }

    init(der: [Data], named name: String) throws {
        guard let certificates = try? der.map({ try Certificate(derEncoded: Array($0)) }) else {
            throw InputError(
                name, "a certificate in it is damaged", remedy: "get an undamaged copy")
        }
        self.certificates = certificates
    }
}
