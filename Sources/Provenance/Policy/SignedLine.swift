// SPDX-License-Identifier: Apache-2.0
// Attestations whose signatures were verified, and the withdrawals among them.

import Foundation

/// A line whose signatures were verified once.
struct SignedLine {
    let line: AttestationLine
    /// The attestation, or why it is not verified.
    let attestation: Result<VerifiedAttestation, any Error>

    /// The attestation; nil if it is not verified.
    var verified: VerifiedAttestation? { try? attestation.get() }
}

/// The withdrawals of attestations, by those who signed them.
struct Withdrawals {
    /// A statement that withdraws attestations.
    private struct Entry {
        let signers: [PartySigner]
        let content: Withdrawal
    }

    /// The withdrawals by the digests of what they withdraw, the earliest first.
    private var entries: [String: [Entry]] = [:]
    /// The attestations that are there, by their digests.
    private var lines: [String: [(place: String, signers: [PartySigner])]] = [:]

    init() {}

    /// Finds the withdrawals of some weights.
    ///
    /// - Parameters:
    ///   - lines: The attestations, beside the model and in a log. Their order makes no difference.
    ///   - isAbout: Whether a statement is about the weights.
    ///   - isRevoked: Whether a signer's key was revoked. Such a signer withdraws nothing: a thief of
    ///     one key could withdraw what was signed with another.
    init(
        among lines: [SignedLine], isAbout: (Statement) -> Bool,
        isRevoked: (PartySigner) -> Bool
    ) {
        for line in lines {
            guard let attestation = line.verified, let statement = try? attestation.statement
            else { continue }
            guard statement.predicateType == Withdrawal.predicateType else {
                // A withdrawal cannot be withdrawn.
                self.lines[attestation.digest, default: []].append(
                    (line.line.place, attestation.signers))
                continue
            }
            guard isAbout(statement),
                let content = try? Withdrawal(statement, named: line.line.name)
            else { continue }
            let entry = Entry(
                signers: attestation.signers.filter { !isRevoked($0) }, content: content)
            for digest in Set(content.attestations.map(\.sha256)) {
                entries[digest, default: []].append(entry)
            }
        }
        for digest in entries.keys {
            entries[digest]?.sort { $0.content.withdrawnAt < $1.content.withdrawnAt }
        }
    }

    /// Returns the words for the withdrawal of an attestation by one of its signers; nil if that
    /// signer did not withdraw it.
    func reason(for digest: String, by signer: PartySigner) -> String? {
        entries[digest]?.first { $0.signers.contains(where: signer.isAuthor) }.map { entry in
            let day = entry.content.withdrawnAt.formatted(.iso8601.year().month().day())
            return "withdrawn on \(day) by \(signer.name): \(entry.content.reason)"
        }
    }

    /// Returns what a withdrawal does, and whether it does anything.
    func effect(of content: Withdrawal, by signers: [PartySigner]) -> (isValid: Bool, text: String)
    {
        var withdrawn: [String] = []
        var problems: [String] = []
        for digest in content.attestations.map(\.sha256) {
            let found = lines[digest] ?? []
            let own = found.filter { line in
                line.signers.contains { signer in signers.contains(where: signer.isAuthor) }
            }
            withdrawn += own.map(\.place)
            guard own.isEmpty else { continue }
            let others = found.map { line in
                "\(line.place), which only its signer, "
                    + "\(line.signers.map(\.name).joined(separator: ", ")), can withdraw"
            }
            problems.append(
                others.isEmpty
                    ? "names \(digest.prefix(16))…, which is not here"
                    : "names \(others.joined(separator: ", "))")
        }
        guard !withdrawn.isEmpty else { return (false, problems.joined(separator: "; ")) }
        let day = content.withdrawnAt.formatted(.iso8601.year().month().day())
        return (
            true, "withdraws \(withdrawn.joined(separator: ", ")) on \(day): \(content.reason)"
        )
    }
}
