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

    /// The party that a verified signer is, or nil.
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

/// A party that has signed something.
public struct PartySigner: Sendable, Hashable {
    /// The party's name, with the name in the certificate where that tells signers apart.
    public let name: String
    /// The key that signed.
    public let key: VerificationKey
    /// The names in the certificate, when there is one.
    let certifiedNames: Set<String>

    /// Whether both are one signer, whose keys and certificates may be several.
    func isSame(as other: PartySigner) -> Bool {
        name == other.name || key == other.key
            || !certifiedNames.isDisjoint(with: other.certifiedNames)
    }
}

extension [PartySigner] {
    /// The signers by who they are; one who is the same as two others shows that those are one.
    var distinct: [[PartySigner]] {
        reduce(into: []) { groups, signer in
            let same = groups.filter { $0.contains(where: signer.isSame) }
            groups.removeAll { $0.contains(where: signer.isSame) }
            groups.append(same.flatMap(\.self) + [signer])
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

    /// The first party that a signer is, or nil.
    public func identity(of signer: Signer) -> PartySigner? {
        lazy.compactMap { $0.identity(of: signer) }.first
    }

    /// Reads the parties of a policy.
    init(_ list: PolicyValue, directory: URL) throws {
        var parties: [Party] = []
        func place(_ value: PolicyValue) throws -> URL {
            let path = try value.text()
            return path.hasPrefix("/") ? URL(filePath: path) : directory.appending(path: path)
        }
        for value in try list.elements() {
            let fields = try value.fields(["name", "key", "root", "subject", "alternativeName"])
            let name = try fields.required("name").text()
            let means: Party.Means
            if let key = fields["key"] {
                if let other = fields["root"] ?? fields["subject"] ?? fields["alternativeName"] {
                    throw other.error(
                        "stands beside a key", remedy: "keep the key, or the root and its names")
                }
                let file = try place(key)
                means = .key(try key.reading { try VerificationKey(contentsOf: file) })
            } else {
                let root = try fields.required("root")
                guard fields["subject"] != nil || fields["alternativeName"] != nil else {
                    throw root.error(
                        "would trust everybody whom it certifies",
                        remedy: "add \"subject:\" or \"alternativeName:\", with * for any text")
                }
                let file = try place(root)
                means = .certificate(
                    roots: try root.reading { try RootCertificate.all(in: file) },
                    subject: try fields["subject"]?.text(),
                    alternativeName: try fields["alternativeName"]?.text())
            }
            let party = Party(name: name, means: means)
            if parties.contains(where: { $0.name == name }) {
                throw value.error(
                    "has the name of another, \"\(name)\"", remedy: "give each its own")
            }
            if let key = party.key, let twin = parties.first(where: { $0.key == key }) {
                throw value.error(
                    "has the key of \"\(twin.name)\": one key would count as two",
                    remedy: "remove one of them")
            }
            parties.append(party)
        }
        self = parties
    }
}

/// Whether a text has a pattern, in which `*` stands for any text, from end to end.
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
