// SPDX-License-Identifier: Apache-2.0
// Verifies an entry of Rekor: that it is of this signature, and that a trusted log holds it.

import Crypto
import Foundation
import JSONText
import SwiftASN1
import X509

extension TransparencyEntry {
    /// Verifies the entry.
    ///
    /// - Parameters:
    ///   - logs: The logs that are trusted.
    ///   - envelope: The signature that the entry must be of.
    ///   - certificate: The signer's certificate.
    ///   - name: The bundle's name in errors.
    /// - Returns: The log, and the time that it signed; nil for a log that signs none (Rekor 2).
    /// - Throws: A ``VerificationFailure`` when a check fails, an `InputError` when the body or the
    ///   checkpoint cannot be read.
    func verify(
        by logs: [TrustedRoot.Log], of envelope: Envelope, _ certificate: Certificate,
        named name: String
    ) throws -> (log: TrustedRoot.Log, time: Date?) {
        guard let log = logs.first(where: { $0.identifier == logIdentifier }) else {
            throw failure(name, "is of a log that the trusted root does not name")
        }
        try checkBody(of: envelope, certificate, named: name)
        if let inclusion { try inclusion.verify(body, by: log, named: name) }
        guard let promise else { return (log, nil) }
        guard let integratedTime else {
            throw failure(name, "has a signed entry timestamp without a time")
        }
        guard log.isValid(promise, of: try promised(at: integratedTime)) else {
            throw failure(name, "has a signed entry timestamp that \(log.name) did not sign")
        }
        let time = Date(timeIntervalSince1970: Double(integratedTime))
        guard log.period.contains(time) else {
            throw failure(
                name, "is of \(time.formatted(.iso8601)), when \(log.name) was not in use")
        }
        return (log, time)
    }

    private func failure(_ name: String, _ problem: String) -> VerificationFailure {
        VerificationFailure(.log, "\(name), the log's entry", problem)
    }

    /// The bytes that the log signs as a signed entry timestamp: JSON in the form of RFC 8785.
    private func promised(at time: Int) throws -> Data {
        Data(
            """
            {"body":"\(body.base64EncodedString())","integratedTime":\(time),\
            "logID":"\(logIdentifier.hexadecimal)","logIndex":\(index)}
            """.utf8)
    }

    // MARK: - The body

    /// Checks that the entry is of this signature by this certificate: otherwise an entry of any
    /// other signature would do.
    private func checkBody(
        of envelope: Envelope, _ certificate: Certificate, named name: String
    ) throws {
        let file = "\(name), the body of the log's entry"
        let body = JSONNode(
            try JSON(body, file: file), file: file, remedy: "have the model signed again")
        guard try body.required("kind").string() == kind,
            try body.required("apiVersion").string() == version
        else { throw failure(name, "has a body of another kind than it says") }
        let spec = try body.required("spec")
        switch (kind, version) {
        case ("dsse", "0.0.1"):
            let hash = try spec.required("payloadHash")
            try check(
                hash.required("algorithm").string(),
                digest: hash.required("value").string(), of: envelope.payload, named: name)
            let (signature, verifier) = try onlySignature(spec, "signature", "verifier")
            try check(signature, of: envelope, named: name)
            guard
                let signer = try? Certificate(
                    pemEncoded: String(decoding: verifier.base64(), as: UTF8.self)),
                signer == certificate
            else { throw otherCertificate(name) }
        case ("dsse", "0.0.2"):
            let entry = try spec.required("dsseV002")
            try check(entry.required("payloadHash"), of: envelope.payload, named: name)
            let (signature, verifier) = try onlySignature(entry, "content", "verifier")
            try check(signature, of: envelope, named: name)
            try check(verifier, certificate, named: name)
        case ("hashedrekord", "0.0.2"):
            let entry = try spec.required("hashedRekordV002")
            // The digest is of what is signed.
            let signed = Envelope.preAuthenticationEncoding(
                payload: envelope.payload, type: envelope.payloadType)
            try check(entry.required("data"), of: signed, named: name)
            let signature = try entry.required("signature")
            try check(signature.required("content"), of: envelope, named: name)
            try check(signature.required("verifier"), certificate, named: name)
        default:
            throw failure(
                name, "is of the kind \(kind) \(version), which no signature of a model has")
        }
    }

    private func onlySignature(
        _ entry: JSONNode, _ signature: String, _ verifier: String
    ) throws -> (signature: JSONNode, verifier: JSONNode) {
        let list = try entry.required("signatures")
        let signatures = try list.elements()
        guard let first = signatures.first, signatures.count == 1 else {
            throw list.error("has \(signatures.count) signatures, not one", list.remedy)
        }
        return (try first.required(signature), try first.required(verifier))
    }

    private func check(_ signature: JSONNode, of envelope: Envelope, named name: String) throws {
        guard try envelope.signatures.map(\.bytes) == [signature.base64()] else {
            throw failure(name, "is of another signature")
        }
    }

    private func check(
        _ verifier: JSONNode, _ certificate: Certificate, named name: String
    ) throws {
        guard
            try verifier.required("x509Certificate").required("rawBytes").base64()
                == certificate.der
        else { throw otherCertificate(name) }
    }

    private func otherCertificate(_ name: String) -> VerificationFailure {
        failure(name, "is of a signature under another certificate")
    }

    private func check(_ hash: JSONNode, of data: Data, named name: String) throws {
        try check(
            hash.required("algorithm").string(),
            digest: hash.required("digest").base64().hexadecimal, of: data, named: name)
    }

    private func check(
        _ algorithm: String, digest: String, of data: Data, named name: String
    ) throws {
        let hash: HashAlgorithm? =
            switch algorithm {
            case "sha256", "SHA2_256": .sha256
            case "sha384", "SHA2_384": .sha384
            case "sha512", "SHA2_512": .sha512
            default: nil
            }
        guard let hash, hash.digest(of: data).hexadecimal == digest else {
            throw failure(name, "is of another content")
        }
    }
}

extension TransparencyEntry.Inclusion {
    /// Verifies that the log of a key signed a tree that holds an entry.
    fileprivate func verify(_ body: Data, by log: TrustedRoot.Log, named name: String) throws {
        let place = "\(name), the log's checkpoint"
        func failure(_ problem: String) -> VerificationFailure {
            VerificationFailure(.log, place, problem)
        }
        let note = try SignedNote(checkpoint, subject: place)
        let identifier = log.checkpointIdentifier.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
        // Witnesses may have signed, too.
        let own = note.signatures.filter { $0.identifier == identifier }
        guard !own.isEmpty else { throw failure("is not signed by \(log.name)") }
        guard own.allSatisfy({ log.isValid($0.bytes, of: Data(note.text.utf8)) }) else {
            throw failure("has a signature of \(log.name) that is false")
        }
        let stated = try LogCheckpoint(note, subject: place)
        guard stated.size == size, stated.root == root else {
            throw failure("is of another tree than the inclusion proof")
        }
        guard
            MerkleTree.isIncluded(hashes, leaf: .leaf(body), at: index, size: size, root: root)
        else {
            throw VerificationFailure(
                .log, "\(name), the log's entry", "is not shown to be in \(log.name)")
        }
    }
}
