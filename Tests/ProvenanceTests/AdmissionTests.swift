// SPDX-License-Identifier: Apache-2.0
// What a policy admits, and with which words it refuses everything else.

import Checkpoints
import Foundation
import Testing

@testable import Provenance
@testable import Records

@Suite("admission")
struct AdmissionTests {
    let model: ModelFixture
    let root: String
    let lab = SigningKey.generate(.p256)
    let second = SigningKey.generate(.p521)

    init() throws {
        model = try ModelFixture()
        root = try ModelDigest(of: model.directory).root
        let place = ModelSignature.location(of: model.directory)
        try ModelSignature.sign(model.directory, key: model.key, for: place).bundle.write(to: place)
    }

    var certification: Certification {
        get throws {
            try Certification(
                signing: model.directory, by: Signatory(key: model.key),
                for: ModelSignature.location(of: model.directory))
        }
    }

    func attest(
        _ record: AuditRecord? = nil, terms: TamperResistance.Terms? = nil,
        by key: SigningKey? = nil
    ) throws -> [Data] {
        let record = record ?? AuditFixture.record(digest: root)
        return try certification.attestations(
            of: record, json: try record.json(), suite: AuditFixture.suite,
            terms: terms ?? AuditFixture.terms(.thirdParty),
            by: Signatory(key: key ?? lab))
    }

    /// A policy that everything in the fixtures meets, with changes.
    func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
        var policy = Policy(
            name: "p", signers: [Party(name: "publisher", means: .key(model.key.publicKey))])
        policy.auditors = [
            Party(name: "lab", means: .key(lab.publicKey)),
            Party(name: "second", means: .key(second.publicKey)),
            Party(name: "publisher", means: .key(model.key.publicKey)),
        ]
        change(&policy)
        return policy
    }

    func admission(
        _ policy: Policy, _ lines: [Data], now: Date = AuditFixture.now
    ) async throws -> Admission {
        let file = model.beside("attestations-\(UUID().uuidString).jsonl")
        try AttestationFile.write(lines, to: file, appending: false)
        let bundle = try SignatureBundle(
            contentsOf: ModelSignature.location(of: model.directory))
        let verified = try await ModelSignature.verify(
            model.directory, bundle: bundle, trust: Trust(keys: [model.key.publicKey]), now: now)
        return await Admission(
            of: verified, attestations: try AttestationFile.lines(of: file), policy: policy,
            now: now)
    }

    /// Expects a refusal in which an attestation does not count, with these words.
    func expectUncounted(
        _ words: String, _ policy: Policy, _ lines: [Data], now: Date = AuditFixture.now,
        status: AttestationFinding.Status = .notCounted,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let admission = try await admission(policy, lines, now: now)
        let finding = try #require(admission.attestations.first, sourceLocation: sourceLocation)
        #expect(!admission.isAdmitted, sourceLocation: sourceLocation)
        #expect(finding.status == status, sourceLocation: sourceLocation)
        #expect(
            finding.detail.contains(words), "\(finding.detail)", sourceLocation: sourceLocation)
        let quorum = admission.outcomes.first { $0.check == "auditors" }
        #expect(
            quorum?.detail.hasPrefix("no ") == true, "\(admission.outcomes)",
            sourceLocation: sourceLocation)
    }

    @Test("a good audit by a trusted auditor is admitted, and every question is answered")
    func good() async throws {
        let battery = try AuditFixture.record(digest: root).batteryDigest
        let policy = policy {
            $0.suite = .init(name: "canary-refusal", digest: String(repeating: "cd", count: 32))
            $0.battery = .init(name: "quick", digest: battery)
            $0.minimumCosts = [.init(quantity: .dollars, amount: 8, adversary: .any)]
            $0.maximumSafetyTax = 0.2
            $0.minimumSeeds = 2
            $0.maximumAge = Period(days: 10)
            $0.minimumAssurance = .thirdParty
            $0.minimumIndependentAuditors = 1
            $0.unverified = .refuse
        }
        let admission = try await admission(policy, attest())
        #expect(admission.isAdmitted, "\(admission.outcomes)")
        #expect(admission.attestations.map(\.status) == [.counted, .other])
        #expect(
            admission.outcomes.map(\.check) == [
                "signer", "revocation", "attestations", "auditors", "safeguard", "cost",
                "safety tax",
            ])
        #expect(
            admission.attestations[0].checks.map(\.check) == [
                "suite", "battery", "completeness", "seeds", "age", "assurance", "safeguard",
                "cost", "safety tax",
            ])
    }

    @Test("an audit that the policy does not count is told why")
    func uncounted() async throws {
        let digest = String(repeating: "0", count: 64)
        let battery = try AuditFixture.record(digest: root).batteryDigest
        try await expectUncounted(
            "canary-refusal 1 has the digest cdcdcdcdcdcdcdcd…",
            policy { $0.suite = .init(name: "canary-refusal", digest: digest) }, attest())
        try await expectUncounted(
            "suite: canary-refusal 1, but wmdp is needed",
            policy { $0.suite = .init(name: "wmdp", digest: digest) }, attest())
        try await expectUncounted(
            "battery: quick has the digest",
            policy { $0.battery = .init(name: "quick", digest: digest) }, attest())
        try await expectUncounted(
            "its adversaries were limited to 32 steps",
            policy { $0.battery = .init(name: "quick", digest: battery) },
            attest(
                AuditFixture.record(digest: root, budget: AuditBudget(steps: 32))))
        let judge = DecidingJudge(name: "text", digest: String(repeating: "ef", count: 32))
        func decided() throws -> [Data] {
            try attest(
                AuditFixture.record(
                    digest: root, evaluation: EvaluationSettings(decidingJudge: judge)))
        }
        try await expectUncounted(
            "judge: text is needed, but the audit does not state which judge decided",
            policy { $0.decidedBy = .init(name: "text", digest: digest) }, attest())
        try await expectUncounted(
            "judge: text, but guard:g is needed",
            policy { $0.decidedBy = .init(name: "guard:g", digest: digest) }, decided())
        try await expectUncounted(
            "judge: text has the digest efefefefefefefef…",
            policy { $0.decidedBy = .init(name: "text", digest: digest) }, decided())
        try await expectUncounted(
            "seeds: 2, at least 3 needed", policy { $0.minimumSeeds = 3 }, attest())
        try await expectUncounted(
            "age: 10 days, at most 9d allowed",
            policy { $0.maximumAge = Period(days: 9) }, attest())
        try await expectUncounted(
            "assurance: third-party, at least reproduced needed",
            policy { $0.minimumAssurance = .reproduced }, attest())
        try await expectUncounted(
            "not measured with every seed: prompt", policy(),
            attest(
                AuditFixture.record(
                    digest: root,
                    cells: [
                        AuditFixture.control(),
                        AuditFixture.cell("lora", seed: 1, brokenAt: nil),
                        AuditFixture.cell("lora", seed: .max, brokenAt: nil),
                        AuditFixture.cell("prompt", seed: 1, state: .failed(reason: "no memory")),
                    ])))
    }

    @Test("an attestation counts in its time only")
    func time() async throws {
        let policy = policy()
        let end = AuditFixture.evaluatedAt + 180 * AuditFixture.day
        try await expectUncounted("expired at", policy, attest(), now: end)
        #expect(try await admission(policy, attest(), now: end - 1).isAdmitted)
        try await expectUncounted(
            "lies in the future", policy, attest(), now: AuditFixture.evaluatedAt - 1)
        try await expectUncounted(
            "lies in the future", policy,
            attest(
                terms: AuditFixture.terms(from: AuditFixture.evaluatedAt + 20 * AuditFixture.day)))
    }

    @Test("an attestation of other weights, of another list, or altered does not count")
    func foreign() async throws {
        let policy = policy()
        let other = try ModelFixture(weights: "others")
        let place = ModelSignature.location(of: other.directory)
        let record = AuditFixture.record(digest: try ModelDigest(of: other.directory).root)
        let lines = try Certification(
            signing: other.directory, by: Signatory(key: other.key), for: place
        ).attestations(
            of: record, json: try record.json(), suite: AuditFixture.suite,
            terms: AuditFixture.terms(.thirdParty),
            by: Signatory(key: lab))
        try await expectUncounted("is of other weights", policy, lines)

        // The same bytes under another name have the same root, but are another list.
        let twin = try ModelFixture()
        let old = twin.directory.appending(path: "model.safetensors")
        try FileManager.default.moveItem(
            at: old, to: old.deletingLastPathComponent().appending(path: "other.safetensors"))
        let same = AuditFixture.record(digest: root)
        let renamed = try Certification(
            signing: twin.directory, by: Signatory(key: twin.key),
            for: ModelSignature.location(of: twin.directory))
        #expect(renamed.manifest.root == root)
        try await expectUncounted(
            "is of another signed list", policy,
            try renamed.attestations(
                of: same, json: try same.json(), suite: AuditFixture.suite,
                terms: AuditFixture.terms(.thirdParty),
                by: Signatory(key: lab)))

        let good = try Envelope(json: try attest()[0], named: "it")
        let text = String(decoding: good.payload, as: UTF8.self)
        let edited = Envelope(
            payload: Data(text.replacing("\"passed\":false", with: "\"passed\":true").utf8),
            payloadType: good.payloadType, signatures: good.signatures)
        #expect(edited != good)
        try await expectUncounted(
            "names the key of lab, but is not signed with it", policy, [edited.json],
            status: .unverified)
    }

    @Test("a stranger's attestation counts for nothing, and with unverified: refuse it refuses")
    func stranger() async throws {
        let stranger = SigningKey.generate(.p256)
        try await expectUncounted(
            "is signed with a key that is not trusted, of hint \(stranger.publicKey.hint)",
            policy(), attest(by: stranger), status: .unverified)
        let both = try attest() + attest(by: stranger)
        #expect(try await admission(policy(), both).isAdmitted)
        let strict = try await admission(policy { $0.unverified = .refuse }, both)
        #expect(strict.outcomes.filter { !$0.isPassed }.map(\.check) == ["attestations"])
        #expect(strict.outcomes[2].detail.hasSuffix("line 3, line 4"))
        try await expectUncounted(
            "payload, payloadType or signatures are missing", policy(), [Data("{}".utf8)],
            status: .unverified)
        #expect(try await admission(policy(), []).isAdmitted == false)
    }

    @Test("a later version of the predicate, or a damaged one, is named and does not count")
    func unreadable() async throws {
        func line(_ type: String, _ predicate: String) throws -> Data {
            let statement = try Statement(
                subjects: [.init(name: nil, digest: ["sha256": root])], predicateType: type,
                predicate: Data(predicate.utf8))
            return try Signatory(key: lab).line(statement)
        }
        let policy = policy()
        try await expectUncounted(
            "has the predicate temper:tamper-resistance/v2, and this Temper reads", policy,
            [line("temper:tamper-resistance/v2", "{}")])
        try await expectUncounted(
            "has the predicate https://slsa.dev/provenance/v1, which is no audit's", policy,
            [line("https://slsa.dev/provenance/v1", "{}")])
        try await expectUncounted(
            "the predicate's evaluator is missing", policy,
            [line(TamperResistance.predicateType, "{}")])
        let whole = String(
            decoding: try Statement(
                json: Envelope(json: attest()[0], named: "it").payload, named: "it"
            ).predicate, as: UTF8.self)
        for (old, new, words) in [
            ("\"brokenSeeds\":1", "\"brokenSeeds\":0", "seeds that do not go with its cost"),
            (
                "\"name\":\"prompt\",\"resistance\":\"held\",\"seeds\":[\"1\"]",
                "\"name\":\"prompt\",\"resistance\":\"held\",\"seeds\":[]",
                "seeds that do not go with its cost"
            ),
            (
                "\"resistance\":\"broken\"", "\"resistance\":\"held\"",
                "a resistance that does not go with its seeds"
            ),
            (
                "\"resistance\":\"held\"", "\"resistance\":\"unclear\"",
                "is claimed to have left the safeguard"
            ),
            ("\"trials\":0", "\"trials\":-1", "trials is below 0"),
            ("\"answerTokens\":48", "\"answerTokens\":0", "evaluation has a number below 1"),
            ("\"dollars\":\"8\"", "\"dollars\":\"-8\"", "a cost that is no cost"),
            ("\"dollars\":\"8\"", "\"dollars\":8", "is of the wrong type"),
            ("\"dollars\":\"8\"", "\"dollars\":\"8e0\"", "is not a decimal text"),
            ("third_party", "enclave_attested", "assuranceLevel"),
            ("\"name\":\"prompt\"", "\"name\":\"lora\"", "stands there twice"),
            (
                "\"seeds\":[\"1\",\"184", "\"seeds\":[\"1\",\"01\",\"184",
                "not how a seed is written"
            ),
            ("\"seeds\":[\"1\",\"184", "\"seeds\":[\"1\",\"1\",\"184", "names a seed twice"),
            ("\"seeds\":[\"1\",\"184", "\"seeds\":[\"1\",\"+184", "not how a seed is written"),
            ("\"original\":\"0.7375\"", "\"original\":\"0.6875\"", "does not state"),
            ("\"loss\":\"0.05", "\"loss\":\"0.01", "not the difference of its numbers"),
            ("\"lower\":\"-0.0", "\"lower\":\"0.9", "not the difference of its numbers"),
            (
                "\"metric\":\"incoherence\"", "\"metric\":\"capability\"",
                "states capability twice"
            ),
            ("2026-10-26T", "2026-02-30T", "is not an ISO 8601 date"),
        ] {
            #expect(whole.contains(old))
            try await expectUncounted(
                words, policy,
                [line(TamperResistance.predicateType, whole.replacing(old, with: new))])
        }
    }
}
