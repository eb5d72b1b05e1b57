// SPDX-License-Identifier: Apache-2.0
// Verifies keyless signatures without a network, by a trusted root: certificate, timestamp of the
// certificate, log entry, and time.

import Foundation
import JSONText
import X509

extension SignatureBundle {
    /// The most log entries of a bundle.
    private static let mostEntries = 4

    /// What the signer's certificate claims; nil if it is not of Sigstore's kind.
    ///
    /// - Parameter name: The bundle's name in errors.
    /// - Returns: The claim, which is not verified.
    /// - Throws: An `InputError` when the certificate is damaged.
    func identityClaim(named name: String) throws -> IdentityClaim? {
        guard let leaf = try certificates(named: name).first, IdentityClaim.isThere(in: leaf) else {
            return nil
        }
        guard let claim = IdentityClaim(leaf) else {
            throw InputError(
                name, "has a Sigstore certificate without exactly one name and one provider",
                remedy: "have the model signed again")
        }
        return claim
    }

    /// What verifying a keyless signature costs, in certificates.
    var priceOfIdentity: Int { 4 + 2 * logEntries.count + 3 * timestamps.count }

    private func certificates(named name: String) throws -> [Certificate] {
        guard case .certificates(let der) = material else { return [] }
        return try CertificateChain(der: der, named: name).certificates
    }

    /// Verifies everything but the envelope's signature, which is checked with the returned key.
    ///
    /// - Parameters:
    ///   - identities: The identities whose signatures count.
    ///   - validation: The revocation lists. Timestamps count by the trusted root alone.
    ///   - now: The current time.
    ///   - name: The bundle's name in errors.
    /// - Returns: The signer, and warnings.
    /// - Throws: A ``VerificationFailure`` when a check fails, an `InputError` when a part cannot be
    ///   read.
    func keylessIdentity(
        among identities: [TrustedIdentity], _ validation: CertificateValidation, at now: Date,
        named name: String
    ) async throws -> (identity: KeylessIdentity, warnings: [String]) {
        guard let claim = try identityClaim(named: name),
            let leaf = try certificates(named: name).first
        else {
            throw VerificationFailure(
                .certificate, name, "has no certificate that names an identity provider")
        }
        // What costs nothing comes first.
        let candidates = identities.filter { $0.matches(claim) }
        guard let last = candidates.last else {
            throw VerificationFailure(
                .certificate, name, "claims to be signed by \(claim), whom nobody here names",
                remedy: "name the identity and its provider if you trust them")
        }
        for candidate in candidates.dropLast() {
            if let result = try? await candidate.trustedRoot.identity(
                of: self, leaf, claim, validation, at: now, named: name)
            {
                return result
            }
        }
        return try await last.trustedRoot.identity(
            of: self, leaf, claim, validation, at: now, named: name)
    }

    /// Reads the log's entries.
    fileprivate func entries(named name: String) throws -> [TransparencyEntry] {
        guard (1...Self.mostEntries).contains(logEntries.count) else {
            throw VerificationFailure(
                .log, name, "has \(logEntries.count) log entries, not 1 to \(Self.mostEntries)",
                remedy: "have the model signed again, and the signature logged")
        }
        return try logEntries.map { try TransparencyEntry(json: $0, named: name) }
    }
}

extension TrustedRoot {
    /// Verifies a bundle by this trusted root (Sigstore's client specification, "Verification").
    fileprivate func identity(
        of bundle: SignatureBundle, _ leaf: Certificate, _ claim: IdentityClaim,
        _ validation: CertificateValidation, at now: Date, named name: String
    ) async throws -> (identity: KeylessIdentity, warnings: [String]) {
        func failure(
            _ problem: String, remedy: String = "have the model signed again"
        ) -> VerificationFailure {
            VerificationFailure(
                .certificate, "the certificate of \(claim)", problem, remedy: remedy)
        }
        if let problem = PurposePolicy.problem(ofSigner: leaf) { throw failure(problem) }
        guard let key = VerificationKey(leaf.publicKey) else {
            throw failure("has a key that is not on P-256, P-384 or P-521")
        }
        let entries = try bundle.entries(named: name).map {
            try $0.verify(by: transparencyLogs, of: bundle.envelope, leaf, named: name)
        }
        let stamps = await bundle.times(
            CertificateValidation(
                timestampAuthorities: timestampAuthorities,
                revocationLists: validation.revocationLists), at: now, named: name)
        let times = (entries.compactMap(\.time) + stamps.times).sorted()
        guard let first = times.first else {
            let problem = ["does not show when it was made"] + stamps.warnings
            throw VerificationFailure(
                .timestamp, name, problem.joined(separator: ": "),
                remedy: "have the model signed again, with a timestamp or a log that signs times")
        }
        for entry in entries where entry.time == nil {
            guard times.allSatisfy(entry.log.period.contains) else {
                throw VerificationFailure(
                    .log, "\(name), the log's entry",
                    "is of \(entry.log.name), which was not in use then"
                        + " (\(first.formatted(.iso8601)))")
            }
        }
        for time in times {
            guard time <= now + CertificateValidation.clockTolerance else {
                throw failure(
                    "was used at \(time.formatted(.iso8601)), which lies in the future",
                    remedy: "check this machine's clock")
            }
            guard leaf.notValidBefore <= time, time <= leaf.notValidAfter else {
                throw failure(
                    "was used at \(time.formatted(.iso8601)), but was valid from "
                        + "\(leaf.notValidBefore.formatted(.iso8601)) to "
                        + leaf.notValidAfter.formatted(.iso8601))
            }
            let active = certificateAuthorities.filter { $0.period.contains(time) }
            let path = try await CertificateChain.path(
                from: leaf, through: active.flatMap(\.others), to: active.map(\.root),
                for: .codeSigning, at: time, remedy: "check that the trusted root is the newest")
            try validation.revocationLists.check(path, at: now)
            guard let issuer = path.dropFirst().first,
                let timestamps = try? SignedCertificateTimestamp.all(in: leaf)
            else { throw failure("has no timestamp of a log of certificates") }
            guard
                try timestamps.contains(where: {
                    try $0.isValid(for: leaf, issuedBy: issuer, logs: certificateLogs)
                })
            else {
                throw failure("has no timestamp that a trusted log of certificates signed")
            }
        }
        return (
            KeylessIdentity(claim: claim, trustedRoot: self, date: first, key: key),
            stamps.warnings
        )
    }
}
