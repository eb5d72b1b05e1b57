// SPDX-License-Identifier: Apache-2.0
// An adapter on its base: what is said of one does not pass for the other, or for both.

import Checkpoints
import Foundation
import Testing

@testable import Provenance
@testable import Records

@Suite("certificates of a model with an adapter")
struct AdapterCertificateTests {
    /// Two directories with a signature each, by keys of their own.
    let base: ModelFixture
    let adapter: ModelFixture
    let lab = SigningKey.generate(.p256)

    init() throws {
        base = try ModelFixture()
        adapter = try ModelFixture(weights: "an adapter")
        try Self.sign(base)
        try Self.sign(adapter)
    }

    private static func sign(_ model: ModelFixture) throws {
        let place = ModelSignature.location(of: model.directory)
        try ModelSignature.sign(model.directory, key: model.key, for: place).bundle.write(to: place)
    }

    private func certification(_ model: ModelFixture) throws -> Certification {
        try Certification(
            signing: model.directory, by: Signatory(key: model.key),
            for: ModelSignature.location(of: model.directory))
    }

    private func root(_ model: ModelFixture) throws -> String {
        try ModelDigest(of: model.directory).root
    }

    private var pairDigest: String {
        get throws { try ModelDigest.root(ofBase: root(base), adapter: root(adapter)) }
    }

    /// Attests an audit of the base, with an adapter on it or without.
    private func attest(
        digest: String? = nil, with adapter: ModelFixture? = nil,
        level: AssuranceLevel = .thirdParty, by key: SigningKey? = nil
    ) throws -> [Data] {
        let record = AuditFixture.record(
            digest: try digest ?? (adapter == nil ? root(base) : pairDigest))
        return try certification(base).attestations(
            of: record, json: try record.json(), with: adapter.map(certification),
            suite: AuditFixture.suite, terms: AuditFixture.terms(level),
            by: Signatory(key: key ?? lab))
    }

    private func policy(_ change: (inout Policy) -> Void = { _ in }) -> Policy {
        var policy = Policy(
            name: "p",
            signers: [
                Party(name: "publisher", means: .key(base.key.publicKey)),
                Party(name: "tuner", means: .key(adapter.key.publicKey)),
            ])
        policy.auditors = [
            Party(name: "lab", means: .key(lab.publicKey)),
            Party(name: "tuner", means: .key(adapter.key.publicKey)),
        ]
        change(&policy)
        return policy
    }

    private func report(
        _ base: ModelFixture, _ adapter: ModelFixture?, _ lines: [Data], by policy: Policy
    ) async throws -> VerificationReport {
        var report = try await VerificationReport(
            on: base.directory, adapter: adapter?.directory, trust: policy.trust,
            now: AuditFixture.now)
        let file = base.beside("attestations-\(UUID().uuidString).jsonl")
        try AttestationFile.write(lines, to: file, appending: false)
        await report.admit(
            by: policy, attestations: try AttestationFile.lines(of: file), now: AuditFixture.now)
        return report
    }

    @Test("the digest of a pair is the SHA-256 of two lines, as any tool computes it")
    func digest() throws {
        let text = "base \(try root(base))\nadapter \(try root(adapter))\n"
        let file = base.beside("lines")
        try Data(text.utf8).write(to: file)
        #expect(try run("sha256sum", file.path).hasPrefix(pairDigest))
        #expect(try ModelDigest.root(ofBase: root(adapter), adapter: root(base)) != pairDigest)
    }

    @Test("an audit of both has two subjects, and admits both together")
    func pair() async throws {
        let lines = try attest(with: adapter)
        let report = try await report(base, adapter, lines, by: policy())
        #expect(report.isVerified, "\(report.lines)")
        #expect(report.adapter?.root == (try root(adapter)))
        #expect(
            report.outcomes.map(\.check) == [
                "signature", "files", "adapter's signature", "adapter's files",
            ])
        #expect(report.admission?.outcomes.contains { $0.check == "adapter's signer" } == true)
        let envelope = try Envelope(json: lines[0], named: "line")
        let statement = try Statement(json: envelope.payload, named: "line")
        #expect(
            statement.subjects.map { $0.digest["sha256"] } == [try root(base), try root(adapter)])
    }

    @Test("an audit of both says nothing of the base alone, and one of the base nothing of both")
    func parts() async throws {
        for (lines, adapter) in [
            (try attest(with: adapter), nil), (try attest(), adapter),
        ] {
            let report = try await report(base, adapter, lines, by: policy())
            #expect(!report.isVerified)
            #expect(report.attestations.first?.status == .notCounted)
            #expect(report.attestations.first?.detail.contains("other weights") == true)
        }
        let alone = try await report(base, nil, attest(), by: policy())
        #expect(alone.isVerified, "\(alone.lines)")
    }

    @Test(
        "an audit says nothing of another adapter, of another base, or of both the wrong way round")
    func others() async throws {
        let other = try ModelFixture(weights: "another")
        try Self.sign(other)
        let policy = policy {
            $0.signers.append(Party(name: "other", means: .key(other.key.publicKey)))
        }
        let lines = try attest(with: adapter)
        for (base, adapter) in [(base, other), (other, adapter), (adapter, base)] {
            let report = try await report(base, adapter, lines, by: policy)
            #expect(!report.isVerified)
            #expect(report.attestations.first?.status == .notCounted)
        }
    }

    @Test("a record of the base alone is not certified for both, nor one of both for the base")
    func records() async throws {
        await expectFailure(.files, "other weights") {
            _ = try attest(digest: root(base), with: adapter)
        }
        await expectFailure(.files, "other weights") { _ = try attest(digest: pairDigest) }
    }

    @Test("a changed adapter is refused, and so is an unsigned one, and neither part is given out")
    func changed() async throws {
        let lines = try attest(with: adapter)
        try Data("changed".utf8).write(to: adapter.directory.appending(path: "model.safetensors"))
        let changed = try await report(base, adapter, lines, by: policy())
        #expect(!changed.isVerified)
        #expect(changed.outcomes.last?.check == "adapter's files")
        #expect(changed.outcomes.last?.isPassed == false)
        #expect(changed.model == nil && changed.adapter == nil)
        try FileManager.default.removeItem(at: ModelSignature.location(of: adapter.directory))
        await expectFault("model.sig") { _ = try await report(base, adapter, lines, by: policy()) }
    }

    @Test("a policy that does not name the adapter's signer, or revokes the pair, refuses both")
    func refused() async throws {
        let lines = try attest(with: adapter)
        let stranger = try await report(
            base, adapter, lines,
            by: policy {
                $0.signers.removeLast(); $0.auditors.removeLast()
            })
        #expect(!stranger.isVerified)
        for revoked in [try root(adapter), try root(base), try pairDigest] {
            let report = try await report(
                base, adapter, lines,
                by: policy {
                    $0.revocations.models = [
                        .init(digest: revoked, reason: "withdrawn", date: AuditFixture.now)
                    ]
                })
            #expect(!report.isVerified, "\(revoked)")
        }
    }

    @Test("who signed the adapter is no independent auditor of it")
    func independence() async throws {
        let own = try attest(with: adapter, level: .selfAttested, by: adapter.key)
        let policy = policy { $0.minimumIndependentAuditors = 1 }
        #expect(try await !report(base, adapter, own, by: policy).isVerified)
        #expect(try await report(base, adapter, attest(with: adapter), by: policy).isVerified)
        await expectFault("is not for the key that signed") {
            _ = try attest(with: adapter, by: adapter.key)
        }
    }

    @Test("an attestation without its second subject, or with another list, is of other weights")
    func edited() async throws {
        let payload = try Envelope(json: attest(with: adapter)[0], named: "line").payload
        let text = String(decoding: payload, as: UTF8.self)
        let second = ",{\"name\":\"model\",\"digest\":{\"sha256\":\"\(try root(adapter))\"}}"
        let signature = TamperResistance.Digest(of: try certification(adapter).payload).sha256
        for (old, new) in [(second, ""), (signature, String(repeating: "ab", count: 32))] {
            #expect(text.contains(old), "\(text.prefix(400))")
            let line = try Envelope.signed(
                payload: Data(text.replacing(old, with: new).utf8), type: Statement.payloadType,
                by: lab
            ).json
            for adapter in [adapter, nil] {
                let report = try await report(base, adapter, [line], by: policy())
                #expect(report.attestations.first?.status == .notCounted)
                #expect(!report.isVerified)
            }
        }
    }
}
