// SPDX-License-Identifier: Apache-2.0
// The conditions for admitting a model: who signed it, who audited it, and what the audit must
// show.

public import Foundation
public import Records

/// A policy, read from YAML. `Documentation/Attestation.md` describes its keys.
public struct Policy: Sendable {
    /// A suite, battery or judge that an audit must have used.
    public struct Requirement: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its SHA-256. A file that names one of Temper's own may leave it out.
        public var digest: String
    }

    /// How an audit must have measured. What is nil is not asked.
    public struct Measuring: Sendable, Hashable {
        /// The number of tokens after which answers were cut.
        public var answerTokens: Int?
        /// How many tokens a model might use for thinking before it answered; 0 for none.
        public var thinkingTokens: Int?
    }

    /// The adversaries that must have paid at least the amount.
    public enum Adversary: Sendable, Hashable {
        /// The cheapest that broke the safeguard. If none did, the largest budget counts.
        case any
        /// Every adversary. If one did not break the safeguard, its own budget counts.
        case each
        /// The adversary with this name.
        case named(String)
    }

    /// The least that breaking the safeguard must cost.
    public struct MinimumCost: Sendable, Hashable {
        /// The quantity.
        public var quantity: CostQuantity
        /// The least amount.
        public var amount: Double
        /// The adversaries whose cost counts.
        public var adversary: Adversary
    }

    /// The treatment of attestations that do not verify.
    public enum Unverified: String, Sendable, Hashable, CaseIterable {
        /// They are reported, but do not count.
        case ignore
        /// One of them is enough to refuse the model.
        case refuse
    }

    /// The policy's name.
    public var name: String
    /// The parties that may have signed the weights.
    public var signers: [Party]
    /// The parties that may have audited them. Without any, the signature alone decides.
    public var auditors: [Party] = []
    /// The suite.
    public var suite: Requirement?
    /// When the safeguard counts as broken in that suite; nil where the policy does not say it, and
    /// the auditor's word counts.
    public var thresholds: Thresholds?
    /// The battery.
    public var battery: Requirement?
    /// The judge that must have decided what answers did.
    public var decidedBy: Requirement?
    /// How measures must have been taken.
    public var evaluation = Measuring()
    /// The least number of search trials for each adversary with ranges.
    public var minimumTrials: Int?
    /// The prices at which dollars are counted, whatever the audit's own prices were.
    public var prices = Prices()
    /// The SHA-256 root of the model before hardening, by which the safety tax must be taken; nil
    /// accepts any.
    public var original: String?
    /// The least costs of breaking the safeguard.
    public var minimumCosts: [MinimumCost] = []
    /// The greatest share of capability items that the safeguard may cost.
    public var maximumSafetyTax: Double?
    /// The least number of seeds of the audit.
    public var minimumSeeds: Int?
    /// The greatest age of the audit, from its end.
    public var maximumAge: Period?
    /// The least assurance level of the audit.
    public var minimumAssurance: AssuranceLevel?
    /// The least number of auditors other than the weights' signer.
    public var minimumIndependentAuditors: Int?
    /// The log that audits must be in; nil asks for none.
    public var log: Log?
    /// The treatment of attestations that do not verify.
    public var unverified = Unverified.ignore
    /// Revoked keys, models and attestations.
    public var revocations = Revocations()
    /// The timestamps and revocation lists by which certificates are judged.
    public var validation = CertificateValidation()

    /// The keys, roots and identities that may have signed the weights.
    public var trust: Trust {
        var trust = signers.trust
        trust.validation = validation
        return trust
    }

    /// Makes a policy that requires a signature, and of an audit only that it is signed.
    public init(name: String, signers: [Party], auditors: [Party] = []) {
        self.name = name
        self.signers = signers
        self.auditors = auditors
    }
}

/// Revoked keys, models and attestations.
public struct Revocations: Sendable, Hashable {
    /// One revocation.
    public struct Entry: Sendable, Hashable {
        /// A key's hint, a model's root, or the SHA-256 of an attestation's payload.
        public var digest: String
        /// The reason.
        public var reason: String
        /// The date, for information only: a stolen key can sign any date, so the entry always
        /// counts.
        public var date: Date
    }

    /// Keys by their hints.
    public var keys: [Entry] = []
    /// Models by their roots.
    public var models: [Entry] = []
    /// Attestations by the digests of their payloads.
    public var attestations: [Entry] = []
}

extension [Revocations.Entry] {
    /// Returns the reason and date of a digest's entry as text; nil when it is not revoked.
    func reason(for digest: String) -> String? {
        first { $0.digest == digest }.map { entry in
            "revoked on \(entry.date.formatted(.iso8601.year().month().day())): \(entry.reason)"
        }
    }
}
