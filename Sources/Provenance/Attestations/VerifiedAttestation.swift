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
    ///   - others: Further parties that a signer may be, too, such as the signers of the weights.
    ///   - validation: The timestamps and revocation lists by which certificates are judged.
    ///   - now: The time at which certificates must be valid.
    /// - Returns: The attestation with the parties that signed it.
    /// - Throws: A ``VerificationFailure`` when none of them did, an `InputError` when the line
    ///   is damaged.
    public func attestation(
        by parties: [Party], among others: [Party] = [],
        validation: CertificateValidation = CertificateValidation(), now: Date
    ) async throws -> VerifiedAttestation {
        var budget = VerificationBudget()
        return try await attestation(
            by: parties, among: others, validation: validation, now: now, within: &budget)
    }

    /// Verifies the signatures as far as a budget for the whole file allows.
    func attestation(
        by parties: [Party], among others: [Party], validation: CertificateValidation, now: Date,
        within budget: inout VerificationBudget
    ) async throws -> VerifiedAttestation {
        let envelope: Envelope
        let signers: [Signer]
        switch content {
        case .damaged(let error): throw error
        case .proof:
            throw InputError(
                name, "is a proof of a log and no attestation", remedy: "leave it beside its line")
        case .envelope(let found):
            envelope = found
            signers = try keys(of: found, hint: nil, parties, &budget)
        case .bundle(let bundle):
            envelope = bundle.envelope
            switch bundle.material {
            case .publicKey(let hint):
                signers = try keys(of: envelope, hint: hint, parties, &budget)
            case .certificates(let chain):
                let isKeyless = try bundle.identityClaim(named: name) != nil
                signers = [
                    isKeyless && parties.contains { $0.identity != nil }
                        ? try await identity(of: bundle, parties, validation, now, &budget)
                        : try await holder(of: chain, bundle, parties, validation, now, &budget)
                ]
            }
        }
        guard envelope.payloadType == Statement.payloadType else {
            throw VerificationFailure(
                .statement, name, "is signed, but is of the type \"\(envelope.payloadType)\"",
                remedy: "remove the line: it is no attestation")
        }
        return VerifiedAttestation(
            signers: signers.compactMap { parties.identity(of: $0, among: others) },
            digest: SHA256.hash(data: envelope.payload).hexadecimal, payload: envelope.payload,
            name: name)
    }

    /// Returns the trusted keys that signed an envelope.
    private func keys(
        of envelope: Envelope, hint: String?, _ parties: [Party],
        _ budget: inout VerificationBudget
    ) throws -> [Signer] {
        let (keys, isComplete) = envelope.signers(
            among: parties.compactMap(\.key), hint: hint, within: &budget)
        guard keys.isEmpty else { return keys.map(Signer.key) }
        guard isComplete else { throw tooMuch() }
        let named = (envelope.signatures.map(\.keyID) + [hint]).compactMap(\.self)
            .filter { !$0.isEmpty }
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

    /// Returns the holder of a certificate that signed an envelope.
    private func holder(
        of chain: [Data], _ bundle: SignatureBundle, _ parties: [Party],
        _ validation: CertificateValidation, _ now: Date, _ budget: inout VerificationBudget
    ) async throws -> Signer {
        let roots = parties.trust.roots
        guard !roots.isEmpty else {
            throw VerificationFailure(
                .certificate, name, "is signed with a certificate, and no root is trusted",
                remedy: "name its root if you trust it")
        }
        let certificates = try CertificateChain(der: chain, named: name)
        guard budget.spend(.path(bundle.priceOfTimes(validation))) else { throw tooMuch() }
        let date = await bundle.times(validation, at: now, named: name).times.first ?? now
        func identity(_ roots: [RootCertificate]) async throws -> CertificateIdentity {
            try await certificates.identity(
                roots, at: date, lists: validation.revocationLists, now: now)
        }
        // Parties may share their roots: each path is verified once.
        var identities: [[RootCertificate]: CertificateIdentity?] = [:]
        for party in parties where !party.roots.isEmpty {
            if identities[party.roots] == nil {
                guard budget.spend(.path(chain.count)) else { throw tooMuch() }
                identities[party.roots] = .some(try? await identity(party.roots))
            }
            // A root counts for its own party only.
            guard let holder = identities[party.roots] ?? nil,
                party.isIdentified(by: .certificate(holder))
            else { continue }
            guard budget.spend(.named) else { throw tooMuch() }
            _ = try bundle.envelope.payload(signedBy: holder.key, named: name)
            return .certificate(holder)
        }
        guard budget.spend(.path(chain.count)) else { throw tooMuch() }
        let stranger = try await identity(roots)
        throw VerificationFailure(
            .certificate, name, "is signed by \(stranger), whom nobody here names",
            remedy: "name the subject if you trust it")
    }

    /// Returns the identity that signed a bundle without a key of its own.
    private func identity(
        of bundle: SignatureBundle, _ parties: [Party], _ validation: CertificateValidation,
        _ now: Date, _ budget: inout VerificationBudget
    ) async throws -> Signer {
        let identities = parties.compactMap(\.identity)
        // Only a certificate that claims one of them costs anything.
        if let claim = try bundle.identityClaim(named: name),
            identities.contains(where: { $0.matches(claim) }),
            !budget.spend(.path(bundle.priceOfIdentity))
        {
            throw tooMuch()
        }
        let (identity, _) = try await bundle.keylessIdentity(
            among: identities, validation, at: now, named: name)
        _ = try bundle.envelope.payload(signedBy: identity.key, named: name)
        return .keyless(identity)
    }

    private func tooMuch() -> VerificationFailure {
        VerificationFailure(
            .signature, name,
            "was not verified: the file has more signatures than are worked through",
            remedy: "remove the lines by strangers")
    }
}
