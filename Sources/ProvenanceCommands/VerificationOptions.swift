// SPDX-License-Identifier: Apache-2.0
// The options of the commands that verify a model: the model, its signature, and the trusted
// signers.

package import ArgumentParser
package import CommandLineInterface
package import Foundation
package import Provenance

/// The options of a verification.
package struct VerificationOptions: ParsableArguments {
    @OptionGroup package var model: ModelOptions

    @Option(help: "The signature (default: MODEL/model.sig, or FILE.sig beside a file).")
    var signature: String?

    @Option(help: "The signer's public key, in PEM; may be given several times.")
    var key: [String] = []

    @Option(help: "The root of the signer's certificate, in PEM; may be given several times.")
    var root: [String] = []

    @Option(
        help: """
            Sigstore's trusted_root.json, for a signature without a key; nothing is fetched. \
            --identity and --identity-provider say whose signature counts.
            """)
    var trustedRoot: String?

    @Option(help: "The email address, URI or user name of the signer, with * for any text.")
    var identity: String?

    @Option(
        help: "Who vouches for the identity, such as https://accounts.google.com.")
    var identityProvider: String?

    @Option(
        help: """
            The root of a timestamp authority, in PEM, or a trusted_root.json; may be given several \
            times. A certificate need only be valid when its signature was stamped.
            """)
    var timestampRoot: [String] = []

    @Option(
        help: """
            A revocation list (CRL), in PEM or DER, of an authority on the way to the root; may be \
            given several times.
            """)
    var crl: [String] = []

    @Option(
        help: """
            A policy in YAML that says whom to trust and what the audits must say \
            (Documentation/Attestation.md).
            """)
    var policy: String?

    @Option(
        help: """
            The attestations (default: MODEL/attestations.jsonl, or FILE.attestations.jsonl beside \
            a file; with an adapter, those in its directory).
            """)
    var attestations: String?

    @Option(
        help: """
            The directory of a log of attestations, or of a copy. What it has about these weights \
            and is not beside the model is listed; a policy can refuse the model for it.
            """)
    var log: String?

    package init() {}

    package func validate() throws {
        let identities = [trustedRoot, identity, identityProvider].compactMap(\.self)
        let signers = key + root + identities
        guard policy == nil || (signers + timestampRoot + crl).isEmpty else {
            throw ValidationError(
                "the policy says whom to trust: leave the other keys, roots, identities and lists "
                    + "out, or --policy")
        }
        guard identities.isEmpty || identities.count == 3 else {
            throw ValidationError(
                "--trusted-root, --identity and --identity-provider belong together: anyone can "
                    + "sign with Sigstore")
        }
    }

    /// Whether the options say whom to trust.
    var statesTrust: Bool { !(key + root).isEmpty || identity != nil || policy != nil }

    /// Checks that the options say whom to trust.
    ///
    /// - Throws: A `ValidationError` when they do not.
    package func requireTrust() throws {
        guard statesTrust else {
            throw ValidationError(
                "it must be known whom to trust: give the signer's public key with --key, "
                    + "the root of their certificate with --root, their identity with --identity, "
                    + "or a policy with --policy")
        }
    }

    /// Returns the model's place.
    package func location() throws -> URL { try model.location() }

    /// Returns the place where a signature of the model or of the adapter is missing.
    ///
    /// - Parameter model: Where the model is.
    /// - Returns: The signature's path when the file does not exist.
    /// - Throws: An `InputError` when the adapter is not there.
    package func missingSignature(of model: URL) throws -> String? {
        let file =
            signature.map { URL(fileURLWithPath: $0) } ?? ModelSignature.location(of: model)
        let files =
            try [file]
            + [self.model.adapterLocation()].compactMap(\.self)
            .map(ModelSignature.location)
        return files.map(\.path).first { !FileManager.default.fileExists(atPath: $0) }
    }

    /// Reads the files that say whom to trust.
    private func trust() throws -> Trust {
        var trust = try Trust(keyFiles: key, rootFiles: root)
        if let trustedRoot, let identity, let identityProvider {
            trust.identities = [
                TrustedIdentity(
                    AlternativeNamePattern(identity), provider: identityProvider,
                    trustedRoot: try TrustedRoot(contentsOf: URL(fileURLWithPath: trustedRoot)))
            ]
        }
        trust.validation = CertificateValidation(
            timestampAuthorities: try timestampRoot.flatMap {
                try CertificateAuthority.timestampAuthorities(in: URL(fileURLWithPath: $0))
            },
            revocationLists: try crl.flatMap {
                try RevocationList.all(in: URL(fileURLWithPath: $0))
            })
        return trust
    }

    /// Verifies signature and files, and checks the audits against the policy if there is one.
    ///
    /// - Parameters:
    ///   - model: Where the model is.
    ///   - selection: The files that are read, and held open to be read from the report's model.
    /// - Returns: The report.
    /// - Throws: An `InputError` when something cannot be read.
    package func verify(
        _ model: URL, selection: FileSelection = FileSelection()
    ) async throws -> VerificationReport {
        // A faulty policy is refused before anything is hashed.
        let policy = try readPolicy()
        let trust = try policy?.trust ?? trust()
        var report = try await VerificationReport(
            on: model, adapter: self.model.adapterLocation(),
            signature: signature.map { URL(fileURLWithPath: $0) }, trust: trust,
            selection: selection)
        let lines = try lines(of: model)
        let log = try log.map { try TransparencyLog(at: URL(fileURLWithPath: $0)) }
        if let policy {
            await report.admit(by: policy, attestations: lines, log: log)
        } else {
            await report.list(attestations: lines, trust: trust, log: log)
        }
        return report
    }

    /// Returns the attestations that belong to a model.
    func lines(of model: URL) throws -> [AttestationLine] {
        try attestations.map {
            try AttestationFile.lines(of: URL(fileURLWithPath: $0), isOptional: false)
        }
            ?? AttestationFile.lines(
                of: AttestationFile.location(of: self.model.adapterLocation() ?? model))
    }

    /// The parties whose attestations count.
    var auditors: [Party] {
        get throws {
            guard let policy = try readPolicy() else {
                return [Party](try trust())
            }
            return policy.auditors.isEmpty ? policy.signers : policy.auditors
        }
    }

    private func readPolicy() throws -> Policy? {
        try policy.map { try Policy(contentsOf: URL(fileURLWithPath: $0)) }
    }
}

extension Trust {
    /// Reads the files of public keys and of roots.
    init(keyFiles: [String], rootFiles: [String]) throws {
        self.init(
            keys: try keyFiles.map { try VerificationKey(contentsOf: URL(fileURLWithPath: $0)) },
            roots: try rootFiles.flatMap { try RootCertificate.all(in: URL(fileURLWithPath: $0)) })
    }
}
