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
    /// The certificate's subject.
    let name: DistinguishedName

    /// The certificate's subject alternative names: email addresses, URIs and DNS names.
    public let alternativeNames: [AlternativeName]

    /// SHA-256 of the certificate in DER, in lowercase hexadecimal digits.
    public let fingerprint: String

    /// The root to which the certificate leads.
    public let root: RootCertificate

    /// The key in the certificate.
    public let key: VerificationKey

    /// The certificate's subject, as RFC 4514 writes names. It is for people: only the attributes
    /// themselves are compared.
    public var subject: String { name.description }

    /// The subject, its other names and the root.
    public var description: String {
        let names = [subject] + alternativeNames.map(\.description)
        return "\(names.joined(separator: ", ")) (certified by \(root.subject))"
    }

    /// The name by which people know the signer.
    var title: String { alternativeNames.first?.description ?? subject }

    /// The names that the signer shares with no other.
    var certifiedNames: Set<String> { Self.certifiedNames(name, alternativeNames) }

    /// Returns the names in a certificate that its holder shares with no other. Case makes no
    /// difference.
    static func certifiedNames(
        _ subject: DistinguishedName, _ alternativeNames: [AlternativeName]
    ) -> Set<String> {
        let subject = subject.isEmpty ? [] : ["subject " + subject.description.lowercased()]
        return Set(subject + alternativeNames.map(\.folded))
    }
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

    /// The most certificates of a path.
    static let most = 16

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
            (1...Self.most).contains(documents.count),
            documents.allSatisfy({ $0.discriminator == Certificate.defaultPEMDiscriminator }),
            documents.allSatisfy({ (try? Certificate(derEncoded: $0.derBytes)) != nil })
        else {
            throw InputError(
                name, "is not a file of 1 to \(Self.most) PEM certificates",
                remedy: "give certificates in PEM, the signer's first")
        }
        try self.init(der: documents.map { Data($0.derBytes) }, named: name)
    }

    init(der: [Data], named name: String) throws {
        certificates = try der.map { der in
            guard let certificate = try? Certificate(derEncoded: Array(der)),
                let hasOneAlgorithm = try? Certificate.hasOneAlgorithm(Array(der))
            else {
                throw InputError(
                    name, "a certificate in it is damaged", remedy: "get an undamaged copy")
            }
            guard hasOneAlgorithm else {
                throw InputError(
                    name,
                    "the certificate of \(certificate.subject) names two signature algorithms, one "
                        + "of them outside of what is signed",
                    remedy: "have another certificate issued")
            }
            return certificate
        }
    }
}

extension CertificateChain {
    /// The names of the first certificate's holder, which is not verified.
    var certifiedNames: Set<String> {
        get throws {
            guard let leaf = certificates.first else { return [] }
            return CertificateIdentity.certifiedNames(leaf.subject, try leaf.alternativeNames)
        }
    }
}

extension Certificate {
    /// Returns whether the algorithm beside a certificate's signature is the one in its signed part
    /// (RFC 5280, 4.1.1.2). The library reads both and compares neither.
    fileprivate static func hasOneAlgorithm(_ der: [UInt8]) throws -> Bool {
        func fields(_ node: ASN1Node) throws -> [ASN1Node] {
            try DER.sequence(node, identifier: .sequence) { nodes in
                var fields: [ASN1Node] = []
                while let field = nodes.next() { fields.append(field) }
                return fields
            }
        }
        let outer = try fields(DER.parse(der))
        guard let signed = try outer.first.map(fields), let first = signed.first else {
            return false
        }
        // The version stands first only if it is not 1.
        let place = first.identifier.tagClass == .contextSpecific ? 2 : 1
        guard outer.count > 1, signed.count > place else { return false }
        return signed[place].encodedBytes.elementsEqual(outer[1].encodedBytes)
    }

    /// The certificate in DER.
    var der: Data {
        get throws { Data(try serializeAsPEM().derBytes) }
    }

    /// The name by which people know the holder: Sigstore's certificates have no subject.
    var title: String {
        let names = (try? alternativeNames) ?? []
        return subject.isEmpty ? names.first?.description ?? "" : subject.description
    }

    /// The names of the holder that alternative names can give; other kinds are left out.
    var alternativeNames: [AlternativeName] {
        get throws {
            try (extensions.subjectAlternativeNames ?? SubjectAlternativeNames([]))
                .compactMap(AlternativeName.init)
        }
    }
}
