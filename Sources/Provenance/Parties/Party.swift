// SPDX-License-Identifier: Apache-2.0
// A party that a policy trusts: identified by a key, or by a certificate's root and names.

import Foundation

/// A signer or an auditor whom a policy names.
public struct Party: Sendable, Hashable {
    /// How the party is identified.
    public enum Means: Sendable, Hashable {
        /// A public key.
        case key(VerificationKey)
        /// Certificates that lead to one of these roots and have names that match these patterns,
        /// in which `*` stands for any text.
        case certificate(roots: [RootCertificate], subject: String?, alternativeName: String?)
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

    /// Returns the party to which a verified signer belongs, or nil.
    func identity(of signer: Signer) -> PartySigner? {
        switch (means, signer) {
        case (.key(let key), .key(let other)) where key == other:
            return PartySigner(name: name, key: key, certifiedNames: [])
        case (
            .certificate(let roots, let subject, let alternativeName), .certificate(let identity)
        ):
            // A root counts for its own party only.
            let isNamed =
                roots.contains { $0.isSameAuthority(as: identity.root) }
                && (subject.map { matches($0, identity.subject) } ?? true)
                && (alternativeName.map { pattern in
                    identity.alternativeNames.contains {
                        // A URI (recognised by its colon) may end with a text that looks like an
                        // email address.
                        pattern.contains(":") == $0.contains(":") && matches(pattern, $0)
                    }
                } ?? true)
            return isNamed
                ? PartySigner(
                    name: "\(name) (\(identity.names[0]))", key: identity.key,
                    certifiedNames: Set(identity.names)) : nil
        default: return nil
        }
    }
}

extension [Party] {
    /// The keys and roots with which a model's signature may be verified.
    public var trust: Trust { Trust(keys: compactMap(\.key), roots: flatMap(\.roots)) }

    /// Makes a party of each trusted key, and one of all trusted roots.
    package init(_ trust: Trust) {
        self = trust.keys.map { Party(name: $0.description, means: .key($0)) }
        guard !trust.roots.isEmpty else { return }
        append(
            Party(
                name: "certificate",
                means: .certificate(roots: trust.roots, subject: nil, alternativeName: nil)))
    }

    /// Returns the first party to which a signer belongs, or nil.
    public func identity(of signer: Signer) -> PartySigner? {
        lazy.compactMap { $0.identity(of: signer) }.first
    }
}

/// Returns whether a whole text matches a pattern, in which `*` stands for any text.
func matches(_ pattern: String, _ text: String) -> Bool {
    let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    let text = Array(text.utf8)
    guard let first = parts.first, let last = parts.last, parts.count > 1 else {
        return text.elementsEqual(pattern.utf8)
    }
    guard text.count >= first.count + last.count, text.starts(with: first),
        text.suffix(last.count).elementsEqual(last)
    else { return false }
    // The leftmost match of each inner part leaves the most room for the rest.
    var rest = text[first.count..<(text.count - last.count)]
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let place = rest.firstRange(of: Array(part)) else { return false }
        rest = rest[place.upperBound...]
    }
    return true
}
