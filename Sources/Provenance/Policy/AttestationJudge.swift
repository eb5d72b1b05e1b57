// SPDX-License-Identifier: Apache-2.0
// Judges the attestations of one verified model by one policy.

import Checkpoints
import Foundation
import JSONText

/// Judges attestations, one by one.
struct AttestationJudge {
    let policy: Policy
    let model: VerifiedModel
    /// The adapter on the model, or nil.
    let adapter: VerifiedModel?
    let now: Date
    /// The withdrawals among the attestations.
    var withdrawals = Withdrawals()
    /// What a log shows about them.
    var evidence = LogEvidence()

    /// The judgement about one attestation.
    struct Judgement {
        var finding: AttestationFinding
        /// The auditors whose signatures on it count.
        var auditors: [PartySigner] = []
        /// The limits that it must satisfy if it counts.
        var limits: [VerificationReport.Outcome] = []
        /// Whether it is unverified or about something else.
        var isForeign = true
        /// The audit, if it counts.
        var audit: CountedAudit?
    }

    /// The signer of files by its name in the policy; nil when the policy does not name it.
    private func signer(of model: VerifiedModel) -> PartySigner? {
        policy.signers.identity(of: model.signer, among: policy.auditors)
    }

    /// Returns whether an auditor signed the weights of the model or of the adapter.
    private func isSigner(_ auditor: PartySigner) -> Bool {
        [model, adapter].compactMap(\.self).contains { part in
            signer(of: part).map(auditor.isSame) ?? (auditor.key == part.signer.key)
        }
    }

    /// The checks whether the policy accepts the signatures.
    var signatureOutcomes: [VerificationReport.Outcome] {
        let outcomes = signatureOutcomes(of: model, called: "")
        guard let adapter else { return outcomes }
        let both = policy.revocations.models.reason(
            for: ModelDigest.root(ofBase: model.digest.root, adapter: adapter.digest.root))
        return outcomes + signatureOutcomes(of: adapter, called: "adapter's ")
            + (both.map {
                [.init("revocation", isPassed: false, "the model with this adapter was \($0)")]
            } ?? [])
    }

    private func signatureOutcomes(
        of model: VerifiedModel, called part: String
    ) -> [VerificationReport.Outcome] {
        let signer = signer(of: model)
        let key = policy.revocations.keys.reason(for: model.signer.key.hint)
        // The same files listed in another order have another root.
        let root =
            policy.revocations.models.reason(for: model.root)
            ?? policy.revocations.models.reason(for: model.digest.root)
        let name = signer?.name ?? "\(model.signer), whom the policy does not name"
        return [
            .init(
                part + "signer", isPassed: signer != nil && key == nil,
                key.map { "\(name): the key was \($0)" } ?? name),
            .init(
                part + "revocation", isPassed: root == nil,
                root.map { "the \(part.isEmpty ? "model" : "adapter") was \($0)" }
                    ?? "the \(part.isEmpty ? "model" : "adapter") is not revoked"),
        ]
    }

    /// Returns whether enough different auditors signed the audits that count.
    func quorum(_ auditors: [PartySigner]) -> VerificationReport.Outcome {
        let least = policy.minimumIndependentAuditors
        let counted = auditors.distinct.filter { least == nil || !$0.contains(where: isSigner) }
        let kind = least == nil ? "audit" : "independent audit"
        let names = counted.compactMap(\.first?.name).sorted().joined(separator: ", ")
        return .init(
            "auditors", isPassed: counted.count >= least ?? 1,
            "\(counted.isEmpty ? "no \(kind) counts" : names), at least \(least ?? 1) needed")
    }

    /// Verifies the signatures of one attestation, as far as the budget of its file allows.
    func verify(
        _ line: AttestationLine, within budget: inout VerificationBudget
    ) async -> SignedLine {
        do {
            return SignedLine(
                line: line,
                attestation: .success(
                    try await line.attestation(
                        by: policy.auditors, among: policy.signers,
                        validation: policy.validation, now: now, within: &budget)))
        } catch {
            return SignedLine(line: line, attestation: .failure(error))
        }
    }

    /// Returns whether the policy revokes a signer's key.
    func isRevoked(_ signer: PartySigner) -> Bool {
        policy.revocations.keys.reason(for: signer.key.hint) != nil
    }

    /// Judges one attestation.
    func judgement(_ line: SignedLine) -> Judgement {
        var judgement = Judgement(
            finding: .init(
                line: line.line.number, isLogged: line.line.isLogged ? true : nil,
                status: .unverified))
        do {
            try judge(line, &judgement)
        } catch let error as InputError {
            // The detail is shown beside the line's name, so the name is removed from it.
            let (text, name) = ("\(error)", "\(line.line.name): ")
            judgement.finding.detail =
                text.hasPrefix(name) ? String(text.dropFirst(name.count)) : text
        } catch let error as VerificationFailure {
            judgement.finding.detail = "\(error.problem); \(error.remedy)"
        } catch {
            judgement.finding.detail = "\(error)"
        }
        // A stranger may have written what is quoted.
        let most = VerificationReport.Outcome.longestDetail
        judgement.finding.detail = judgement.finding.detail.onOneLine(length: most)
        judgement.finding.predicateType = judgement.finding.predicateType?.onOneLine(length: most)
        return judgement
    }

    private func judge(_ line: SignedLine, _ judgement: inout Judgement) throws {
        let attestation = try line.attestation.get()
        judgement.finding.digest = attestation.digest
        judgement.finding.signers = attestation.signers.map(\.name)
        let statement = try attestation.statement
        judgement.finding.predicateType = statement.predicateType
        judgement.finding.status = .notCounted
        guard statement.isAbout(model, with: adapter) else {
            let roots = statement.subjects.map { "\($0.digest["sha256"]?.prefix(16) ?? "none")…" }
            judgement.finding.detail =
                "is of other weights, with the root \(roots.joined(separator: " and the adapter "))"
            return
        }
        guard statement.predicateType != Withdrawal.predicateType else {
            judgement.isForeign = false
            let content = try Withdrawal(statement, named: line.line.name)
            let (isValid, text) = withdrawals.effect(
                of: content, by: attestation.signers.filter { !isRevoked($0) })
            judgement.finding.status = isValid ? .other : .notCounted
            judgement.finding.detail = text
            return
        }
        let standing = standing(attestation)
        if let reason = standing.withdrawal {
            judgement.isForeign = false
            judgement.finding.status = .withdrawn
            judgement.finding.detail = "was \(reason)"
            return
        }
        guard statement.predicateType != TestResult.predicateType else {
            judgement.isForeign = false
            judgement.finding.status = .other
            judgement.finding.detail = "the same as a test result, for other tools"
            return
        }
        let audit = try TamperResistance(statement, named: line.line.name)
        judgement.finding.assuranceLevel = audit.assuranceLevel
        guard audit.isBound(to: model, with: adapter) else {
            judgement.finding.detail =
                "is of another signed list of these files: names or ignored paths differ"
            return
        }
        judgement.isForeign = false
        if let reason = reason(against: audit, attestation, standing.signers) {
            judgement.finding.detail = reason
            return
        }
        weigh(audit, attestation, line.line, standing.signers, &judgement)
    }

    /// Returns the signers whose signature still counts: those whose key was not revoked, and who did
    /// not withdraw the attestation. If there are none because of withdrawals, says why.
    private func standing(
        _ attestation: VerifiedAttestation
    ) -> (signers: [PartySigner], withdrawal: String?) {
        let valid = attestation.signers.filter { !isRevoked($0) }
        let withdrawn = valid.map { withdrawals.reason(for: attestation.digest, by: $0) }
        let signers = zip(valid, withdrawn).filter { $0.1 == nil }.map(\.0)
        return (signers, signers.isEmpty ? withdrawn.compactMap(\.self).first : nil)
    }

    /// Returns why an audit of these weights is not valid now; nil if it is.
    private func reason(
        against audit: TamperResistance, _ attestation: VerifiedAttestation,
        _ standing: [PartySigner]
    ) -> String? {
        if let reason = policy.revocations.attestations.reason(for: attestation.digest) {
            return "it was \(reason)"
        }
        if standing.isEmpty, let signer = attestation.signers.first,
            let reason = policy.revocations.keys.reason(for: signer.key.hint)
        {
            return "the key of its signer was \(reason)"
        }
        let beginning = max(audit.validity.notBefore, audit.evaluatedAt)
        if now < beginning {
            return "lies in the future: it is valid from \(beginning.formatted(.iso8601))"
        }
        if now >= audit.validity.expires {
            return "expired at \(audit.validity.expires.formatted(.iso8601))"
        }
        return nil
    }

    /// Checks a valid audit against the policy.
    private func weigh(
        _ audit: TamperResistance, _ attestation: VerifiedAttestation, _ line: AttestationLine,
        _ standing: [PartySigner], _ judgement: inout Judgement
    ) {
        let isIndependent = !standing.allSatisfy(isSigner)
        let eligibility =
            policy.eligibility(of: audit, isIndependent: isIndependent, now: now)
            + (policy.log.map { [evidence.outcome(for: attestation.digest, in: $0)] } ?? [])
        judgement.limits = policy.limits(on: audit)
        judgement.finding.checks = eligibility + judgement.limits
        let lacks = eligibility.filter { !$0.isPassed }
        guard lacks.isEmpty else {
            judgement.finding.detail = lacks.map { "\($0.check): \($0.detail)" }
                .joined(separator: "; ")
            return
        }
        judgement.finding.status = .counted
        judgement.finding.detail = audit.summary
        judgement.auditors = standing
        judgement.audit = CountedAudit(
            line: line, digest: attestation.digest, signers: standing.map(\.name),
            isIndependent: isIndependent, content: audit)
    }
}
