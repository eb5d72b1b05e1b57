// SPDX-License-Identifier: Apache-2.0
// Whether a signer's certificate leads to a trusted root and may sign code (RFC 5280).

import Checkpoints
import Crypto
import Foundation
import JSONText
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

extension CertificateChain {
    /// Verifies the path from the first certificate to a root, and that it may sign now.
    func identity(_ roots: [RootCertificate], at now: Date) async throws -> CertificateIdentity {
        guard let leaf = certificates.first else {
            throw InputError(
                "the certificates", "are none", remedy: "have the model signed again")
        }
        let subject = "the certificate of \(leaf.subject)"
        func failure(_ problem: String, remedy: String) -> VerificationFailure {
            VerificationFailure(.certificate, subject, problem, remedy: remedy)
        }
        guard now >= leaf.notValidBefore else {
            throw failure(
                "is not valid before \(leaf.notValidBefore.formatted(.iso8601))",
                remedy: "check this machine's clock")
        }
        guard now <= leaf.notValidAfter else {
            throw failure(
                "expired at \(leaf.notValidAfter.formatted(.iso8601))",
                remedy: "have the model signed again with a valid certificate")
        }
        if let problem = CodeSigningPolicy.problem(ofSigner: leaf) {
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
        // Paths through issuers of one name are tried in every order: a hostile bundle would never
        // be done with.
        let issuers = certificates.dropFirst()
        guard Set(issuers.map(\.subject)).count == issuers.count else {
            throw failure(
                "is sent with two issuers of one name",
                remedy: "have the model signed with the certificates of one path")
        }
        var verifier = Verifier(rootCertificates: CertificateStore(roots.map(\.certificate))) {
            RFC5280Policy(fixedExpiryValidationTime: now)
            CodeSigningPolicy()
        }
        let result = await verifier.validate(
            leaf: leaf, intermediates: CertificateStore(issuers))
        guard case .validCertificate(let path) = result, let root = path.last else {
            var reasons: [String] = []
            if case .couldNotValidate(let failures) = result {
                reasons = failures.map { failure in
                    // The library prints whole certificates.
                    failure.chain.reduce("\(failure.policyFailureReason)") {
                        $0.replacing("\($1)", with: "the certificate of \($1.subject)")
                    }.replacing("RFC5280Policy: ", with: "")
                }
            }
            // The verifier passes over such certificates without a word.
            let known = verifier.policy.verifyingCriticalExtensions
            reasons += certificates.filter { certificate in
                certificate.extensions.contains { $0.critical && !known.contains($0.oid) }
            }.map { "the certificate of \($0.subject) has a critical extension that is not known" }
            throw failure(
                "does not lead to a trusted root"
                    + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; ")),
                remedy: "check that --root is the signer's authority")
        }
        return CertificateIdentity(
            subject: leaf.subject.description, alternativeNames: alternativeNames,
            fingerprint: SHA256.hash(data: try leaf.der).hexadecimal,
            root: RootCertificate(certificate: root), key: key)
    }
}

/// What the library's policy of RFC 5280 leaves open: what the keys of a path may be used for, and
/// how the path is signed.
struct CodeSigningPolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
        .X509ExtensionID.subjectAlternativeName,
    ]

    mutating func chainMeetsPolicyRequirements(
        chain: UnverifiedCertificateChain
    ) async -> PolicyEvaluationResult {
        // Nobody relies on a root's signature of itself.
        for certificate in chain.dropLast()
        where certificate.signatureAlgorithm == .sha1WithRSAEncryption {
            return .failsToMeetPolicy(
                reason: "the certificate of \(certificate.subject) is signed over SHA-1")
        }
        for issuer in chain.dropFirst() {
            if let problem = Self.problem(ofIssuer: issuer) {
                return .failsToMeetPolicy(
                    reason: "the certificate of \(issuer.subject) \(problem)")
            }
        }
        return .meetsPolicy
    }

    /// Why a certificate may not sign code, or nil.
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

    private static func problem(ofIssuer certificate: Certificate) -> String? {
        // The library takes any older one for an authority's (RFC 5280, 6.1.4 (k), forbids it).
        guard certificate.version == .v3 else {
            return "is of a version that does not say who is an authority"
        }
        guard let usage = try? certificate.extensions.keyUsage ?? KeyUsage(keyCertSign: true),
            usage.keyCertSign
        else { return "may not sign certificates" }
        guard
            let purposes = try? certificate.extensions.extendedKeyUsage
                ?? ExtendedKeyUsage([.codeSigning]),
            purposes.contains(.codeSigning) || purposes.contains(.any)
        else { return "may not certify code signing" }
        return nil
    }
}

extension Certificate {
    fileprivate var alternativeNames: [String] {
        get throws {
            try (extensions.subjectAlternativeNames ?? SubjectAlternativeNames([])).compactMap {
                switch $0 {
                case .rfc822Name(let name), .uniformResourceIdentifier(let name),
                    .dnsName(let name):
                    name
                default: nil
                }
            }
        }
    }
}
