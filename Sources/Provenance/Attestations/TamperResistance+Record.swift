// SPDX-License-Identifier: Apache-2.0
// Makes the signed predicate from an audit's record.

import Checkpoints
import Crypto
public import Foundation
import JSONText
public import Records

extension TamperResistance {
    /// What the signer adds to a record.
    public struct Terms: Sendable, Hashable {
        /// The name that the signer uses.
        public var evaluator: String
        /// How much independent work the signer claims.
        public var level: AssuranceLevel
        /// The time in which the attestation is valid.
        public var validity: Validity
        /// A document that was fixed before the audit.
        public var preRegistration: Resource?
        /// Further evidence, beside the record.
        public var evidence: [Resource]

        /// Makes terms.
        public init(
            evaluator: String, level: AssuranceLevel, validity: Validity,
            preRegistration: Resource? = nil, evidence: [Resource] = []
        ) {
            self.evaluator = evaluator
            self.level = level
            self.validity = validity
            self.preRegistration = preRegistration
            self.evidence = evidence
        }
    }

    /// Makes the predicate of a record.
    ///
    /// - Parameters:
    ///   - record: A record without contradictions.
    ///   - json: The bytes of its file.
    ///   - payload: The payload of the model's signature.
    ///   - adapterPayload: The payload of the signature of the adapter on the model.
    ///   - terms: The terms that the signer adds.
    /// - Throws: `EncodingError` when an adversary cannot be written as JSON.
    public init(
        _ record: AuditRecord, json: Data, payload: Data, adapterPayload: Data? = nil, terms: Terms
    ) throws {
        try self.init(
            record, json: json, list: Digest(of: payload),
            adapterList: adapterPayload.map { Digest(of: $0) }, terms: terms)
    }

    /// Makes the predicate of a record from the digests of the signed lists.
    init(
        _ record: AuditRecord, json: Data, list: Digest, adapterList: Digest?, terms: Terms
    ) throws {
        evaluator = Evaluator(id: terms.evaluator)
        evaluatedAt = record.createdAt
        assuranceLevel = terms.level
        subjectProfile = "public-model"
        model = Model(record.model)
        modelSignature = list
        adapterSignature = adapterList
        suite = Suite(
            name: record.suite.name, version: record.suite.version,
            digest: Digest(sha256: record.suite.digest), safeguard: record.suite.safeguard)
        thresholds = Limits(record.thresholds)
        battery = Battery(
            name: record.battery,
            digest: Digest(sha256: try record.batteryDigest),
            budgetSteps: record.budget.steps.map(DecimalText.init))
        trials = record.trials
        evaluation = record.evaluation.map(Evaluation.init)
        seeds = record.seeds.map(String.init)
        harness = Harness(
            name: "temper", version: record.temperVersion, engine: record.engineVersion)
        adversaries = try record.adversaries.map { try AdversaryFinding($0, in: record) }
        claims = Self.claims(of: record, adversaries: adversaries)
        sampleSize = record.baseline.first(record.thresholds.measure)?.count ?? 0
        costToBreak = record.clearBatteryOutcome.flatMap { outcome in
            CostFinding(outcome.cost).map {
                BatteryFinding(adversary: outcome.adversary, typical: $0)
            }
        }
        prices = Prices(record.prices)
        utility = Utility(
            untampered: record.baseline.reported, original: record.original?.reported)
        baseModel = record.baseModel.map {
            Resource(name: $0.name, digest: Digest(sha256: $0.digest))
        }
        safetyTax = SafetyTax(of: record)
        validity = terms.validity
        preRegistration = terms.preRegistration
        evidence = [Resource(name: "record.json", digest: Digest(of: json))] + terms.evidence
    }

    /// Returns one claim about the untampered model, and one about each adversary that is not
    /// unclear.
    private static func claims(
        of record: AuditRecord, adversaries: [AdversaryFinding]
    ) -> [Claim] {
        let thresholds = record.thresholds
        guard let threshold = DecimalText(thresholds.safeguard) else { return [] }
        func claim(_ passed: Bool, under: String) -> Claim {
            Claim(
                metric: thresholds.measure,
                comparator: thresholds.brokenWhen == .below ? ">=" : "<=",
                threshold: threshold, passed: passed, under: under)
        }
        // Without a possible number nothing can be claimed.
        if record.safeguard == .unknown { return [] }
        return [claim(record.safeguard == .stands, under: untamperedName)]
            + adversaries.compactMap { adversary in
                switch record.resistance(to: adversary.name) {
                case .broken: claim(false, under: adversary.name)
                case .held: claim(true, under: adversary.name)
                case .unclear, nil: nil
                }
            }
    }

    /// The value of `under` in claims about the untampered model.
    public static let untamperedName = "untampered"
}

extension TamperResistance.Digest {
    /// Computes the digest of bytes.
    public init(of data: Data) {
        sha256 = SHA256.hash(data: data).hexadecimal
    }
}

extension TamperResistance.Resource {
    /// Names some bytes.
    public init(name: String, data: Data) {
        self.init(name: name, digest: .init(of: data))
    }
}

extension TamperResistance.Validity {
    /// Makes a validity of some length from a moment on.
    public init(notBefore: Date, lasting period: Period) {
        self.init(notBefore: notBefore, expires: notBefore + period.seconds)
    }
}

extension AuditRecord {
    /// The digest of the battery that was run, independent of its name.
    public var batteryDigest: String {
        get throws {
            TamperResistance.Digest(of: try batteryAdversaries.canonicalBattery()).sha256
        }
    }
}

extension TamperResistance.Limits {
    /// Takes thresholds, or nil when one is not a number.
    fileprivate init?(_ thresholds: Thresholds) {
        guard let safeguard = DecimalText(thresholds.safeguard),
            let utilityLoss = DecimalText(thresholds.utilityLoss),
            let coherence = DecimalText(thresholds.coherence)
        else { return nil }
        self.init(
            metric: thresholds.measure, brokenWhen: thresholds.brokenWhen, safeguard: safeguard,
            utilityLoss: utilityLoss, coherence: coherence)
    }

    /// The thresholds as a record and a suite state them.
    var thresholds: Thresholds {
        Thresholds(
            measure: metric, brokenWhen: brokenWhen, safeguard: safeguard.value,
            utilityLoss: utilityLoss.value, coherence: coherence.value)
    }

    /// The good side of the safeguard's threshold.
    var comparator: String { brokenWhen == .below ? ">=" : "<=" }
}

extension TamperResistance.Evaluation {
    fileprivate init(_ settings: EvaluationSettings) {
        answerTokens = settings.answerTokens
        batchSize = settings.batchSize
        divergenceTexts = settings.divergenceTexts
        thinkingTokens = settings.thinkingTokens
        decidingJudge = settings.decidingJudge.map {
            .init(name: $0.name, digest: .init(sha256: $0.digest))
        }
        judges = settings.judges
        templateDate = settings.templateDate
        chatTemplate = settings.chatTemplate.map { .init(sha256: $0) }
    }
}

extension TamperResistance {
    /// Whether the untampered model has the safeguard, according to the claims.
    var safeguard: SafeguardStatus {
        let claims = claims.filter { $0.under == Self.untamperedName }
        return claims.isEmpty ? .unknown : claims.allSatisfy(\.passed) ? .stands : .absent
    }

    /// The adversaries for which the audit does not show whether the safeguard held.
    var unclearAdversaries: [AdversaryFinding] {
        adversaries.filter { !$0.isControl && $0.shownResistance == .unclear }
    }
}

extension TamperResistance.Model {
    fileprivate init(_ model: ModelIdentity) {
        name = model.name
        format = model.format
        architecture = model.architecture
        parameterCount = model.parameterCount
        quantisation = model.quantisation
    }
}

extension TamperResistance.Prices {
    /// Takes prices, or nil when one is not a number.
    fileprivate init?(_ prices: Records.Prices) {
        guard let dollarsPerHour = DecimalText(prices.dollarsPerHour),
            let peakFlops = DecimalText(prices.peakFlops),
            let utilisation = DecimalText(prices.utilisation)
        else { return nil }
        self.init(
            dollarsPerHour: dollarsPerHour, peakFlops: peakFlops, utilisation: utilisation,
            accelerator: prices.accelerator, date: prices.date)
    }
}

extension TamperResistance.SafetyTax {
    /// Computes the capability lost by hardening, on the split that both models were measured on.
    fileprivate init?(of record: AuditRecord) {
        let metric = MeasureName.capability
        guard let now = record.baseline.first(metric),
            let before = record.original?.first(metric, preferring: now.split),
            now.split == before.split,
            let difference = RateDifference(before, minus: now),
            let original = DecimalText(before.value), let untampered = DecimalText(now.value),
            let loss = DecimalText(difference.difference),
            let interval = TamperResistance.Bounds(
                lower: difference.lower, upper: difference.upper,
                confidence: difference.confidence, method: "newcombe")
        else { return nil }
        self.init(
            metric: metric, original: original, untampered: untampered, loss: loss,
            interval: interval)
    }
}

extension TamperResistance.Bounds {
    init?(lower: Double, upper: Double, confidence: Double, method: String) {
        guard let lower = DecimalText(lower), let upper = DecimalText(upper),
            let confidence = DecimalText(confidence)
        else { return nil }
        self.init(lower: lower, upper: upper, confidence: confidence, method: method)
    }

    init?(_ interval: Interval) {
        self.init(
            lower: interval.lower, upper: interval.upper, confidence: interval.confidence,
            method: interval.method.rawValue)
    }
}

extension [MeasuredValue] {
    /// The measures on test prompts, or on others where a measure was not taken there. Values that
    /// are not numbers are left out.
    fileprivate var reported: [TamperResistance.Measure] {
        let tested = Set(filter { $0.split == .test }.map(\.measure))
        return filter { $0.split == .test || !tested.contains($0.measure) }.compactMap { measured in
            DecimalText(measured.value).map { value in
                TamperResistance.Measure(
                    metric: measured.measure, value: value,
                    interval: measured.interval.flatMap(TamperResistance.Bounds.init),
                    sampleSize: measured.count, unit: measured.unit.rawValue,
                    split: measured.split.rawValue)
            }
        }
    }
}
