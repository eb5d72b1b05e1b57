// SPDX-License-Identifier: Apache-2.0
// The options of the commands that verify a model: the model, its signature, and the trusted
// signers.

import ArgumentParser
import CommandLineInterface
package import Foundation
package import Provenance

/// The options of a verification.
package struct VerificationOptions: ParsableArguments {
    @Argument(help: "A model: a path or a name.")
    var model: String

    @Option(help: "The signature (default: MODEL/model.sig, or FILE.sig beside a file).")
    var signature: String?

    @Option(help: "The signer's public key, in PEM; may be given several times.")
    var key: [String] = []

    @Option(help: "The root of the signer's certificate, in PEM; may be given several times.")
    var root: [String] = []

    @Option(
        help: """
            A policy in YAML that says whom to trust and what the audits must say \
            (Documentation/Attestation.md).
            """)
    var policy: String?

    @Option(
        help: """
            The attestations (default: MODEL/attestations.jsonl, or FILE.attestations.jsonl beside \
            a file).
            """)
    var attestations: String?

    package init() {}

    package func validate() throws {
        guard policy == nil || (key + root).isEmpty else {
            throw ValidationError(
                "the policy says whom to trust: leave --key and --root out, or --policy")
        }
        guard !(key + root).isEmpty || policy != nil else {
            throw ValidationError(
                "it must be known whom to trust: give the signer's public key with --key, "
                    + "the root of their certificate with --root, or a policy with --policy")
        }
    }

    /// Returns the model's place.
    package func location() throws -> URL { try Locator().model(model) }

    /// Returns the place where a signature is missing.
    ///
    /// - Parameter model: Where the model is.
    /// - Returns: The signature's path when the file does not exist.
    package func missingSignature(of model: URL) -> String? {
        let file =
            signature.map { URL(fileURLWithPath: $0) } ?? ModelSignature.location(of: model)
        return FileManager.default.fileExists(atPath: file.path) ? nil : file.path
    }

    /// Verifies signature and files, and checks the audits against the policy if there is one.
    ///
    /// - Parameter model: Where the model is.
    /// - Returns: The report.
    /// - Throws: An `InputError` when something cannot be read.
    package func verify(_ model: URL) async throws -> VerificationReport {
        // A faulty policy is refused before anything is hashed.
        let policy = try readPolicy()
        let trust = try policy?.signers.trust ?? Trust(keyFiles: key, rootFiles: root)
        var report = try await VerificationReport(
            on: model, signature: signature.map { URL(fileURLWithPath: $0) }, trust: trust)
        let lines = try lines(of: model)
        if let policy {
            await report.admit(by: policy, attestations: lines)
        } else {
            await report.list(attestations: lines, trust: trust)
        }
        return report
    }

    /// Returns the attestations that belong to a model.
    func lines(of model: URL) throws -> [AttestationLine] {
        try attestations.map {
            try AttestationFile.lines(of: URL(fileURLWithPath: $0), isOptional: false)
        } ?? AttestationFile.lines(of: AttestationFile.location(of: model))
    }

    /// The parties whose attestations count.
    var auditors: [Party] {
        get throws {
            guard let policy = try readPolicy() else {
                return [Party](try Trust(keyFiles: key, rootFiles: root))
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
