// SPDX-License-Identifier: Apache-2.0
// Who stands behind a model and its audits: counted once, not revoked, and not their own auditor.

import Checkpoints
import Foundation
import Records
import Testing

@testable import Provenance

extension AdmissionTests {
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

    @Test("who is the same as two others shows that those are one, in whatever order they come")
    func distinct() {
        func signer(_ name: String, _ names: Set<String>) -> PartySigner {
            PartySigner(
                name: name, key: SigningKey.generate(.p256).publicKey, parties: [name],
                certifiedNames: names)
        }
        let (a, b, c) = (signer("a", ["x"]), signer("b", ["x", "y"]), signer("c", ["y"]))
        #expect([a, c].distinct.count == 2)
        for order in [[a, b, c], [a, c, b], [b, a, c], [c, a, b]] {
            #expect(order.distinct.map(\.count) == [3])
        }
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

    @Test("a signature by somebody whom the policy does not name is refused")
    func signer() async throws {
        let policy = policy { $0.signers = [Party(name: "x", means: .key(second.publicKey))] }
        let admission = try await admission(policy, attest())
        #expect(admission.outcomes.first?.check == "signer")
        #expect(!admission.isAdmitted)
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

    @Test("a revoked model is revoked in whatever order its files are listed")
    func revokedInAnotherOrder() async throws {
        let digest = try ModelDigest(of: model.directory)
        let list = digest.resources.map {
            "{\"name\":\"\($0.name)\",\"algorithm\":\"sha256\",\"digest\":\"\($0.sha256)\"}"
        }
        let other = try #require(ModelDigest.root(of: digest.resources.map(\.sha256).reversed()))
        let statement = String(decoding: try certification.payload, as: UTF8.self)
            .replacing(
                list.joined(separator: ","), with: list.reversed().joined(separator: ",")
            )
            .replacing(root, with: other)
        let bundle = SignatureBundle(
            material: .publicKey(hint: model.key.publicKey.hint),
            envelope: try Envelope.signed(
                payload: Data(statement.utf8), type: Statement.payloadType, by: model.key))
        let verified = try await ModelSignature.verify(
            model.directory, bundle: bundle, trust: Trust(keys: [model.key.publicKey]))
        #expect(verified.root == other)
        for revoked in [root, other] {
            let policy = policy {
                $0.auditors = []
                $0.revocations.models = [
                    .init(digest: revoked, reason: "recalled", date: AuditFixture.now)
                ]
            }
            let admission = await Admission(of: verified, attestations: [], policy: policy)
            #expect(admission.outcomes.filter { !$0.isPassed }.map(\.check) == ["revocation"])
        }
    }
}
