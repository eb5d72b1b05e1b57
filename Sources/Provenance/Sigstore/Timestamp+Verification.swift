// SPDX-License-Identifier: Apache-2.0
// Verifies timestamps of RFC 3161: of what, by whom, and under which root.

import Crypto
import Foundation
import JSONText
import SwiftASN1
import X509

extension Timestamp {
    /// Verifies the timestamp.
    ///
    /// - Parameters:
    ///   - message: The bytes that were stamped: a signature.
    ///   - authorities: The trusted authorities.
    ///   - lists: Revocation lists, for the authorities' certificates.
    ///   - now: The current time.
    ///   - name: The timestamp's name in errors.
    /// - Returns: The time.
    /// - Throws: A ``VerificationFailure`` when a check fails.
    func verify(
        of message: Data, by authorities: [CertificateAuthority], lists: [RevocationList],
        at now: Date, named name: String
    ) async throws -> Date {
        func failure(_ problem: String) -> VerificationFailure {
            VerificationFailure(
                .timestamp, name, problem, remedy: "have the signature stamped anew")
        }
        guard hash.digest(of: message) == digest else { throw failure("is of another signature") }
        let active = authorities.filter { $0.period.contains(date) }
        guard !active.isEmpty else {
            throw failure(
                "is of \(date.formatted(.iso8601)), when no trusted authority was in use")
        }
        guard date <= now + CertificateValidation.clockTolerance else {
            throw failure("is of \(date.formatted(.iso8601)), which lies in the future")
        }
        let known = active.flatMap(\.others)
        guard let certificate = (certificates + known).first(where: signer.matches) else {
            throw failure("does not carry the certificate of its signer")
        }
        if let problem = Self.problem(ofSigner: certificate) {
            throw failure("is signed under a certificate that \(problem)")
        }
        try checkAttributes(certificate, failure)
        guard
            certificate.publicKey.isValidSignature(
                signature, for: signedBytes, signatureAlgorithm: algorithm)
        else { throw failure("is not signed with the key of \(certificate.subject)") }
        let sent = certificates.filter { $0 != certificate && !known.contains($0) }
        guard Set(sent.map(\.subject)).count == sent.count else {
            throw failure("carries two issuers of one name")
        }
        let path = try await CertificateChain.path(
            from: certificate, through: sent + known, to: active.map(\.root),
            for: .timeStamping, at: date,
            remedy: "check that the timestamp's authority is the trusted one")
        try lists.check(path, at: now)
        return date
    }

    private static let contentType: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 9, 3]
    private static let messageDigest: ASN1ObjectIdentifier = [1, 2, 840, 113_549, 1, 9, 4]
    private static let signingCertificate: ASN1ObjectIdentifier = [
        1, 2, 840, 113_549, 1, 9, 16, 2, 12,
    ]
    private static let signingCertificate2: ASN1ObjectIdentifier = [
        1, 2, 840, 113_549, 1, 9, 16, 2, 47,
    ]

    /// Checks the attributes: they bind the statement and the certificate to the signature.
    private func checkAttributes(
        _ certificate: Certificate, _ failure: (String) -> VerificationFailure
    ) throws {
        let type = attributes[Self.contentType].flatMap {
            try? ASN1ObjectIdentifier(derEncoded: $0)
        }
        let digest = attributes[Self.messageDigest].flatMap {
            try? ASN1OctetString(derEncoded: $0).bytes
        }
        guard type == Self.statement, let digest,
            contentHash.digest(of: content).elementsEqual(digest)
        else { throw failure("has a signature of another statement") }
        // RFC 5816 asks for one of the two.
        guard (try? isNamed(certificate)) == true else {
            throw failure("was signed under another certificate than it carries")
        }
    }

    /// Returns whether the signed attributes name a certificate as the signer's.
    private func isNamed(_ certificate: Certificate) throws -> Bool {
        let der = try certificate.der
        let newer = try attributes[Self.signingCertificate2]?.fields.first?.fields.first?.fields
        if var fields = newer {
            let algorithm = fields.take { $0.identifier == .sequence }
            let hash = try algorithm.map { try HashAlgorithm($0) } ?? .sha256
            return try hash.digest(of: der)
                .elementsEqual(ASN1OctetString(derEncoded: fields.take()).bytes)
        }
        let older = try attributes[Self.signingCertificate]?.fields.first?.fields.first?.fields
        guard var fields = older else { return false }
        return try Insecure.SHA1.hash(data: der)
            .elementsEqual(ASN1OctetString(derEncoded: fields.take()).bytes)
    }

    /// Returns why a certificate may not sign timestamps (RFC 3161, section 2.3), or nil.
    private static func problem(ofSigner certificate: Certificate) -> String? {
        guard let purposes = try? certificate.extensions.extendedKeyUsage,
            purposes.contains(.timeStamping)
        else { return "is not for timestamps" }
        guard purposes.count == 1,
            certificate.extensions[oid: .X509ExtensionID.extendedKeyUsage]?.critical == true
        else { return "is not for timestamps alone" }
        guard let usage = try? certificate.extensions.keyUsage ?? KeyUsage(digitalSignature: true),
            usage.digitalSignature || usage.nonRepudiation
        else { return "may not be used for signatures" }
        return nil
    }
}
