// SPDX-License-Identifier: Apache-2.0
// Signatures and keys: bundles with the statements in them, certificates, PEM, policies, and a
// log's notes.

import Foundation
import Provenance

extension FuzzTarget {
    /// `model.sig`: the bundle, the statement in its envelope, and the list of files in that.
    static let bundle = FuzzTarget(name: "bundle") { input in
        let bundle = try SignatureBundle(json: input, named: "model.sig")
        guard let again = try? SignatureBundle(json: bundle.json, named: "again"),
            again.json == bundle.json
        else { broken("a bundle that was read can be written and read again") }
        try readStatement(bundle.envelope.payload)
    }

    /// The payload of an envelope alone, a signed list or an audit, which a mutation of base64
    /// seldom reaches.
    static let statement = FuzzTarget(name: "statement") { try readStatement($0) }

    private static func readStatement(_ payload: Data) throws {
        let statement = try Statement(json: payload, named: "statement")
        guard let again = try? Statement(json: statement.json, named: "again"),
            again.json == statement.json
        else { broken("a statement that was read can be written and read again") }
        _ = try? TamperResistance(statement, named: "statement")
        let manifest = try ModelManifest(statement, named: "statement")
        guard manifest.resources.allSatisfy({ !$0.name.hasPrefix("/") && !$0.name.contains("../") })
        else { broken("no listed file is outside of the model") }
    }

    /// A chain of certificates in PEM.
    static let certificates = FuzzTarget(name: "certificates") { input in
        _ = try CertificateChain(pem: String(decoding: input, as: UTF8.self), named: "chain.pem")
    }

    /// Public, private and encrypted keys in PEM.
    static let keys = FuzzTarget(name: "keys") { input in
        let pem = String(decoding: input, as: UTF8.self)
        if let key = try? VerificationKey(pem: pem) {
            guard (try? VerificationKey(pem: key.pemRepresentation)) == key else {
                broken("a public key that was read can be written and read again")
            }
        }
        let key = try SigningKey(pem: pem, password: "password")
        let copy = try? SigningKey(pem: key.pemRepresentation(password: nil))
        guard copy?.publicKey == key.publicKey else {
            broken("a private key that was read can be written and read again")
        }
    }

    /// A policy in YAML; the files that it names are not there.
    static let policy = FuzzTarget(name: "policy") { input in
        _ = try Policy(
            yaml: input, file: "policy.yaml", directory: URL(fileURLWithPath: "/nonexistent"))
    }

    /// Patterns of the names in certificates, and such names.
    static let names = FuzzTarget(name: "names") { input in
        let text = String(decoding: input, as: UTF8.self)
        _ = SubjectPattern(text)
        let pattern = AlternativeNamePattern(text)
        let names = [
            AlternativeName.uri(text), .emailAddress(text), .dnsName(text), .userName(text),
        ]
        let matched = names.filter { pattern.matches($0) }
        guard !matched.isEmpty else { broken("a pattern matches its own text") }
        guard text == "*" || matched.count == 1 else {
            broken("a pattern is one of one kind of names")
        }
    }

    /// A trusted root of Sigstore, or a revocation list.
    static let trust = FuzzTarget(name: "trust") { input in
        if input.first == UInt8(ascii: "{") {
            _ = try TrustedRoot(json: input, named: "trusted_root.json")
        } else {
            _ = try RevocationList.all(in: InputFile.write(input, as: "list.crl"))
        }
    }

    /// A file of attestations.
    static let attestations = FuzzTarget(name: "attestations") { input in
        let file = try InputFile.write(input, as: "attestations.jsonl")
        let lines = try AttestationFile.lines(of: file)
        guard lines.count <= 1_025 else { broken("no more than 1,024 lines are read") }
    }

    /// Checkpoints, proofs and keys of a transparency log.
    static let log = FuzzTarget(name: "log") { input in
        let key = try NoteVerifierKey(
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
        if let proof = try? LogProof(input, subject: "proof") {
            guard (try? LogProof(proof.data, subject: "again")) == proof else {
                broken("a proof that was read can be written and read again")
            }
            try proof.verify(Data("entry".utf8), with: key, subject: "proof")
        }
        _ = try? NoteVerifierKey(String(decoding: input, as: UTF8.self))
        let note = try SignedNote(input, subject: "note")
        guard note.data == input else { broken("a note that was read is written as it was") }
        _ = try LogCheckpoint(note, subject: "note")
        try note.verify(with: key)
    }
}
