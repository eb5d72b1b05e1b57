// SPDX-License-Identifier: Apache-2.0
// `temper withdraw`: takes an attestation back, by a signed statement.

package import ArgumentParser
import CommandLineInterface
import Foundation
import JSONText
import Provenance

/// Withdraws attestations.
package struct WithdrawCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "withdraw",
        abstract: "Take back an attestation, by a signed statement beside it.",
        discussion: """
            Adds a line to the attestations that says which of them their signer takes back, and why. \
            'temper verify' then counts them for nothing, and says so. Only who signed an attestation \
            can withdraw it. Without --digest the only audit by this key is withdrawn, with its \
            test result. A withdrawal cannot be taken back: certify anew.
            """)

    @Argument(help: "A model, or the adapter on one: a path or a name.")
    var model: String

    @Option(help: "Why, in one line. Everybody can read it.")
    var reason: String

    @OptionGroup var signing: SigningOptions

    @Option(
        help: """
            The digest of an attestation, as 'temper verify --json' prints it; may be given several \
            times.
            """)
    var digest: [String] = []

    @Option(
        help: """
            The attestations (default: MODEL/attestations.jsonl, or FILE.attestations.jsonl beside \
            a file).
            """)
    var attestations: String?

    @Option(
        help: "The file to add the withdrawal to, outside of the model (default: the attestations)."
    )
    var out: String?

    @Flag(help: "Print JSON.")
    var json = false

    package init() {}

    package func run() throws {
        let model = try Locator().model(model)
        let signatory = try signing.signatory()
        let file =
            attestations.map { URL(fileURLWithPath: $0) } ?? AttestationFile.location(of: model)
        let output = out.map { URL(fileURLWithPath: $0) } ?? file
        guard out == nil || ModelSignature.path(of: output, within: model) == nil else {
            throw InputError(
                output.path, "is a part of the model, whose signature would not know it",
                remedy: "choose a place outside of the model, or leave --out out")
        }
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded(.down))
        let choice = try WithdrawableAttestations(
            AttestationFile.lines(of: file, isOptional: false), of: file, by: signatory
        ).withdrawal(of: digest, reason: reason, at: now)
        for number in choice.foreignNumbers {
            warn(
                "line \(number) is signed neither with this key nor with a certificate of this "
                    + "name: the withdrawal counts only where both are known as one party")
        }
        try AttestationFile.write([choice.line], to: output, beside: model, appending: true)
        let summary = Summary(
            withdrawn: choice.digests, lines: choice.numbers, file: output.path,
            key: signatory.key.publicKey.hint)
        if json { return try printJSON(summary) }
        for (digest, number) in zip(choice.digests, choice.numbers) {
            print("withdrawn\tline \(number), \(digest)")
        }
        print("attestations\t\(summary.file)\nkey\t\(summary.key)")
    }

    private func warn(_ text: String) {
        FileHandle.standardError.write(Data("warning: \(text)\n".utf8))
    }

    private struct Summary: Encodable {
        let withdrawn: [String]
        let lines: [Int]
        let file: String
        let key: String
    }
}
