// SPDX-License-Identifier: Apache-2.0
// Somebody whom a policy trusts: by a key, or by a certificate's root and the names in it.

import Foundation

/// A signer or an auditor whom a policy names.
public struct Party: Sendable, Hashable {
    /// What the party is known by.
    public enum Means: Sendable, Hashable {
        /// A public key.
        case key(VerificationKey)
        /// Certificates that lead to one of these roots and have names of these patterns, in which
        /// `*` stands for any text.
        case certificate(roots: [RootCertificate], subject: String?, alternativeName: String?)
    }

    /// What the policy calls the party.
    public let name: String
    /// What it is known by.
    public let means: Means

    /// Names a party.
    public init(name: String, means: Means) {
        self.name = name
        self.means = means
    }

    /// The party's key, when it is known by one.
    var key: VerificationKey? { if case .key(let key) = means { key } else { nil } }

    /// The party's roots, when it is known by them.
    var roots: [RootCertificate] {
        if case .certificate(let roots, _, _) = means { roots } else { [] }
    }

    /// Returns the party that a verified signer is, or nil.
    func identity(of signer: Signer) -> PartySigner? {
        switch (means, signer) {
        case (.key(let key), .key(let other)) where key == other:
            return PartySigner(name: name, key: key, certifiedNames: [])
        case (
            .certificate(let roots, let subject, let alternativeName), .certificate(let identity)
        ):
            // A root speaks for its own party only.
            let isNamed =
                roots.contains { $0.isSameAuthority(as: identity.root) }
                && (subject.map { matches($0, identity.subject) } ?? true)
                && (alternativeName.map { pattern in
                    identity.alternativeNames.contains {
                        // A URI, known by its colon, may end in what looks like an address.
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
    /// What a model's signature may be verified with.
    public var trust: Trust { Trust(keys: compactMap(\.key), roots: flatMap(\.roots)) }

    /// The trusted parties, by their own names.
    init(_ trust: Trust) {
        self = trust.keys.map { Party(name: $0.description, means: .key($0)) }
        guard !trust.roots.isEmpty else { return }
        append(
            Party(
                name: "certificate",
                means: .certificate(roots: trust.roots, subject: nil, alternativeName: nil)))
    }

    /// Returns the first party that a signer is, or nil.
    public func identity(of signer: Signer) -> PartySigner? {
        lazy.compactMap { $0.identity(of: signer) }.first
    }
}

/// Returns whether a text has a pattern, in which `*` stands for any text, from end to end.
func matches(_ pattern: String, _ text: String) -> Bool {
    let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    let text = Array(text.utf8)
    guard let first = parts.first, let last = parts.last, parts.count > 1 else {
        return text.elementsEqual(pattern.utf8)
    }
    guard text.count >= first.count + last.count, text.starts(with: first),
        text.suffix(last.count).elementsEqual(last)
    else { return false }
    // Of each inner part the leftmost place leaves most room for the rest.
    var rest = text[first.count..<(text.count - last.count)]
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let place = rest.firstRange(of: Array(part)) else { return false }
        rest = rest[place.upperBound...]
    }
    return true
}
