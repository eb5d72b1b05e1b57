// SPDX-License-Identifier: Apache-2.0
// The result of a verification, check by check, for people and for programs.

import Checkpoints
public import Foundation
import JSONText

/// The outcomes of all checks of a model.
public struct VerificationReport: Sendable, Encodable {
    /// One check and its outcome.
    public struct Outcome: Sendable, Hashable, Codable {
        /// The name of the check.
        public let check: String

        /// Whether it passed.
        public let isPassed: Bool

        /// The finding, in one line.
        public let detail: String

        private enum CodingKeys: String, CodingKey {
            case check, detail
            case isPassed = "passed"
        }

        /// Makes the outcome of a check.
        ///
        /// - Parameters:
        ///   - check: The name of the check.
        ///   - isPassed: Whether it passed.
        ///   - detail: The finding, in one line.
        public init(_ check: String, isPassed: Bool, _ detail: String) {
            self.check = check
            self.isPassed = isPassed
            // It may quote what a stranger wrote.
            self.detail = detail.onOneLine(length: Self.longestDetail)
        }

        /// The most characters of a finding.
        static let longestDetail = 1_000
    }

    /// The checks in the order in which they were made.
    public var outcomes: [Outcome]

    /// Messages that the user should see, but that do not change the answer.
    public var warnings: [String] = []

    /// The verified model; nil when its signature or its files failed, or those of the adapter.
    public let model: VerifiedModel?

    /// The verified adapter on the model; nil without one.
    public let adapter: VerifiedModel?

    /// The findings about the attestations beside the model.
    public private(set) var attestations: [AttestationFinding] = []

    /// The number of attestations that are not verified and not listed, because there are many.
    public private(set) var unlistedAttestations = 0
    /// The audits of the verified model that count; without a policy, those that are valid now.
    public private(set) var audits: [CountedAudit] = []

    /// The policy's decision about the verified model; nil when no policy was applied.
    public private(set) var admission: Admission?

    /// The name of that policy.
    public private(set) var policy: String?

    /// Whether every check passed, the policy's included.
    public var isVerified: Bool {
        model != nil && outcomes.allSatisfy(\.isPassed) && admission?.isAdmitted ?? true
    }

    /// The most files without a signature that warnings name.
    private static let mostUnsigned = 16

    /// Verifies a model's signature and files, and those of the adapter on it.
    ///
    /// - Parameters:
    ///   - model: A directory or a single file.
    ///   - adapter: The directory of the adapter, which has a signature of its own.
    ///   - signature: The model's signature; nil for ``ModelSignature/location(of:)``.
    ///   - trust: The keys and roots whose signatures count.
    ///   - now: The time at which certificates must be valid.
    ///   - selection: The files that are read, and held open to be read from ``model``.
    /// - Throws: An `InputError` when something cannot be read. A check that fails is an outcome.
    public init(
        on model: URL, adapter: URL? = nil, signature: URL? = nil, trust: Trust,
        now: Date = Date(), selection: FileSelection = FileSelection()
    ) async throws {
        outcomes = []
        var parts: [VerifiedModel] = []
        for (place, signature, prefix) in [(model, signature, "")]
            + (adapter.map { [($0, nil, "adapter's ")] } ?? [])
        {
            let part = try await Self.part(
                at: place, signature, trust, now, selection, called: prefix)
            outcomes += part.outcomes
            warnings += part.warnings
            parts += [part.model].compactMap(\.self)
        }
        let isVerified = parts.count == (adapter == nil ? 1 : 2)
        self.model = isVerified ? parts.first : nil
        self.adapter = isVerified ? parts.dropFirst().first : nil
    }

    /// Verifies the signature and the files of a model or an adapter.
    private static func part(
        at model: URL, _ signature: URL?, _ trust: Trust, _ now: Date, _ selection: FileSelection,
        called prefix: String
    ) async throws -> (outcomes: [Outcome], warnings: [String], model: VerifiedModel?) {
        let bundle = try SignatureBundle(
            contentsOf: signature ?? ModelSignature.location(of: model))
        do {
            let verified = try await ModelSignature.verify(
                model, bundle: bundle, trust: trust, now: now, selection: selection)
            let outcomes = [
                Outcome(prefix + "signature", isPassed: true, "by \(verified.signer)"),
                Outcome(
                    prefix + "files", isPassed: true,
                    "\(verified.manifest.resources.count) files, root sha256:\(verified.root)"),
            ]
            let own =
                ModelDigest.companions
                + [
                    bundle.file.flatMap { ModelSignature.path(of: $0, within: model) }
                ].compactMap { $0 }
            let unsigned = verified.ignored.filter { !own.contains($0) }
            let more = unsigned.count - mostUnsigned
            let warnings =
                verified.warnings
                + unsigned.prefix(mostUnsigned)
                .map { "\($0) is there but was not signed: do not use it" }
                + (more > 0 ? ["\(more) more are there but were not signed"] : [])
            return (outcomes, warnings, verified)
        } catch let failure as VerificationFailure {
            let outcome = Outcome(
                prefix + failure.check.rawValue, isPassed: false, failure.description)
            return ([outcome], [], nil)
        }
    }

    /// Applies a policy to the model. A model that was not verified is refused without it.
    ///
    /// - Parameters:
    ///   - policy: The policy.
    ///   - lines: The attestations found beside the model.
    ///   - log: A copy of the log of attestations, if there is one.
    ///   - now: The current time.
    public mutating func admit(
        by policy: Policy, attestations lines: [AttestationLine], log: TransparencyLog? = nil,
        now: Date = Date()
    ) async {
        self.policy = policy.name
        guard let model else { return }
        let admission = await Admission(
            of: model, with: adapter, attestations: lines, policy: policy,
            log: log, now: now)
        self.admission = admission
        attestations = admission.attestations
        unlistedAttestations = admission.unlistedAttestations
        audits = admission.audits
    }

    /// Lists the attestations of the model. They are not checked against a policy, and the answer
    /// stays the same, unless a log is given that is not what its checkpoint says.
    ///
    /// - Parameters:
    ///   - lines: The attestations found beside the model.
    ///   - trust: The keys and roots whose signatures count.
    ///   - log: A copy of a log of attestations, if there is one. Nobody says who must have signed it.
    ///   - now: The current time.
    public mutating func list(
        attestations lines: [AttestationLine], trust: Trust, log: TransparencyLog? = nil,
        now: Date = Date()
    ) async {
        guard let model else { return }
        let parties = [Party](trust)
        var policy = Policy(name: "", signers: parties, auditors: parties)
        policy.validation = trust.validation
        let admission = await Admission(
            of: model, with: adapter, attestations: lines, policy: policy,
            log: log, now: now)
        outcomes += admission.outcomes.filter { $0.check == "log" }
        attestations = admission.attestations.map(\.uncounted)
        unlistedAttestations = admission.unlistedAttestations
        audits = admission.audits
    }

    /// The report in lines: outcomes, warnings, attestations, the policy's checks, and the answer.
    public var lines: [String] {
        func line(_ outcome: Outcome) -> String {
            "\(outcome.isPassed ? "ok" : "NO")\t\(outcome.check)\t\(outcome.detail.onOneLine())"
        }
        var lines = outcomes.map(line) + warnings.map { "note\t\($0.onOneLine())" }
        lines += attestations.map { "note\tattestation\t\($0.text.onOneLine())" }
        if unlistedAttestations > 0 {
            lines.append("note\tattestation\t\(unlistedAttestations) more are not verified")
        }
        lines += (admission?.outcomes ?? []).map(line)
        return lines + [answer]
    }

    private var answer: String {
        guard let policy else { return isVerified ? "verified" : "NOT VERIFIED" }
        return isVerified ? "admitted by \(policy)" : "REFUSED by \(policy)"
    }

    private enum CodingKeys: String, CodingKey {
        case isVerified = "verified"
        case outcomes = "checks"
        case warnings, signer, root, payloadDigest, files, ignored, adapter, attestations
        case unlistedAttestations, policy
    }

    /// Writes the answer, the checks and, for a verified model, its signer and signed content.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isVerified, forKey: .isVerified)
        try container.encode(outcomes, forKey: .outcomes)
        try container.encode(warnings, forKey: .warnings)
        guard let model else { return }
        try Self.encode(model, to: &container)
        if let adapter {
            var part = container.nestedContainer(keyedBy: CodingKeys.self, forKey: .adapter)
            try Self.encode(adapter, to: &part)
        }
        try container.encode(attestations, forKey: .attestations)
        if unlistedAttestations > 0 {
            try container.encode(unlistedAttestations, forKey: .unlistedAttestations)
        }
        guard let admission, let policy else { return }
        try container.encode(
            PolicyAnswer(
                name: policy, admitted: admission.isAdmitted, checks: admission.outcomes),
            forKey: .policy)
    }

    /// Writes the signer and the signed content of a model or an adapter.
    private static func encode(
        _ part: VerifiedModel, to container: inout KeyedEncodingContainer<CodingKeys>
    ) throws {
        try container.encode(part.signer.description, forKey: .signer)
        try container.encode(part.root, forKey: .root)
        try container.encode(part.payloadDigest, forKey: .payloadDigest)
        try container.encode(
            part.manifest.resources.map { ["name": $0.name, "sha256": $0.sha256] },
            forKey: .files)
        try container.encode(part.ignored, forKey: .ignored)
    }

    private struct PolicyAnswer: Encodable {
        let name: String
        let admitted: Bool
        let checks: [Outcome]
    }
}
