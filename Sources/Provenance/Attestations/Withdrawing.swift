// SPDX-License-Identifier: Apache-2.0
// Chooses the attestations that an auditor withdraws, among those beside a model.

import Checkpoints
public import Foundation
import JSONText
import Records

/// The attestations of some lines that one signer may withdraw.
public struct WithdrawableAttestations: Sendable {
    private struct Candidate {
        let number: Int
        let digest: String
        let statement: Statement
        /// Whether the signer's own key or certified name stands under it.
        let isOwn: Bool

        var audit: TamperResistance? {
            try? TamperResistance(statement, named: "line \(number)")
        }
        var title: String {
            "line \(number), \(digest)" + (audit.map { " (\($0.summary))" } ?? "")
        }
    }

    private let candidates: [Candidate]
    /// The digests that the signer has withdrawn before.
    private let withdrawn: Set<String>
    private let signatory: Signatory
    private let file: URL

    /// Finds the attestations.
    ///
    /// - Parameters:
    ///   - lines: The lines of a file of attestations.
    ///   - file: The file.
    ///   - signatory: The signer who withdraws.
    /// - Throws: An `InputError` when the signer's certificate is damaged.
    public init(_ lines: [AttestationLine], of file: URL, by signatory: Signatory) throws {
        let names = try signatory.certifiedNames
        let all = lines.compactMap { line -> Candidate? in
            guard let digest = line.payloadDigest, let payload = line.envelope?.payload,
                let statement = try? Statement(json: payload, named: line.name)
            else { return nil }
            return Candidate(
                number: line.number, digest: digest, statement: statement,
                isOwn: line.isSigned(by: signatory.key.publicKey, orNamed: names))
        }
        let isWithdrawal = { (candidate: Candidate) in
            candidate.statement.predicateType == Withdrawal.predicateType
        }
        candidates = all.filter { !isWithdrawal($0) }
        withdrawn = Set(
            all.filter { $0.isOwn && isWithdrawal($0) }
                .compactMap { try? Withdrawal($0.statement, named: "a withdrawal") }
                .flatMap { $0.attestations.map(\.sha256) })
        self.signatory = signatory
        self.file = file
    }

    /// The outcome of a choice.
    public struct Choice: Sendable {
        /// The line that withdraws the attestations.
        public let line: Data
        /// The digests of their payloads.
        public let digests: [String]
        /// Their lines' numbers.
        public let numbers: [Int]
        /// The numbers of those that the signer's key and certified names do not stand under.
        public let foreignNumbers: [Int]
    }

    /// Signs a withdrawal. The test result that belongs to an audit is withdrawn with it.
    ///
    /// - Parameters:
    ///   - digests: The SHA-256 of the payloads of the attestations. Without any, the only audit of
    ///     the signer's is meant.
    ///   - reason: Why they are withdrawn.
    ///   - date: The current time.
    /// - Returns: The signed line, and what it withdraws.
    /// - Throws: An `InputError` when an attestation is missing, or without digests there is not one
    ///   audit.
    public func withdrawal(
        of digests: [String], reason: String, at date: Date
    ) throws -> Choice {
        let named = digests.isEmpty ? [try onlyAudit] : try digests.map(candidate)
        let subjects = named[0].statement.subjects
        let roots = subjects.map { $0.digest["sha256"] }
        func isOfThese(_ candidate: Candidate) -> Bool {
            candidate.statement.subjects.map { $0.digest["sha256"] } == roots
        }
        guard !roots.contains(nil), named.allSatisfy(isOfThese) else {
            throw InputError(
                file, "has the attestations of different weights",
                remedy: "withdraw those of one model at a time")
        }
        let results = named.compactMap(\.audit).map(TestResult.init)
        let twins = candidates.filter { candidate in
            candidate.isOwn && isOfThese(candidate)
                && (TestResult(candidate.statement).map(results.contains) ?? false)
        }
        var chosen: [Candidate] = []
        for candidate in named + twins
        where !chosen.contains(where: { $0.digest == candidate.digest }) {
            chosen.append(candidate)
        }
        let withdrawal = try Withdrawal(chosen.map(\.digest), reason: reason, at: date)
        return Choice(
            line: try withdrawal.line(about: subjects, by: signatory),
            digests: chosen.map(\.digest), numbers: chosen.map(\.number),
            foreignNumbers: chosen.filter { !$0.isOwn }.map(\.number))
    }

    private var onlyAudit: Candidate {
        get throws {
            let audits = candidates.filter {
                $0.isOwn && $0.audit != nil && !withdrawn.contains($0.digest)
            }
            guard audits.count == 1, let audit = audits.first else {
                throw InputError(
                    file,
                    audits.isEmpty
                        ? "has no audit by this key that was not withdrawn"
                        : "has \(audits.count) audits by this key: "
                            + audits.map(\.title).joined(separator: "; "),
                    remedy: audits.isEmpty
                        ? "give the key that signed it, or say which one with --digest"
                        : "say which one with --digest")
            }
            return audit
        }
    }

    private func candidate(_ digest: String) throws -> Candidate {
        guard let found = candidates.first(where: { $0.digest == digest }) else {
            throw InputError(
                file, "has no attestation with the digest \(digest.prefix(64))",
                remedy: "'temper verify --json' prints the digests; name its file with "
                    + "--attestations")
        }
        return found
    }
}

extension AttestationLine {
    /// Returns whether a key signed the line, or its certificate, which is not verified, has one of
    /// some names.
    fileprivate func isSigned(by key: VerificationKey, orNamed names: Set<String>) -> Bool {
        if let envelope, !envelope.signers(among: [key]).isEmpty { return true }
        guard case .bundle(let bundle) = content, case .certificates(let der) = bundle.material,
            let chain = try? CertificateChain(der: der, named: name),
            let own = try? chain.certifiedNames
        else { return false }
        return !own.isDisjoint(with: names)
    }
}
