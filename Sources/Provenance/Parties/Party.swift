// SPDX-License-Identifier: Apache-2.0
// A party that a policy trusts: identified by a key, or by a certificate's root and names.

import Foundation

/// A signer or an auditor whom a policy names.
public struct Party: Sendable, Hashable {
    /// How the party is identified.
    public enum Means: Sendable, Hashable {
        /// A public key.
        case key(VerificationKey)
        /// Certificates that lead to one of these roots and have names that match these patterns.
        case certificate(
            roots: [RootCertificate], subject: SubjectPattern?,
            alternativeName: AlternativeNamePattern?)
        /// A name that an identity provider vouches for, by Sigstore.
        case identity(TrustedIdentity)
    }

    /// The party's name in the policy.
    public let name: String
    /// How the party is identified.
    public let means: Means

    /// Names a party.
    public init(name: String, means: Means) {
        self.name = name
        self.means = means
    }

    /// The party's key, if it is identified by one.
    var key: VerificationKey? { if case .key(let key) = means { key } else { nil } }

    /// The party's roots, if it is identified by them.
    var roots: [RootCertificate] {
        if case .certificate(let roots, _, _) = means { roots } else { [] }
    }

    /// The party's identity, if it is identified by one.
    var identity: TrustedIdentity? {
        if case .identity(let identity) = means { identity } else { nil }
    }

    /// Returns whether a verified signer is identified as the party by its own means.
    func isIdentified(by signer: Signer) -> Bool {
        switch (means, signer) {
        case (.key(let key), .key(let other)):
            return key == other
        case (
            .certificate(let roots, let subject, let alternativeName), .certificate(let identity)
        ):
            // A root counts for its own party only.
            return roots.contains { $0.isSameAuthority(as: identity.root) }
                && (subject?.matches(identity.name) ?? true)
                && (alternativeName.map { pattern in
                    identity.alternativeNames.contains(where: pattern.matches)
                } ?? true)
        case (.identity(let trusted), .keyless(let identity)):
            return trusted.trustedRoot == identity.trustedRoot && trusted.matches(identity.claim)
        default: return false
        }
    }

    /// Returns whether a verified signer is the party, by whatever means it was identified.
    func includes(_ signer: Signer) -> Bool { isIdentified(by: signer) || key == signer.key }
}

extension [Party] {
    /// The keys, roots and identities with which a model's signature may be verified.
    public var trust: Trust {
        Trust(
            keys: compactMap(\.key), roots: flatMap(\.roots), identities: compactMap(\.identity))
    }

    /// Makes a party of each trusted key and identity, and one of all trusted roots.
    package init(_ trust: Trust) {
        self = trust.keys.map { Party(name: $0.description, means: .key($0)) }
        self += trust.identities.enumerated().map {
            Party(name: "identity \($0.offset + 1)", means: .identity($0.element))
        }
        guard !trust.roots.isEmpty else { return }
        append(
            Party(
                name: "certificate",
                means: .certificate(roots: trust.roots, subject: nil, alternativeName: nil)))
    }

    /// Returns the first party as which a signer is identified, or nil.
    ///
    /// - Parameters:
    ///   - signer: A verified signer.
    ///   - others: Further parties that the signer may be, too. They identify nobody.
    /// - Returns: The party that signed.
    public func identity(of signer: Signer, among others: [Party] = []) -> PartySigner? {
        guard let party = first(where: { $0.isIdentified(by: signer) }) else { return nil }
        let parties = Set((self + others).filter { $0.includes(signer) }.map(\.name))
        return switch signer {
        case .key(let key):
            PartySigner(name: party.name, key: key, parties: parties, certifiedNames: [])
        case .certificate(let identity):
            PartySigner(
                name: "\(party.name) (\(identity.title))", key: identity.key, parties: parties,
                certifiedNames: identity.certifiedNames)
        case .keyless(let identity):
            PartySigner(
                name: "\(party.name) (\(identity.name))", key: identity.key, parties: parties,
                certifiedNames: [identity.name.folded])
        }
    }
}
