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

    /// Returns whether the signer may take back what the other signed: by the same key, or for the
    /// same party. Of a party that is known by certificates, two people are two: a name must be in
    /// both certificates.
    ///
    /// ``isSame(as:)`` is wider, so that nobody counts as two auditors.
    func isAuthor(as other: PartySigner) -> Bool {
        if key == other.key { return true }
        guard !parties.isDisjoint(with: other.parties) else { return false }
        return certifiedNames.isEmpty || other.certifiedNames.isEmpty
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
