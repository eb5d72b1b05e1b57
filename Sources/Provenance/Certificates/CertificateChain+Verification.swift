// SPDX-License-Identifier: Apache-2.0
// Checks whether a signer's certificate leads to a trusted root and may sign code (RFC 5280).

import Checkpoints
import Crypto
import Foundation
import JSONText
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

extension CertificateChain {
    /// Verifies the path from the first certificate to a root, and that the certificate may sign.
    ///
    /// - Parameters:
    ///   - roots: The trusted roots.
    ///   - date: The time at which the certificates must be valid: now, or when the signature was
    ///     stamped.
    ///   - lists: The revocation lists.
    ///   - now: The time at which the lists must hold; nil for `date`.
    /// - Returns: The signer.
    /// - Throws: A ``VerificationFailure`` when a check fails.
    func identity(
        _ roots: [RootCertificate], at date: Date, lists: [RevocationList] = [], now: Date? = nil
    ) async throws -> CertificateIdentity {
        guard let leaf = certificates.first else {
            throw InputError(
                "the certificates", "are none", remedy: "have the model signed again")
        }
        let subject = "the certificate of \(leaf.subject)"
        func failure(_ problem: String, remedy: String) -> VerificationFailure {
            VerificationFailure(.certificate, subject, problem, remedy: remedy)
        }
        guard date >= leaf.notValidBefore else {
            throw failure(
                "is not valid before \(leaf.notValidBefore.formatted(.iso8601))",
                remedy: "check this machine's clock")
        }
        guard date <= leaf.notValidAfter else {
            throw failure(
                "expired at \(leaf.notValidAfter.formatted(.iso8601))",
                remedy: "have the model signed again with a valid certificate")
        }
        if let problem = PurposePolicy.problem(ofSigner: leaf) {
            throw failure(problem, remedy: "have the model signed with a code signing certificate")
        }
        guard let key = VerificationKey(leaf.publicKey) else {
            throw failure(
                "has a key that is not on P-256, P-384 or P-521",
                remedy: "have the model signed with such a key")
        }
        guard let alternativeNames = try? leaf.alternativeNames else {
            throw failure(
                "has damaged alternative names", remedy: "have the model signed with another one")
        }
        // The library tries paths through issuers with the same name in every order. A hostile
        // bundle could make that endless.
        let issuers = certificates.dropFirst()
        guard Set(issuers.map(\.subject)).count == issuers.count else {
            throw failure(
                "is sent with two issuers of one name",
                remedy: "have the model signed with the certificates of one path")
        }
        let path = try await Self.path(
            from: leaf, through: issuers, to: roots.map(\.certificate), for: .codeSigning, at: date,
            remedy: "check that --root is the signer's authority")
        try lists.check(path, at: now ?? date)
        return CertificateIdentity(
            name: leaf.subject, alternativeNames: alternativeNames,
            fingerprint: SHA256.hash(data: try leaf.der).hexadecimal,
            root: RootCertificate(certificate: path.root), key: key)
    }

    /// Finds a path from a certificate to a root.
    ///
    /// - Parameters:
    ///   - leaf: The first certificate.
    ///   - issuers: Certificates that may lie between it and a root.
    ///   - roots: The trusted roots.
    ///   - purpose: The purpose for which no issuer may be excluded.
    ///   - date: The time at which all of them must be valid.
    ///   - remedy: What the user can do if there is none.
    /// - Returns: The certificates of the path, from the first to the root.
    /// - Throws: A ``VerificationFailure`` when there is none.
    static func path(
        from leaf: Certificate, through issuers: some Collection<Certificate>,
        to roots: [Certificate], for purpose: ExtendedKeyUsage.Usage, at date: Date, remedy: String
    ) async throws -> ValidatedCertificateChain {
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
            RFC5280Policy(fixedExpiryValidationTime: date)
            PurposePolicy(purpose: purpose)
        }
        let result = await verifier.validate(
            leaf: leaf, intermediates: CertificateStore(issuers))
        guard case .validCertificate(let path) = result else {
            var reasons: [String] = []
            if case .couldNotValidate(let failures) = result {
                reasons = failures.map { failure in
                    // The library's text contains whole certificates.
                    failure.chain.reduce("\(failure.policyFailureReason)") {
                        $0.replacing("\($1)", with: "the certificate of \($1.subject)")
                    }.replacing("RFC5280Policy: ", with: "")
                }
            }
            // The verifier silently skips such certificates.
            let known = verifier.policy.verifyingCriticalExtensions
            reasons += ([leaf] + issuers).filter { certificate in
                certificate.extensions.contains { $0.critical && !known.contains($0.oid) }
            }.map { "the certificate of \($0.subject) has a critical extension that is not known" }
            throw VerificationFailure(
                .certificate, "the certificate of \(leaf.title)",
                "does not lead to a trusted root"
                    + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")),
                remedy: remedy)
        }
        return path
    }
}

/// The checks that the library's policy of RFC 5280 does not make: the allowed uses of the keys on
/// a path, and the signature algorithms.
struct PurposePolicy: VerifierPolicy {
    /// What the first certificate is used for.
    let purpose: ExtendedKeyUsage.Usage

    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
        .X509ExtensionID.subjectAlternativeName,
    ]

    mutating func chainMeetsPolicyRequirements(
        chain: UnverifiedCertificateChain
    ) async -> PolicyEvaluationResult {
        // The root's signature of itself is not relied on.
        for certificate in chain.dropLast()
        where certificate.signatureAlgorithm == .sha1WithRSAEncryption {
            return .failsToMeetPolicy(
                reason: "the certificate of \(certificate.subject) is signed over SHA-1")
        }
        for issuer in chain.dropFirst() {
            if let problem = problem(ofIssuer: issuer) {
                return .failsToMeetPolicy(
                    reason: "the certificate of \(issuer.subject) \(problem)")
            }
        }
        return .meetsPolicy
    }

    /// Returns why a certificate may not sign code, or nil.
    static func problem(ofSigner certificate: Certificate) -> String? {
        guard let usage = try? certificate.extensions.keyUsage else {
            return "has no key usage"
        }
        guard usage.digitalSignature else { return "may not be used for digital signatures" }
        guard let purposes = try? certificate.extensions.extendedKeyUsage else {
            return "has no extended key usage"
        }
        guard purposes.contains(.codeSigning) else {
            return purposes.contains(.serverAuth)
                ? "is for TLS servers, not for code signing" : "is not for code signing"
        }
        return nil
    }

    private func problem(ofIssuer certificate: Certificate) -> String? {
        // The library treats every older one as an authority's certificate (RFC 5280, 6.1.4 (k),
        // forbids that).
        guard certificate.version == .v3 else {
            return "is of a version that does not say who is an authority"
        }
        guard let usage = try? certificate.extensions.keyUsage ?? KeyUsage(keyCertSign: true),
            usage.keyCertSign
        else { return "may not sign certificates" }
        guard
            let purposes = try? certificate.extensions.extendedKeyUsage
                ?? ExtendedKeyUsage([purpose]),
            purposes.contains(purpose) || purposes.contains(.any)
        else {
            return purpose == .codeSigning
                ? "may not certify code signing" : "may not certify timestamps"
        }
        return nil
    }
}
