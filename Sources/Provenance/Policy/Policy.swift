// SPDX-License-Identifier: Apache-2.0
// What a model needs to be admitted: who signed it, who audited it, and what the audit must say.

public import Foundation
public import Records

/// A policy, read from YAML; `Documentation/Attestation.md` describes its keys.
public struct Policy: Sendable {
    /// A suite, battery or judge that an audit must have used.
    public struct Requirement: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its SHA-256; nil takes the name's word.
        public var digest: String?
    }

    /// Which adversary must have paid so much.
    public enum Adversary: Sendable, Hashable {
        /// The cheapest that broke the safeguard; where none did, the largest budget counts.
        case any
        /// Each on its own; where one did not break the safeguard, its own budget counts.
        case each
        /// The one of this name.
        case named(String)
    }

    /// The least that breaking the safeguard must cost.
    public struct MinimumCost: Sendable, Hashable {
        /// What is counted.
        public var quantity: CostQuantity
        /// The least amount.
        public var amount: Double
        /// Whose cost it is.
        public var adversary: Adversary
    }

    /// What becomes of attestations that do not verify.
    public enum Unverified: String, Sendable, Hashable, CaseIterable {
        /// They are named and count for nothing.
        case ignore
        /// One of them is enough to refuse the model.
        case refuse
    }

    /// The policy's name.
    public var name: String
    /// Who may have signed the weights.
    public var signers: [Party]
    /// Who may have audited them; without any, the signature alone decides.
    public var auditors: [Party] = []
    /// The suite.
    public var suite: Requirement?
    /// The battery.
    public var battery: Requirement?
    /// The judge that must have decided what answers did.
    public var decidedBy: Requirement?
    /// What breaking the safeguard must cost at least.
    public var minimumCosts: [MinimumCost] = []
    /// The greatest share of capability items that the safeguard may cost.
    public var maximumSafetyTax: Double?
    /// With how many seeds the audit must have run.
    public var minimumSeeds: Int?
    /// How long ago the audit may have ended.
    public var maximumAge: Period?
    /// How much independent work must stand behind the audit.
    public var minimumAssurance: AssuranceLevel?
    /// How many auditors other than the weights' signer there must be.
    public var minimumIndependentAuditors: Int?
    /// What becomes of attestations that do not verify.
    public var unverified = Unverified.ignore
    /// What counts no longer.
    public var revocations = Revocations()

    /// A policy that asks no more than a signature, and of an audit that somebody signed it.
    public init(name: String, signers: [Party], auditors: [Party] = []) {
        self.name = name
        self.signers = signers
        self.auditors = auditors
    }
}

/// Keys, models and attestations that count no longer.
public struct Revocations: Sendable, Hashable {
    /// One of them.
    public struct Entry: Sendable, Hashable {
        /// A key's hint, a model's root, or the SHA-256 of an attestation's payload.
        public var digest: String
        /// Why.
        public var reason: String
        /// Since when, for the reader: a stolen key signs any date, so the entry counts always.
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
    /// Returns the reason and date of a digest's entry, as people read them; nil when it is not
    /// revoked.
    func reason(for digest: String) -> String? {
        first { $0.digest == digest }.map { entry in
            "revoked on \(entry.date.formatted(.iso8601.year().month().day())): \(entry.reason)"
        }
    }
}
