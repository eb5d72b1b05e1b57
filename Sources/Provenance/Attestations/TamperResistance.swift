// SPDX-License-Identifier: Apache-2.0
// The signed predicate that states the cost of tampering with a model.

public import Foundation
public import Records

/// An audit's statement about a model's resistance to tampering.
///
/// Where the eval-result predicate under discussion at in-toto (in-toto/attestation, pull request
/// 575) has a field, the name is the same. All measured numbers are decimal texts.
/// `Documentation/Attestation.md` describes every field.
public struct TamperResistance: Codable, Sendable, Hashable {
    /// The predicate type. It names no domain, because the project has none.
    public static let predicateType = "temper:tamper-resistance/v1"
    /// The prefix of the types of all versions of this predicate.
    static let predicateFamily = "temper:tamper-resistance/"

    /// The auditor.
    public struct Evaluator: Codable, Sendable, Hashable {
        /// The name that the signer uses. Trust depends on the signature and not on this name.
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

    /// The weights, in addition to the digest in the statement's subject.
    public struct Model: Codable, Sendable, Hashable {
        /// The model's usual name.
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

    /// The data used for measuring.
    public struct Suite: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The suite's own version.
        public var version: String
        /// The SHA-256 over its files.
        public var digest: Digest
        /// The safeguard that it tests: `refusal` or `knowledge restriction`.
        public var safeguard: String
    }

    /// The set of adversaries.
    public struct Battery: Codable, Sendable, Hashable {
        /// Its name.
        public var name: String
        /// The SHA-256 over the canonical content of its adversaries, their names included.
        public var digest: Digest
        /// The limit on an adversary's steps, if one was set.
        public var budgetSteps: DecimalText?
    }

    /// When the safeguard counts as broken: the thresholds of the suite.
    public struct Limits: Codable, Sendable, Hashable {
        /// The safeguard's measure.
        public var metric: String
        /// The side of `safeguard` on which the safeguard is broken: `below` or `above`.
        public var brokenWhen: Thresholds.Side
        /// The value of the measure at which the safeguard breaks.
        public var safeguard: DecimalText
        /// The greatest share of the untampered model's capability that an attack may lose.
        public var utilityLoss: DecimalText
        /// The least share of coherent answers.
        public var coherence: DecimalText
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
        /// The number of tokens after which answers were cut.
        public var answerTokens: Int
        /// How many answers were decoded side by side.
        public var batchSize: Int
        /// The number of retain texts over which the KL divergence was computed.
        public var divergenceTexts: Int
        /// How many tokens the model might use for thinking before it answered; nil where thinking
        /// was turned off.
        public var thinkingTokens: Int?
        /// The judge that decided what answers did; nil in an attestation of an older record.
        public var decidingJudge: Judge?
        /// The identities of the other judges; nil without any.
        public var judges: [String]?
        /// The date that the chat template got; nil if it does not ask for one.
        public var templateDate: String?
        /// The SHA-256 of the chat template, if it was not the checkpoint's own.
        public var chatTemplate: Digest?
    }

    /// The tool that measured.
    public struct Harness: Codable, Sendable, Hashable {
        /// The tool's name.
        public var name: String
        /// Its version.
        public var version: String
        /// The tensor engine's name and version.
        public var engine: String
        /// The digest of its binary, if the record has it.
        public var digest: Digest?
    }

    /// Whether a measure satisfied a threshold.
    public struct Claim: Codable, Sendable, Hashable {
        /// The measure.
        public var metric: String
        /// `>=` or `<=`: the good side.
        public var comparator: String
        /// The value that the measure is compared with.
        public var threshold: DecimalText
        /// Whether the measure satisfied the threshold.
        public var passed: Bool
        /// `untampered`, or the name of the adversary.
        public var under: String
    }

    /// The bounds of an interval.
    public struct Bounds: Codable, Sendable, Hashable {
        /// The lower bound.
        public var lower: DecimalText
        /// The upper bound; `Infinity` where there is none.
        public var upper: DecimalText
        /// The share of such intervals that contain the true value.
        public var confidence: DecimalText
        /// `wilson`, `normal`, `bootstrap` or `newcombe`.
        public var method: String
    }

    /// A measured value of the untampered model.
    public struct Measure: Codable, Sendable, Hashable {
        /// The measure's name.
        public var metric: String
        /// The number.
        public var value: DecimalText
        /// The interval of its value over other prompts.
        public var interval: Bounds?
        /// The number of prompts or items measured.
        public var sampleSize: Int
        /// The unit, as in the record.
        public var unit: String
        /// The split of the prompts: `test` where the suite has one.
        public var split: String
    }

    /// The capabilities of the untampered model.
    public struct Utility: Codable, Sendable, Hashable {
        /// The audited model's measures on test prompts.
        public var untampered: [Measure]
        /// The same for the model before hardening, if it was available.
        public var original: [Measure]?
    }

    /// The capability that the safeguard costs.
    public struct SafetyTax: Codable, Sendable, Hashable {
        /// The measure: `capability`.
        public var metric: String
        /// Its value before hardening.
        public var original: DecimalText
        /// Its value for the audited model, untampered.
        public var untampered: DecimalText
        /// The share of items lost: original minus untampered; negative for a gain.
        public var loss: DecimalText
        /// Newcombe's interval of the loss.
        public var interval: Bounds
    }

    /// The prices used for dollars.
    public struct Prices: Codable, Sendable, Hashable {
        /// The rent of the accelerator in US dollars.
        public var dollarsPerHour: DecimalText
        /// The accelerator's peak in floating point operations a second.
        public var peakFlops: DecimalText
        /// The share of the peak that is reached.
        public var utilisation: DecimalText
        /// The accelerator and precision of the peak.
        public var accelerator: String
        /// The month of the price.
        public var date: String
    }

    /// The time in which the attestation is valid.
    public struct Validity: Codable, Sendable, Hashable {
        /// The first moment.
        public var notBefore: Date
        /// The end, which is not included.
        public var expires: Date
    }

    /// The auditor.
    public var evaluator: Evaluator
    /// When the audit ended.
    public var evaluatedAt: Date
    /// How much independent work the signer claims.
    public var assuranceLevel: AssuranceLevel
    /// `public-model`: the subject's digest is that of the weights themselves.
    public var subjectProfile: String
    /// The weights by name.
    public var model: Model
    /// The SHA-256 of the signed list of files (the payload of the model's signature). It is needed
    /// because the subject's digest does not cover the files' names.
    public var modelSignature: Digest
    /// The same of the adapter, which is the second subject; nil for a model without one.
    public var adapterSignature: Digest?
    /// The data used for measuring.
    public var suite: Suite
    /// When the safeguard counts as broken; nil in attestations of earlier versions of Temper.
    public var thresholds: Limits?
    /// The battery that was run.
    public var battery: Battery
    /// The seeds of adversaries that depend on a seed, as texts.
    public var seeds: [String]
    /// The number of search trials for each adversary with ranges, 0 without a search; nil in
    /// attestations of earlier versions of Temper.
    public var trials: Int?
    /// How measures were taken; nil where the record does not state its budget and its settings, as
    /// in records of version 1.
    public var evaluation: Evaluation?
    /// The tool that measured.
    public var harness: Harness
    /// Whether the safeguard held, untampered and under each adversary that was fully measured. If
    /// the untampered model has no safeguard, there are no claims about adversaries.
    public var claims: [Claim]
    /// The number of restricted test prompts behind each claim.
    public var sampleSize: Int
    /// Every adversary of the audit.
    public var adversaries: [AdversaryFinding]
    /// The adversary that broke the safeguard at the least cost, or the one that spent most without
    /// breaking it; nil where the untampered model has no safeguard.
    public var costToBreak: BatteryFinding?
    /// The prices used for dollars.
    public var prices: Prices?
    /// The capabilities of the untampered model.
    public var utility: Utility
    /// The model before hardening, by which the safety tax is taken; nil where it is not known.
    public var baseModel: Resource?
    /// The cost of the safeguard, if the model before hardening was available.
    public var safetyTax: SafetyTax?
    /// The time in which the attestation is valid.
    public var validity: Validity
    /// A document that was fixed before the audit, if there is one.
    public var preRegistration: Resource?
    /// The files with which the numbers can be checked; the record is first.
    public var evidence: [Resource]
}
