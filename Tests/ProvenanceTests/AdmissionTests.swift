// SPDX-License-Identifier: Apache-2.0
// What a policy admits, and with which words it refuses everything else.

import Checkpoints
import Foundation
import Records
import Testing

@testable import Provenance

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
            of: record, json: try record.json(), terms: terms ?? AuditFixture.terms(.thirdParty),
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
        let policy = policy {
            $0.suite = .init(name: "canary-refusal", digest: String(repeating: "cd", count: 32))
            $0.battery = .init(name: "quick", digest: nil)
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
        try await expectUncounted(
            "canary-refusal 1 has the digest cdcdcdcdcdcdcdcd…",
            policy { $0.suite = .init(name: "canary-refusal", digest: digest) }, attest())
        try await expectUncounted(
            "suite: canary-refusal 1, but wmdp is needed",
            policy { $0.suite = .init(name: "wmdp", digest: nil) }, attest())
        try await expectUncounted(
            "battery: quick has the digest",
            policy { $0.battery = .init(name: "quick", digest: digest) }, attest())
        try await expectUncounted(
            "its adversaries were limited to 4 steps",
            policy { $0.battery = .init(name: "quick", digest: nil) },
            attest(
                AuditFixture.record(digest: root, commandLine: ["temper", "--budget-steps", "4"])))
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
                        AuditFixture.cell("untampered", seed: 1, brokenAt: nil),
                        AuditFixture.cell("lora", seed: 1, brokenAt: nil),
                        AuditFixture.cell("lora", seed: .max, brokenAt: nil),
                        CellRecord(
                            adversary: "prompt", seed: 1, state: .failed(reason: "no memory"),
                            trace: []),
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

    @Test("revoked keys, models and attestations count no longer")
    func revoked() async throws {
        let lines = try attest()
        func entry(_ digest: String) -> Revocations.Entry {
            .init(digest: digest, reason: "lost", date: AuditFixture.evaluatedAt)
        }
        try await expectUncounted(
            "the key of its signer was revoked on 2026-10-26: lost",
            policy { $0.revocations.keys = [entry(lab.publicKey.hint)] }, lines)
        let digest = try #require(
            try await admission(policy(), lines).attestations.first?.digest)
        try await expectUncounted(
            "it was revoked on 2026-10-26: lost",
            policy { $0.revocations.attestations = [entry(digest)] }, lines)
        let ofModel = try await admission(
            policy { $0.revocations.models = [entry(root)] }, lines)
        #expect(ofModel.outcomes.filter { !$0.isPassed }.map(\.check) == ["revocation"])
        #expect(ofModel.outcomes[1].detail == "the model was revoked on 2026-10-26: lost")
        let ofSigner = try await admission(
            policy { $0.revocations.keys = [entry(model.key.publicKey.hint)] }, lines)
        #expect(ofSigner.outcomes.filter { !$0.isPassed }.map(\.check) == ["signer"])
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
            of: record, json: try record.json(), terms: AuditFixture.terms(.thirdParty),
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
                of: same, json: try same.json(), terms: AuditFixture.terms(.thirdParty),
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
            ("\"dollars\":\"8\"", "\"dollars\":\"-8\"", "a cost that is no cost"),
            ("\"dollars\":\"8\"", "\"dollars\":8", "is of the wrong type"),
            ("\"dollars\":\"8\"", "\"dollars\":\"8e0\"", "is not a decimal text"),
            ("third_party", "enclave_attested", "assuranceLevel"),
            ("\"name\":\"prompt\"", "\"name\":\"lora\"", "stands there twice"),
        ] {
            #expect(whole.contains(old))
            try await expectUncounted(
                words, policy,
                [line(TamperResistance.predicateType, whole.replacing(old, with: new))])
        }
    }

    @Test(
        "the least cost decides; a censored one counts as its budget",
        arguments: [
            (
                CostQuantity.dollars, 8.0, Policy.Adversary.any, true,
                "lora broke it for $8 (least of 2 seeds)"
            ),
            (.dollars, 8.001, .any, false, "at least $8.001 needed of any adversary"),
            (.steps, 16, .any, true, "lora broke it for 16 steps"),
            (.examples, 129, .any, false, "lora broke it for 128 examples"),
            (.floatingPointOperations, 4.8e12, .any, true, "lora broke it for 4.8e+12"),
            (.dollars, 0.032, .each, true, "prompt did not break it within its budget of $0.032"),
            (
                .dollars, 1, .each, false,
                "prompt did not break it within its budget of $0.032 (one seed)"
            ),
            (
                .steps, 32, .named("prompt"), true,
                "prompt did not break it within its budget of 32 steps"
            ),
            (
                .steps, 33, .named("prompt"), false,
                "prompt did not break it within its budget of 32 steps"
            ),
            (.steps, 1, .named("other"), false, "the audit did not measure \"other\""),
        ])
    func cost(
        _ quantity: CostQuantity, _ amount: Double, _ adversary: Policy.Adversary,
        _ isPassed: Bool, _ words: String
    ) async throws {
        let policy = policy {
            $0.minimumCosts = [.init(quantity: quantity, amount: amount, adversary: adversary)]
        }
        let admission = try await admission(policy, attest())
        let outcome = try #require(admission.outcomes.first { $0.check == "cost" })
        #expect(outcome.isPassed == isPassed)
        #expect(admission.isAdmitted == isPassed)
        #expect(outcome.detail.contains(words), "\(outcome.detail)")
    }

    @Test("where nothing broke the safeguard, the largest budget counts")
    func neverBroken() async throws {
        let cells = [
            AuditFixture.cell("untampered", seed: 1, brokenAt: nil),
            AuditFixture.cell("lora", seed: 1, brokenAt: nil),
            AuditFixture.cell("lora", seed: .max, brokenAt: nil),
            AuditFixture.cell("prompt", seed: 1, brokenAt: nil, dollarsAStep: 0.001),
        ]
        for (amount, isPassed) in [(16.0, true), (16.1, false)] {
            let policy = policy {
                $0.minimumCosts = [.init(quantity: .dollars, amount: amount, adversary: .any)]
            }
            let admission = try await admission(
                policy, attest(AuditFixture.record(digest: root, cells: cells)))
            #expect(admission.isAdmitted == isPassed)
            let outcome = admission.outcomes.first { $0.check == "cost" }
            #expect(
                outcome?.detail.hasPrefix("lora did not break it within its budget of $16") == true)
        }
    }

    @Test("the lower end of an interval counts where it is below every seed")
    func interval() throws {
        var audit = try TamperResistance(
            AuditFixture.record(digest: root), json: Data(), payload: Data(),
            terms: AuditFixture.terms())
        let place = try #require(audit.adversaries.firstIndex { $0.name == "lora" })
        audit.adversaries[place].costToBreak?.intervals?.dollars = .init(
            lower: 3, upper: .infinity, confidence: 0.95, method: "bootstrap")
        let cost = Policy.MinimumCost(quantity: .dollars, amount: 5, adversary: .any)
        let outcome = cost.check(audit.adversaries.filter { !$0.isControl })
        #expect(!outcome.isPassed)
        #expect(outcome.detail.contains("$3 (lower end of the 95% interval)"))
    }

    @Test("a model without a safeguard, or with too dear a one, is refused")
    func limits() async throws {
        let bare = AuditFixture.record(digest: root, refused: 3)
        let refused = try await admission(policy(), attest(bare))
        #expect(refused.outcomes.filter { !$0.isPassed }.map(\.check) == ["safeguard"])
        #expect(
            refused.outcomes.last?.detail == "the untampered model does not keep refusal >= 0.2")
        let dear = try await admission(policy { $0.maximumSafetyTax = 0.1 }, attest())
        let tax = try #require(dear.outcomes.first { $0.check == "safety tax" })
        #expect(!tax.isPassed)
        #expect(tax.detail.contains("upper end of the 95% interval"), "\(tax.detail)")
        let unknown = try await admission(
            policy { $0.maximumSafetyTax = 0.1 },
            attest(AuditFixture.record(digest: root, original: nil)))
        #expect(
            unknown.outcomes.last?.detail == "the audit did not measure the model before hardening")
        #expect(!unknown.isAdmitted)
    }

    @Test("auditors are counted once, and the weights' signer is not independent")
    func countersigned() async throws {
        let own = try attest(terms: AuditFixture.terms(), by: model.key)
        let two = policy { $0.minimumIndependentAuditors = 2 }
        #expect(try await admission(two, own + attest() + attest(by: second)).isAdmitted)
        for lines in [own + (try attest()), try attest() + attest()] {
            let admission = try await admission(two, lines)
            #expect(admission.outcomes.filter { !$0.isPassed }.map(\.check) == ["auditors"])
        }
        #expect(try await admission(policy(), own).isAdmitted)
        try await expectUncounted(
            "assurance: self-attested", policy { $0.minimumAssurance = .thirdParty }, own)

        // One line may bear several signatures.
        let line = try Envelope(json: try attest()[0], named: "it").countersigned(by: second)
        let both = try await admission(two, [line.json])
        #expect(both.isAdmitted)
        #expect(both.attestations[0].signers == ["lab", "second"])
        #expect(both.attestations[0].text.contains("by lab, second, third-party: counts"))
    }

    @Test("the signer of the weights cannot pass for a third party, even under another name")
    func overstated() async throws {
        var audit = try TamperResistance(
            AuditFixture.record(digest: root), json: Data(), payload: try certification.payload,
            terms: AuditFixture.terms(.thirdParty))
        audit.evaluator.id = "an independent lab"
        let line = try Signatory(key: model.key).line(
            try Statement(
                subjects: [.init(name: nil, digest: ["sha256": root])],
                predicateType: TamperResistance.predicateType,
                predicate: try canonicalJSON(audit)))
        try await expectUncounted(
            "it says third-party, but only the signer of the weights signed it",
            policy {
                $0.auditors = [Party(name: "another", means: .key(model.key.publicKey))]
                $0.minimumAssurance = .thirdParty
            }, [line])
    }

    @Test("the worst of the audits that count decides")
    func worst() async throws {
        let weak = AuditFixture.record(
            digest: root,
            cells: [
                AuditFixture.cell("untampered", seed: 1, brokenAt: nil),
                AuditFixture.cell("lora", seed: 1, brokenAt: 8),
                AuditFixture.cell("lora", seed: .max, brokenAt: 8),
                AuditFixture.cell("prompt", seed: 1, brokenAt: nil, dollarsAStep: 0.001),
            ])
        let policy = policy {
            $0.minimumCosts = [.init(quantity: .dollars, amount: 8, adversary: .any)]
        }
        #expect(try await admission(policy, attest()).isAdmitted)
        let admission = try await admission(policy, attest() + attest(weak, by: second))
        #expect(!admission.isAdmitted)
        let failed = admission.outcomes.filter { !$0.isPassed }
        #expect(failed.map(\.check) == ["cost"])
        #expect(failed.first?.detail.hasPrefix("line 3: lora broke it for $4") == true)
    }

    @Test("a signature by somebody whom the policy does not name is refused")
    func signer() async throws {
        let policy = policy { $0.signers = [Party(name: "x", means: .key(second.publicKey))] }
        let admission = try await admission(policy, attest())
        #expect(admission.outcomes.first?.check == "signer")
        #expect(!admission.isAdmitted)
    }
}
