// SPDX-License-Identifier: Apache-2.0
// Who can withdraw an attestation, and what a withdrawn one counts for.

import Checkpoints
import Foundation
import JSONText
import Testing

@testable import Provenance
@testable import Records

@Suite("withdrawals")
struct WithdrawalTests {
    let fixture: AdmissionTests

    init() throws { fixture = try AdmissionTests() }

    private func digest(_ line: Data) throws -> String {
        TamperResistance.Digest(of: try Envelope(json: line, named: "it").payload).sha256
    }

    /// A withdrawal of lines, by whom and about which weights one likes.
    private func withdraw(
        _ digests: [String], by key: SigningKey? = nil, root: String? = nil,
        at date: Date = AuditFixture.now, reason: String = "the judge had a bug"
    ) throws -> Data {
        try Withdrawal(digests, reason: reason, at: date).line(
            about: [.init(name: nil, digest: ["sha256": root ?? fixture.root])],
            by: Signatory(key: key ?? fixture.lab))
    }

    private func admission(
        _ lines: [Data], _ change: (inout Policy) -> Void = { _ in }
    ) async throws -> Admission {
        try await fixture.admission(fixture.policy(change), lines)
    }

    @Test("a withdrawn audit counts for nothing, in whatever order, and the answer says why")
    func withdrawn() async throws {
        let lines = try fixture.attest()
        let withdrawal = try withdraw(lines.map(digest))
        #expect(try await admission(lines).isAdmitted)
        for (lines, audit, statement) in [
            (lines + [withdrawal], 0, 2), ([withdrawal] + lines, 1, 0),
        ] {
            let admission = try await admission(lines)
            #expect(!admission.isAdmitted && admission.audits.isEmpty)
            let finding = admission.attestations[audit]
            #expect(finding.status == .withdrawn)
            #expect(
                finding.text
                    == "line \(audit + 1): by lab: was withdrawn on 2026-11-05 by lab: the judge had a bug"
            )
            #expect(admission.attestations[audit + 1].status == .withdrawn)
            #expect(
                admission.attestations[statement].text
                    == "line \(statement + 1): by lab: withdraws line \(audit + 1), line \(audit + 2) on 2026-11-05: the judge had a bug"
            )
            #expect(admission.outcomes.first { $0.check == "auditors" }?.isPassed == false)
        }
    }

    @Test("an audit that was signed or encoded again stays withdrawn")
    func dodged() async throws {
        let line = try fixture.attest()[0]
        let withdrawal = try withdraw([digest(line)])
        let again = try Envelope.signed(
            payload: Envelope(json: line, named: "it").payload, type: Statement.payloadType,
            by: fixture.lab
        ).json
        let spaced = Data(
            String(decoding: line, as: UTF8.self).replacing(",\"", with: " ,  \"").utf8)
        for line in [again, spaced] {
            let admission = try await admission([line, withdrawal])
            #expect(admission.attestations[0].status == .withdrawn)
            #expect(!admission.isAdmitted)
        }
    }

    @Test(
        "only who signed an audit withdraws it: others, forgers and strangers are named and ignored"
    )
    func others() async throws {
        let audit = try fixture.attest()[0]
        let digest = try digest(audit)
        let good = try Envelope(json: withdraw([digest]), named: "it")
        let forged = Envelope(
            payload: good.payload, payloadType: good.payloadType,
            signatures: try Envelope(
                json: withdraw([digest], by: fixture.second), named: "it"
            ).signatures.map {
                .init(bytes: $0.bytes, keyID: fixture.lab.publicKey.hint)
            })
        let other = String(repeating: "0", count: 64)
        for (line, status, words) in [
            (
                try withdraw([digest], by: fixture.second), AttestationFinding.Status.notCounted,
                "names line 1, which only its signer, lab, can withdraw"
            ),
            (
                try withdraw([digest], by: fixture.model.key), .notCounted,
                "which only its signer, lab, can withdraw"
            ),
            (forged.json, .unverified, "names the key of lab, but is not signed with it"),
            (
                try withdraw([digest], by: SigningKey.generate(.p256)), .unverified,
                "signed with a key that is not trusted"
            ),
            (try withdraw([other]), .notCounted, "names 0000000000000000…, which is not here"),
            (try withdraw([digest], root: other), .notCounted, "is of other weights"),
        ] {
            let admission = try await admission([audit, line])
            #expect(admission.isAdmitted, "\(words)")
            let finding = admission.attestations[1]
            #expect(finding.status == status)
            #expect(finding.detail.contains(words), "\(finding.detail)")
        }
        // What is verified and of these weights is not foreign, though it does nothing.
        let strict = try await admission([audit, withdraw([digest], by: fixture.second)]) {
            $0.unverified = .refuse
        }
        #expect(strict.isAdmitted)
        let forgery = try await admission([audit, forged.json]) { $0.unverified = .refuse }
        #expect(!forgery.isAdmitted)
    }

    @Test("two withdrawals are one, with the earlier date, and nothing withdraws a withdrawal")
    func twice() async throws {
        let audit = try fixture.attest()[0]
        let first = try withdraw([digest(audit)], reason: "first")
        let second = try withdraw(
            [digest(audit)], at: AuditFixture.now + AuditFixture.day, reason: "second")
        let back = try withdraw([digest(first), digest(second)])
        for lines in [[audit, first, second, back], [second, back, audit, first]] {
            let admission = try await admission(lines)
            #expect(!admission.isAdmitted)
            let finding = try #require(
                admission.attestations.first { $0.status == .withdrawn && $0.signers == ["lab"] })
            #expect(finding.detail.contains("first"), "\(finding.detail)")
        }
    }

    @Test("what one of two signers withdraws still counts for the other")
    func countersigned() async throws {
        let audit = try Envelope(json: fixture.attest()[0], named: "it")
            .countersigned(by: fixture.second).json
        let digest = try digest(audit)
        let one = try await admission([audit, withdraw([digest])]) {
            $0.minimumIndependentAuditors = 1
        }
        #expect(one.isAdmitted)
        #expect(one.audits.map(\.signers) == [["second"]])
        let two = try await admission([audit, withdraw([digest])]) {
            $0.minimumIndependentAuditors = 2
        }
        #expect(!two.isAdmitted)
        let both = try await admission([
            audit, withdraw([digest]), withdraw([digest], by: fixture.second),
        ])
        #expect(both.attestations[0].status == .withdrawn)
    }

    @Test("one party withdraws by another key of its own, but not by a revoked one")
    func parties() async throws {
        let audit = try fixture.attest()[0]
        let line = try withdraw([digest(audit)], by: fixture.model.key)
        // The signer of the weights is the auditor, too, when both have one name.
        let lab = fixture.lab.publicKey
        let publisher = fixture.model.key.publicKey
        let one = try await admission([audit, line]) {
            $0.signers = [
                Party(name: "publisher", means: .key(publisher)),
                Party(name: "acme", means: .key(lab)),
            ]
            $0.auditors = [
                Party(name: "lab", means: .key(lab)), Party(name: "acme", means: .key(publisher)),
            ]
        }
        #expect(one.attestations[0].status == .withdrawn, "\(one.attestations.map(\.text))")
        let stolen = try await admission([audit, withdraw([digest(audit)])]) {
            $0.revocations.keys = [
                .init(digest: lab.hint, reason: "stolen", date: AuditFixture.now)
            ]
        }
        #expect(stolen.attestations[0].detail.contains("the key of its signer was revoked"))
        #expect(stolen.attestations[1].status == .notCounted)
    }

    @Test("a withdrawal says whose digests and why, and nothing else passes for one")
    func read() throws {
        let digest = String(repeating: "ab", count: 32)
        for (digests, reason) in [([], "r"), (["abc"], "r"), ([digest], "")] {
            #expect(throws: InputError.self) {
                try Withdrawal(digests, reason: reason, at: AuditFixture.now)
            }
        }
        for predicate in [
            "{}", "{\"attestations\":[],\"reason\":\"r\",\"withdrawnAt\":\"2026-11-05T00:00:00Z\"}",
            "{\"attestations\":[{\"sha256\":\"\(digest)\"}],\"reason\":\"r\",\"withdrawnAt\":\"5\"}",
        ] {
            let statement = try Statement(
                subjects: [.init(name: nil, digest: ["sha256": digest])],
                predicateType: Withdrawal.predicateType, predicate: Data(predicate.utf8))
            #expect(throws: InputError.self) { try Withdrawal(statement, named: "it") }
        }
    }

    // MARK: - Choosing

    @Test("the only audit of a key is withdrawn with its test result; of two, one must be named")
    func chosen() async throws {
        let file = fixture.model.beside("chosen.jsonl")
        let (own, second) = (try fixture.attest(), try fixture.attest(by: fixture.second))
        func choose(
            _ lines: [Data], _ digests: [String] = []
        ) throws -> WithdrawableAttestations.Choice {
            try AttestationFile.write(lines, to: file, appending: false)
            return try WithdrawableAttestations(
                AttestationFile.lines(of: file), of: file, by: Signatory(key: fixture.lab)
            ).withdrawal(of: digests, reason: "r", at: AuditFixture.now)
        }
        let choice = try choose(second + own)
        #expect(choice.numbers == [3, 4] && choice.foreignNumbers.isEmpty)
        #expect(choice.digests == (try own.map(digest)))
        #expect(try await !admission(own + [choice.line]).isAdmitted)
        let other = try fixture.attest(terms: AuditFixture.terms(.thirdParty, days: 90))
        let error = #expect(throws: InputError.self) { try choose(own + other) }
        #expect(error?.description.contains("has 2 audits by this key") == true)
        #expect(try choose(own + other, [digest(other[0])]).numbers.first == 3)
        // What was withdrawn before is no choice.
        #expect(try choose(own + other + [choice.line]).numbers.first == 3)
        #expect(throws: InputError.self) { try choose(own + [choice.line]) }
        #expect(throws: InputError.self) { try choose(second) }
        #expect(throws: InputError.self) {
            try choose(own, [String(repeating: "0", count: 64)])
        }
        #expect(try choose(second + own, [digest(second[0])]).foreignNumbers == [1])
    }

    @Test("an audit that was withdrawn does not speak for its record")
    func record() async throws {
        let model = fixture.model
        let record = AuditFixture.record(digest: fixture.root)
        let lines = try fixture.attest()
        let file = model.beside("record.jsonl")
        for (lines, isGood) in [(lines, true), (lines + [try withdraw([digest(lines[0])])], false)]
        {
            try AttestationFile.write(lines, to: file, appending: false)
            let trust = Trust(keys: [model.key.publicKey, fixture.lab.publicKey])
            var report = try await VerificationReport(
                on: model.directory, trust: trust, now: AuditFixture.now)
            let read = try AttestationFile.lines(of: file)
            await report.list(attestations: read, trust: trust, now: AuditFixture.now)
            await report.check(
                record: record, json: try record.json(), attestations: read,
                by: [Party](trust), now: AuditFixture.now)
            #expect(report.outcomes.last?.isPassed == isGood, "\(report.lines)")
            #expect(report.audits.isEmpty != isGood)
        }
    }
}
