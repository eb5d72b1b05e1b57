// SPDX-License-Identifier: Apache-2.0
// A party that has signed, and which signers are one and the same.

/// A party that has signed something.
public struct PartySigner: Sendable, Hashable {
    /// The party's name, with the name in the certificate where that tells signers apart.
    public let name: String
    /// The key that signed.
    public let key: VerificationKey
    /// The names in the certificate, when there is one.
    let certifiedNames: Set<String>

    /// Returns whether both are one signer, whose keys and certificates may be several.
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
