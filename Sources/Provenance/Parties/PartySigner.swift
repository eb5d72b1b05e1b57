// SPDX-License-Identifier: Apache-2.0
// A party that has signed, and the test whether two signers are the same.

/// A party that has signed something.
public struct PartySigner: Sendable, Hashable {
    /// The party's name, followed by the name in the certificate if there is one.
    public let name: String
    /// The key that signed.
    public let key: VerificationKey
    /// The names of all parties that the signer is.
    let parties: Set<String>
    /// The names in the certificate, if there is one.
    let certifiedNames: Set<String>

    /// Returns whether both are the same signer. A party is one signer, however many people, keys
    /// and certificates it has.
    func isSame(as other: PartySigner) -> Bool {
        key == other.key || !parties.isDisjoint(with: other.parties)
            || !certifiedNames.isDisjoint(with: other.certifiedNames)
    }
}

extension [PartySigner] {
    /// The signers grouped by identity. A signer who is the same as two others joins the two
    /// groups.
    var distinct: [[PartySigner]] {
        reduce(into: []) { groups, signer in
            let same = groups.filter { $0.contains(where: signer.isSame) }
            groups.removeAll { $0.contains(where: signer.isSame) }
            groups.append(same.flatMap(\.self) + [signer])
        }
    }
}
