// SPDX-License-Identifier: Apache-2.0
// A proof that travels beside an attestation: a line of the attestations' file with a tlog-proof.

import Foundation
import JSONText
import Records

/// A proof beside a model that one of its attestations is in a log.
public struct AttachedProof: Sendable, Hashable {
    /// The key that tells such a line from an attestation.
    static let key = "tlogProof"

    /// The SHA-256 of the attestation's payload.
    public let attestation: String
    /// The proof that the attestation's line is an entry of a log.
    public let proof: LogProof

    /// Attaches a proof to an attestation.
    ///
    /// - Parameters:
    ///   - attestation: The SHA-256 of the attestation's payload.
    ///   - proof: The proof.
    init(of attestation: String, _ proof: LogProof) {
        self.attestation = attestation
        self.proof = proof
    }

    /// Reads a line.
    ///
    /// - Parameters:
    ///   - json: The line: an object with `attestation` and `tlogProof`, and nothing else.
    ///   - name: Its name in errors.
    /// - Throws: An `InputError` when it is not such an object.
    init(json: Data, named name: String) throws {
        self = try JSONScanner.read(json, file: name) { scanner in
            var attestation: String?
            var text: String?
            let start = scanner.nextOffset()
            try scanner.object { scanner, key in
                switch key {
                case "attestation": attestation = try scanner.string()
                case Self.key: text = try scanner.string()
                default:
                    throw scanner.error("the key \"\(key)\" is not known", at: scanner.position)
                }
            }
            guard let attestation, attestation.isSHA256, let text else {
                throw scanner.error("attestation or \(Self.key) are missing or wrong", at: start)
            }
            return AttachedProof(of: attestation, try LogProof(Data(text.utf8), subject: name))
        }
    }

    /// The line, without a line feed.
    var json: Data {
        let text = String(decoding: proof.data, as: UTF8.self)
        return Data(
            "{\"attestation\":\"\(attestation)\",\"\(Self.key)\":\(JSON.literal(text))}".utf8)
    }

    /// The origin of the log. It is not verified.
    var origin: String? {
        let subject = "the checkpoint"
        return (try? SignedNote(proof.signedCheckpoint, subject: subject))
            .flatMap { try? LogCheckpoint($0, subject: subject).origin }
    }
}

extension TransparencyLog {
    /// Returns the attestations in the log that are about some weights, whoever signed them, after
    /// checking the whole log.
    ///
    /// - Parameter isAbout: Whether a statement is about the weights.
    /// - Returns: The attestations, not yet verified. Their numbers are those of the entries.
    /// - Throws: A ``VerificationFailure`` when the log is not as its checkpoint says, an `InputError`
    ///   when a file cannot be read.
    func attestations(where isAbout: (Statement) -> Bool) throws -> [AttestationLine] {
        var found: [AttestationLine] = []
        let path = directory.path(percentEncoded: false)
        try verifyEntries { index, entry in
            // A whole attestations' file may have been logged as one entry.
            for part in entry.split(separator: UInt8(ascii: "\n")) {
                let line = AttestationLine(Data(part), entry: index, of: path)
                guard let payload = line.envelope?.payload,
                    let statement = try? Statement(json: payload, named: line.name),
                    isAbout(statement)
                else { continue }
                found.append(line)
            }
        }
        return found
    }

    /// Proves which lines of an attestations' file are in the log.
    ///
    /// - Parameter lines: The lines.
    /// - Returns: The lines that are attestations, and the proof of each that is in the log.
    /// - Throws: An error when the log is damaged.
    public func proofs(
        of lines: [AttestationLine]
    ) throws -> [(line: AttestationLine, proof: AttachedProof?)] {
        try lines.compactMap { line in
            guard let digest = line.payloadDigest else { return nil }
            let index = try index(of: line.data)
            return (line, try index.map { AttachedProof(of: digest, try proof(of: $0)) })
        }
    }
}
