// SPDX-License-Identifier: Apache-2.0
// `temper verify`: says whether a model is what a trusted signer signed.

package import ArgumentParser
import Foundation
import Provenance

/// Verifies a model.
package struct VerifyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that a model's files are those that a trusted signer signed.",
        discussion: """
            A file that was changed, added, removed, renamed or made a symbolic link is refused, \
            and so is a certificate that is not valid now, is not for code signing, or does not \
            lead to the given root. With a policy, the audits attested beside the model must be good \
            enough, too. Exit codes: 0 verified, 1 not verified, 2 wrong usage or bad input.
            """)

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

    @Flag(help: "Print JSON.")
    var json = false

    package init() {}

    package func validate() throws {
        guard policy == nil || (key + root).isEmpty else {
            throw ValidationError(
                "the policy says whom to trust: leave --key and --root out, or --policy")
        }
        guard !(key + root).isEmpty || policy != nil else {
            throw ValidationError(
                "verify needs to know whom to trust: give the signer's public key with --key, "
                    + "the root of their certificate with --root, or a policy with --policy")
        }
    }

    package func run() async throws {
        // A policy with a mistake in it is refused before anything is hashed.
        let policy = try policy.map { try Policy(contentsOf: URL(fileURLWithPath: $0)) }
        let model = try Locator().model(model)
        let trust =
            try policy?.signers.trust
            ?? Trust(
                keys: try key.map { try VerificationKey(contentsOf: URL(fileURLWithPath: $0)) },
                roots: try root.flatMap { try RootCertificate.all(in: URL(fileURLWithPath: $0)) })
        var report = try await VerificationReport(
            on: model, signature: signature.map { URL(fileURLWithPath: $0) }, trust: trust)
        let lines =
            try attestations.map {
                try AttestationFile.lines(of: URL(fileURLWithPath: $0), isOptional: false)
            } ?? AttestationFile.lines(of: AttestationFile.location(of: model))
        if let policy {
            await report.admit(by: policy, attestations: lines)
        } else {
            await report.list(attestations: lines, trust: trust)
        }
        if json {
            try printJSON(report)
        } else {
            for line in report.lines { print(line) }
        }
        if !report.isVerified { throw ExitCode(1) }
    }
}
