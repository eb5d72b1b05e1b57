// SPDX-License-Identifier: Apache-2.0
// The predicate that says what it cost to tamper with a model, as it is signed.

public import Foundation

/// What an audit says of a model's resistance to tampering.
///
/// Field names are those of the eval-result predicate under discussion at in-toto
/// (in-toto/attestation, pull request 575) where it has them. All measured numbers are decimal
/// texts. `Documentation/Attestation.md` describes every field.
public struct TamperResistance: Codable, Sendable, Hashable {
    /// The predicate type; it claims no domain, because the project has none.
    public static let predicateType = "temper:tamper-resistance/v1"
    /// What the types of all versions of this predicate begin with.
    static let predicateFamily = "temper:tamper-resistance/"

    /// Who audited.
    public struct Evaluator: Codable, Sendable, Hashable {
        /// What the signer calls itself; trust rests on the signature and not on this.
        public var id: String
    }

    /// A named thing with its digest.
    public struct Resource: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its digest.
        public var digest: Digest
    }

    /// A SHA-256 in 64 lowercase hexadecimal digits.
    public struct Digest: Codable, Sendable, Hashable {
        /// The digits.
        public var sha256: String
    }

    /// The weights, beyond the digest that the statement's subject has.
    public struct Model: Codable, Sendable, Hashable {
        /// What people call it.
        public var name: String
        /// `safetensors` or `gguf`.
        public var format: String
        /// The architecture's name as its configuration states it.
        public var architecture: String
        /// How many parameters it has.
        public var parameterCount: Int
        /// The storage type of quantised weights.
        public var quantisation: String?
    }

    /// The data that was measured with.
    public struct Suite: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its own version.
        public var version: String
        /// The SHA-256 over its files.
        public var digest: Digest
        /// What it protects: `refusal` or `knowledge restriction`.
        public var safeguard: String
    }

    /// The adversaries together.
    public struct Battery: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The SHA-256 over the canonical content of its adversaries, their names included.
        public var digest: Digest
        /// The limit that was set to an adversary's steps, where there was one.
        public var budgetSteps: DecimalText?
    }

    /// The judge that decides what answers do.
    public struct Judge: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The SHA-256 of its rules and their version, or of weights, template and policy.
        public var digest: Digest
    }

    /// How measures were taken.
    public struct Evaluation: Codable, Sendable, Hashable {
        /// Answers were cut after this many tokens.
        public var answerTokens: Int
        /// How many answers were decoded side by side.
        public var batchSize: Int
        /// How many retain texts the KL divergence was taken over.
        public var divergenceTexts: Int
        /// How many tokens the model might think before it answered; nil where it was told not to.
        public var thinkingTokens: Int?
        /// The judge that decided what answers did; nil in an attestation of an older record.
        public var decidingJudge: Judge?
        /// The identities of judges beside the one that decides; nil without any.
        public var judges: [String]?
    }

    /// What measured.
    public struct Harness: Codable, Sendable, Hashable {
        /// The tool's name.
        public var name: String
        /// Its version.
        public var version: String
        /// The tensor engine's name and version.
        public var engine: String
        /// The digest of its binary, when the record has it.
        public var digest: Digest?
    }

    /// Whether a measure kept to a threshold.
    public struct Claim: Codable, Sendable, Hashable {
        /// The measure.
        public var metric: String
        /// `>=` or `<=`: the side that is good.
        public var comparator: String
        /// What the measure is compared with.
        public var threshold: DecimalText
        /// Whether it kept to it.
        public var passed: Bool
        /// `untampered`, or the name of the adversary at work.
        public var under: String
    }

    /// The bounds of an interval.
    public struct Bounds: Codable, Sendable, Hashable {
        /// The lower bound.
        public var lower: DecimalText
        /// The upper bound; `Infinity` where there is none.
        public var upper: DecimalText
        /// The share of such intervals that cover the truth.
        public var confidence: DecimalText
        /// `wilson`, `normal`, `bootstrap` or `newcombe`.
        public var method: String
    }

    /// A number read off the untampered model.
    public struct Measure: Codable, Sendable, Hashable {
        /// The measure's name.
        public var metric: String
        /// The number.
        public var value: DecimalText
        /// What it may have been with other prompts.
        public var interval: Bounds?
        /// How many prompts or items stand behind it.
        public var sampleSize: Int
        /// What it counts, as in the record.
        public var unit: String
        /// Which prompts: `test` where the suite has them.
        public var split: String
    }

    /// What the model can do, untampered.
    public struct Utility: Codable, Sendable, Hashable {
        /// The audited model's measures on test prompts.
        public var untampered: [Measure]
        /// The same of the model before hardening, when it was at hand.
        public var original: [Measure]?
    }

    /// The capability that the safeguard costs.
    public struct SafetyTax: Codable, Sendable, Hashable {
        /// The measure that was lost: `capability`.
        public var metric: String
        /// Its value before hardening.
        public var original: DecimalText
        /// Its value now, untampered.
        public var untampered: DecimalText
        /// The share of items lost: original less untampered; negative where it gained.
        public var loss: DecimalText
        /// Newcombe's interval of the loss.
        public var interval: Bounds
    }

    /// The prices that dollars were counted at.
    public struct Prices: Codable, Sendable, Hashable {
        /// The rent of the accelerator in US dollars.
        public var dollarsPerHour: DecimalText
        /// The accelerator's peak in floating point operations a second.
        public var peakFlops: DecimalText
        /// The share of the peak that is reached.
        public var utilisation: DecimalText
        /// Which accelerator and precision the peak is of.
        public var accelerator: String
        /// The month of the price.
        public var date: String
    }

    /// The time in which the attestation counts.
    public struct Validity: Codable, Sendable, Hashable {
        /// From this moment.
        public var notBefore: Date
        /// Up to, and not at, this moment.
        public var expires: Date
    }

    /// Who audited.
    public var evaluator: Evaluator
    /// When the audit ended.
    public var evaluatedAt: Date
    /// How much independent work the signer claims.
    public var assuranceLevel: AssuranceLevel
    /// `public-model`: the subject's digest is that of the weights themselves.
    public var subjectProfile: String
    /// The weights by name.
    public var model: Model
    /// The SHA-256 of the signed list of files (the payload of the model's signature): the
    /// subject's digest does not cover the files' names.
    public var modelSignature: Digest
    /// What was measured with.
    public var suite: Suite
    /// What was run.
    public var battery: Battery
    /// The seeds of adversaries that depend on one, as texts.
    public var seeds: [String]
    /// How many trials each adversary with ranges was to search them with, 0 without a search; nil
    /// in attestations of earlier versions of Temper.
    public var trials: Int?
    /// How measures were taken; nil where the record does not state its budget and its settings, as
    /// records of version 1 do not.
    public var evaluation: Evaluation?
    /// What measured.
    public var harness: Harness
    /// Whether the safeguard held, untampered and under each adversary that was measured in whole.
    /// Of adversaries nothing is claimed where the untampered model has no safeguard.
    public var claims: [Claim]
    /// How many restricted test prompts stand behind each claim.
    public var sampleSize: Int
    /// Every adversary of the audit.
    public var adversaries: [AdversaryFinding]
    /// The adversary that broke the safeguard at the least cost, or the one that spent most without
    /// breaking it; nil where the untampered model has no safeguard.
    public var costToBreak: BatteryFinding?
    /// What dollars were counted at.
    public var prices: Prices?
    /// What the model can do, untampered.
    public var utility: Utility
    /// What the safeguard costs, when the model before hardening was at hand.
    public var safetyTax: SafetyTax?
    /// When the attestation counts.
    public var validity: Validity
    /// What was laid down before the audit, when something was.
    public var preRegistration: Resource?
    /// What the numbers can be checked with; the record first.
    public var evidence: [Resource]
}
