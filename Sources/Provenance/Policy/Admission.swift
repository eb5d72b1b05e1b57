// SPDX-License-Identifier: Apache-2.0
// Decides whether a policy admits a model whose signature and weights were verified.

public import Foundation

/// The decision of a policy, with every check that it depends on.
public struct Admission: Sendable {
    /// The most attestations without a trusted signature that are listed: anyone can write them.
    private static let mostUnverified = 16

    /// The attestations in the order of their file, those that only the log has behind them; of those
    /// that are not verified the first.
    public let attestations: [AttestationFinding]
    /// The number of those that are not verified and not listed.
    public let unlistedAttestations: Int
    /// The audits that count, in the same order.
    public let audits: [CountedAudit]
    /// The checks that decide, in order.
    public let outcomes: [VerificationReport.Outcome]

    /// Whether every deciding check passed.
    public var isAdmitted: Bool { outcomes.allSatisfy(\.isPassed) }

    /// Judges a model.
    ///
    /// Everything that is not shown to be good refuses the model. An attestation can only add
    /// evidence: an attestation that is unverified, foreign, expired or revoked counts as if it did
    /// not exist.
    ///
    /// - Parameters:
    ///   - model: The model, with its signature and weights verified.
    ///   - adapter: The adapter on the model, verified too. Only audits of both together count.
    ///   - lines: The attestations that were found, not yet verified.
    ///   - policy: The policy.
    ///   - log: A copy of the log of attestations, if there is one.
    ///   - now: The current time.
    public init(
        of model: VerifiedModel, with adapter: VerifiedModel? = nil,
        attestations lines: [AttestationLine], policy: Policy,
        log: TransparencyLog? = nil, now: Date = Date()
    ) async {
        var judge = AttestationJudge(policy: policy, model: model, adapter: adapter, now: now)
        var beside: [SignedLine] = []
        var budget = VerificationBudget()
        for line in lines where line.proof == nil {
            beside.append(await judge.verify(line, within: &budget))
        }
        judge.evidence = LogEvidence(
            log, proofs: lines.compactMap(\.proof), of: beside, demand: policy.log, now: now
        ) { $0.isAbout(model, with: adapter) }
        // A line beside the model that is not verified shows nothing.
        var seen = Set(beside.compactMap(\.verified?.digest))
        var unseen: [SignedLine] = []
        for entry in judge.evidence.entries where !seen.contains(entry.payloadDigest ?? "") {
            var budget = VerificationBudget()
            let line = await judge.verify(entry, within: &budget)
            if let digest = line.verified?.digest { seen.insert(digest) }
            unseen.append(line)
        }
        judge.withdrawals = Withdrawals(
            among: beside + unseen, isAbout: { $0.isAbout(model, with: adapter) },
            isRevoked: judge.isRevoked)
        let judged = beside.map(judge.judgement)
        let leftOut = unseen.map { judge.judgement($0).finding.leftOut }
        let counted = judged.filter { $0.finding.status == .counted }
        var outcomes = judge.signatureOutcomes
        if policy.unverified == .refuse {
            let foreign = judged.filter(\.isForeign)
            let more = foreign.count - Self.mostUnverified
            let bad =
                foreign.prefix(Self.mostUnverified).map(\.finding.place)
                + (more > 0 ? ["and \(more) more"] : [])
            outcomes.append(
                .init(
                    "attestations", isPassed: bad.isEmpty,
                    bad.isEmpty
                        ? "all are verified and of these weights"
                        : "not verified, or not of these weights: "
                            + bad.joined(separator: ", ")))
        }
        let missing = leftOut.filter { $0.status == .leftOut }
        if let outcome = judge.evidence.outcome(missing: missing) { outcomes.append(outcome) }
        if !policy.auditors.isEmpty {
            outcomes.append(judge.quorum(counted.flatMap(\.auditors)))
            // Every audit that counts must be good enough: the worst one decides.
            outcomes += counted.flatMap { judged in
                judged.limits.map {
                    .init(
                        $0.check, isPassed: $0.isPassed,
                        counted.count > 1 ? "\(judged.finding.place): \($0.detail)" : $0.detail)
                }
            }
        }
        let findings = judged.map(\.finding) + leftOut
        let unverified = findings.indices.filter { findings[$0].status == .unverified }
        let unlisted = Set(unverified.dropFirst(Self.mostUnverified))
        attestations = findings.indices.filter { !unlisted.contains($0) }.map { findings[$0] }
        unlistedAttestations = unlisted.count
        audits = judged.compactMap(\.audit)
        self.outcomes = outcomes
    }
}
