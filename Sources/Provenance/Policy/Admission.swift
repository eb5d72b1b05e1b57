// SPDX-License-Identifier: Apache-2.0
// Whether a model whose signature and weights were verified is admitted by a policy.

public import Foundation

/// The answer of a policy, with every question that decides it.
public struct Admission: Sendable {
    /// The attestations in the order of their file.
    public let attestations: [AttestationFinding]
    /// What decides, in the order in which it was asked.
    public let outcomes: [VerificationReport.Outcome]

    /// Whether all that decides is as the policy needs it.
    public var isAdmitted: Bool { outcomes.allSatisfy(\.isPassed) }

    /// Judges a model.
    ///
    /// Whatever is not shown to be good refuses the model: an attestation can only add to what is
    /// known, so that one which is unverified, foreign, expired or revoked is as good as none.
    ///
    /// - Parameters:
    ///   - model: The model, with its signature and weights verified.
    ///   - lines: The attestations that were found, not yet verified.
    ///   - policy: What is needed.
    ///   - now: The present.
    public init(
        of model: VerifiedModel, attestations lines: [AttestationLine], policy: Policy,
        now: Date = Date()
    ) async {
        let judge = AttestationJudge(policy: policy, model: model, now: now)
        var judged: [AttestationJudge.Judgement] = []
        for line in lines { judged.append(await judge.judgement(line)) }
        let counted = judged.filter { $0.finding.status == .counted }
        var outcomes = judge.signatureOutcomes
        if policy.unverified == .refuse {
            let bad = judged.filter(\.isForeign).map { "line \($0.finding.line)" }
            outcomes.append(
                .init(
                    "attestations", isPassed: bad.isEmpty,
                    bad.isEmpty
                        ? "all are verified and of these weights"
                        : "not verified, or not of these weights: "
                            + bad.joined(separator: ", ")))
        }
        if !policy.auditors.isEmpty {
            outcomes.append(judge.quorum(counted.flatMap(\.auditors)))
            // Every audit that counts must be good enough: the worst decides.
            outcomes += counted.flatMap { judged in
                judged.limits.map {
                    .init(
                        $0.check, isPassed: $0.isPassed,
                        counted.count > 1 ? "line \(judged.finding.line): \($0.detail)" : $0.detail)
                }
            }
        }
        attestations = judged.map(\.finding)
        self.outcomes = outcomes
    }
}
