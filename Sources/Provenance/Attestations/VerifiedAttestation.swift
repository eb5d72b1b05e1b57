// SPDX-License-Identifier: Apache-2.0
// An attestation that was signed by a trusted party.

import Checkpoints
import Crypto
public import Foundation
import JSONText

/// A line whose signature was verified. Its content is still to be judged.
public struct VerifiedAttestation: Sendable {
    /// The parties that signed it: one or more.
    public let signers: [PartySigner]
    /// The SHA-256 of the signed content. It identifies an attestation, because signatures can be
    /// varied.
    public let digest: String

    fileprivate let payload: Data
    fileprivate let name: String

    /// The signed statement.
    ///
    /// - Throws: An `InputError` when the content is not a statement.
    public var statement: Statement {
        get throws { try Statement(json: payload, named: name) }
    }
}

extension AttestationLine {
    /// Verifies the signatures.
    ///
    /// - Parameters:
    ///   - parties: The parties whose signatures count.
    ///   - now: The time at which certificates must be valid.
    /// - Returns: The attestation with the parties that signed it.
    /// - Throws: A ``VerificationFailure`` when none of them did, an `InputError` when the line
    ///   is damaged.
    public func attestation(by parties: [Party], now: Date) async throws -> VerifiedAttestation {
        let envelope: Envelope
        let signers: [PartySigner]
        switch content {
        case .damaged(let error): throw error
        case .envelope(let found):
            envelope = found
            signers = try self.signers(of: found, hints: found.signatures.map(\.keyID), parties)
        case .bundle(let bundle):
            envelope = bundle.envelope
            switch bundle.material {
            case .publicKey(let hint):
                signers = try self.signers(of: envelope, hints: [hint], parties)
            case .certificates(let chain):
                signers = [try await signer(of: envelope, chain: chain, parties, now)]
            }
        }
        guard envelope.payloadType == Statement.payloadType else {
            throw VerificationFailure(
                .statement, name, "is signed, but is of the type \"\(envelope.payloadType)\"",
                remedy: "remove the line: it is no attestation")
        }
        return VerifiedAttestation(
            signers: signers, digest: SHA256.hash(data: envelope.payload).hexadecimal,
            payload: envelope.payload, name: name)
    }

    private func signers(
        of envelope: Envelope, hints: [String?], _ parties: [Party]
    ) throws -> [PartySigner] {
        let keys = parties.compactMap(\.key)
        let signers = envelope.signers(among: keys).compactMap { parties.identity(of: .key($0)) }
        guard signers.isEmpty else { return signers }
        let named = hints.compactMap(\.self).filter { !$0.isEmpty }
        if let party = parties.first(where: { $0.key.map { named.contains($0.hint) } ?? false }) {
            throw VerificationFailure(
                .signature, name, "names the key of \(party.name), but is not signed with it",
                remedy: "it was altered: get it from its signer again")
        }
        throw VerificationFailure(
            .signature, name,
            "is signed with a key that is not trusted"
                + (named.isEmpty ? "" : ", of hint \(named.joined(separator: ", "))"),
            remedy: "name its key if you trust it")
    }

    private func signer(
        of envelope: Envelope, chain: [Data], _ parties: [Party], _ now: Date
    ) async throws -> PartySigner {
        let roots = parties.trust.roots
        guard !roots.isEmpty else {
            throw VerificationFailure(
                .certificate, name, "is signed with a certificate, and no root is trusted",
                remedy: "name its root if you trust it")
        }
        let chain = try CertificateChain(der: chain, named: name)
        for party in parties {
            // A root counts for its own party only.
            guard !party.roots.isEmpty,
                let identity = try? await chain.identity(party.roots, at: now),
                let signer = party.identity(of: .certificate(identity))
            else { continue }
            _ = try envelope.payload(signedBy: identity.key, named: name)
            return signer
        }
        let identity = try await chain.identity(roots, at: now)
        throw VerificationFailure(
            .certificate, name, "is signed by \(identity), whom nobody here names",
            remedy: "name the subject if you trust it")
    }
}
