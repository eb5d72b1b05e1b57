// SPDX-License-Identifier: Apache-2.0
// `temper log attach`, `witness` and `cosign`: proofs beside a model, and who watches a log.

import ArgumentParser
import CommandLineInterface
import Foundation
import Provenance

extension LogCommand {
    struct Attach: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write proofs that a model's attestations are in a log beside them.",
            discussion: """
                Each attestation whose line is an entry of the log gets a proof, a line of its own in \
                the same file. Earlier proofs of this log are replaced. A policy that names the log \
                counts only attestations with a proof, or that are in the copy given with --log.
                """)

        @Argument(help: "The log's directory.")
        var log: String

        @Argument(help: "A model, or the adapter on one: a path or a name.")
        var model: String

        @Option(
            help: """
                The attestations (default: MODEL/attestations.jsonl, or FILE.attestations.jsonl \
                beside a file).
                """)
        var attestations: String?

        func run() throws {
            let log = try TransparencyLog(at: URL(fileURLWithPath: log))
            let model = try Locator().model(model)
            let file =
                attestations.map { URL(fileURLWithPath: $0) } ?? AttestationFile.location(of: model)
            let proofs = try log.proofs(of: AttestationFile.lines(of: file, isOptional: false))
            for (line, proof) in proofs {
                let place = proof.map { "entry\t\($0.proof.index)" } ?? "NO\tnot in the log"
                print("line\t\(line.number)\t\(place)")
            }
            let found = proofs.compactMap(\.proof)
            guard !found.isEmpty else { throw ExitCode(1) }
            try AttestationFile.attach(
                found, of: log.checkpoint.origin, to: file, beside: model)
            print("size\t\(log.checkpoint.size)\nattestations\t\(file.path)")
        }
    }

    struct Witness: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the key of a witness, who cosigns a log's checkpoints.")

        @Option(help: "The witness's name, such as witness.example.org/w1.")
        var name: String

        @Option(help: "The file of the new private key; its public half is printed.")
        var key: String

        func run() throws {
            let witness = try NoteSigningKey(name: name, kind: .witness)
            try LogCommand.writeKey(witness, to: key)
            print("private key\t\(key)")
            print("witness key\t\(witness.verifierKey)")
        }
    }

    struct Cosign: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cosign a log's checkpoint, if the log only grew.",
            discussion: """
                The checkpoint that was cosigned is kept in the file --seen; the next one must extend \
                it. A witness who has the file sees a log that was rewritten.
                """)

        @Argument(help: "The log's directory.")
        var log: String

        @Option(help: "The log's public key, as 'temper log create' printed it.")
        var logKey: String

        @Option(help: "The witness's private key.")
        var key: String

        @Option(help: "The file with the last checkpoint that the witness saw; it is updated.")
        var seen: String

        func run() throws {
            let witness = try LogCommand.signingKey(key, .witness)
            let logKey = try NoteVerifierKey(logKey)
            do {
                let log = try TransparencyLog.cosign(
                    URL(fileURLWithPath: log), signedBy: logKey, by: witness,
                    seen: URL(fileURLWithPath: seen))
                print("ok\tlog\t\(log.checkpoint.origin), \(log.checkpoint.size) entries")
                print("root\t\(log.checkpoint.root)")
            } catch let failure as VerificationFailure {
                print("NO\tlog\t\(failure)")
                throw ExitCode(1)
            }
        }
    }
}
