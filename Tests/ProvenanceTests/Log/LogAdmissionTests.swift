// SPDX-License-Identifier: Apache-2.0
// A policy that asks for a log: what is proved counts, and what was left out is seen.

import Foundation
import JSONText
import Testing

@testable import Provenance
@testable import Records

@Suite("admission with a log")
struct LogAdmissionTests {
    let fixture: AdmissionTests
    let directory: TemporaryDirectory
    let key: NoteSigningKey
    let witnesses: [NoteSigningKey]

    private var log: URL { directory.url.appending(path: "log") }

    init() throws {
        fixture = try AdmissionTests()
        directory = try TemporaryDirectory()
        key = try NoteSigningKey(name: "example.org/audits")
        witnesses = try (1...3).map {
            try NoteSigningKey(name: "w\($0).example", kind: .witness)
        }
        try TransparencyLog.create(at: log, signedBy: key)
        try TransparencyLog.append([Data("of something else".utf8)], to: log, signedBy: key)
    }

    /// Appends entries and has the first two witnesses cosign.
    private func append(_ entries: [Data], at time: Date = AuditFixture.now) throws {
        try TransparencyLog.append(entries, to: log, signedBy: key)
        for (number, witness) in witnesses.prefix(2).enumerated() {
            try TransparencyLog.cosign(
                log, signedBy: key.verifierKey, by: witness,
                seen: directory.url.appending(path: "seen\(number)"), at: time)
        }
    }

    /// The lines with proofs of those that are in the log behind them.
    private func proved(_ lines: [Data]) throws -> [Data] {
        let file = directory.url.appending(path: "attestations.jsonl")
        try AttestationFile.write(lines, to: file, appending: false)
        let proofs = try TransparencyLog(at: log).proofs(of: AttestationFile.lines(of: file))
        return lines + proofs.compactMap(\.proof?.json)
    }

    private func admission(
        _ lines: [Data], withLog: Bool = false, complete: Bool = false, now: Date? = nil,
        _ change: (inout Policy.Log) -> Void = { _ in }
    ) async throws -> Admission {
        var demand = Policy.Log(key: key.verifierKey)
        demand.witnesses = witnesses.map(\.verifierKey)
        demand.minimumWitnesses = 2
        demand.isComplete = complete
        change(&demand)
        let file = fixture.model.beside("attestations-\(UUID().uuidString).jsonl")
        try AttestationFile.write(lines, to: file, appending: false)
        let verified = try await ModelSignature.verify(
            fixture.model.directory,
            bundle: SignatureBundle(
                contentsOf: ModelSignature.location(of: fixture.model.directory)),
            trust: Trust(keys: [fixture.model.key.publicKey]), now: AuditFixture.now)
        return await Admission(
            of: verified, attestations: try AttestationFile.lines(of: file),
            policy: fixture.policy { $0.log = demand },
            log: withLog ? try TransparencyLog(at: log) : nil, now: now ?? AuditFixture.now)
    }

    /// The outcome of the check of the log as a whole.
    private func outcome(_ admission: Admission) -> VerificationReport.Outcome? {
        admission.outcomes.first { $0.check == "log" }
    }

    @Test("an audit counts with a proof that it is in the log, and without one it does not")
    func proofs() async throws {
        let lines = try fixture.attest()
        try append(lines)
        let good = try await admission(proved(lines))
        #expect(good.isAdmitted, "\(good.outcomes)")
        #expect(good.attestations.count == 2 && outcome(good) == nil)
        let check = good.attestations[0].checks.first { $0.check == "log" }
        #expect(
            check?.detail
                == "entry 1 of example.org/audits, 3 entries, 2 witnesses, 2026-11-05T07:33:20Z",
            "\(check?.detail ?? "")")
        let without = try await admission(lines)
        #expect(!without.isAdmitted)
        #expect(
            without.attestations[0].detail.contains(
                "log: no proof that it is in the log example.org/audits"))
        // The log itself is a proof.
        #expect(try await admission(lines, withLog: true).isAdmitted)
        let never = try await admission(
            fixture.attest(terms: AuditFixture.terms(.thirdParty, days: 90)), withLog: true)
        #expect(!never.isAdmitted)
    }

    @Test("a proof of another entry, of too few witnesses, of another log or too old is none")
    func falseProofs() async throws {
        let lines = try fixture.attest()
        let other = try fixture.attest(terms: AuditFixture.terms(.thirdParty, days: 90))
        try append(lines + other)
        let all = try proved(lines + other)
        let digest = TamperResistance.Digest(
            of: try Envelope(json: lines[0], named: "it").payload
        ).sha256
        let stolen = try AttachedProof(
            of: digest, LogProof(AttachedProof(json: all[6], named: "p").proof.data, subject: "p"))
        let twin = try NoteSigningKey(name: "example.org/audits").verifierKey
        let day = Period(days: 1)
        for (lines, words, change) in [
            ([lines[0], stolen.json], "does not show that this is entry 3", { _ in }),
            (all, "cosignatures of 2", { $0.minimumWitnesses = 3 }),
            (all, "has no signature of example.org/audits", { $0.key = twin }),
            (all, "is of the log example.org/audits, not of x", { $0.origin = "x" }),
        ] as [([Data], String, (inout Policy.Log) -> Void)] {
            let admission = try await admission(lines, change)
            #expect(!admission.isAdmitted)
            #expect(
                admission.attestations[0].detail.contains(words),
                "\(admission.attestations[0].detail)")
        }
        let later = AuditFixture.now + 2 * AuditFixture.day
        let old = try await admission(all, now: later) { $0.maximumAge = day }
        #expect(old.attestations[0].detail.contains("is 2 days old, at most 1d allowed"))
        try append([Data("newer".utf8)], at: later)
        let renewed = try await admission(proved(lines + other), now: later) {
            $0.maximumAge = day
        }
        #expect(renewed.isAdmitted, "\(renewed.attestations.map(\.text))")
    }

    @Test("an audit that is in the log under a stranger's signature alone is not in the log")
    func strangersLine() async throws {
        let good = try fixture.attest()
        let stranger = SigningKey.generate(.p256)
        try append(
            good.map { line in
                try Envelope.signed(
                    payload: Envelope(json: line, named: "it").payload,
                    type: Statement.payloadType, by: stranger
                ).json
            })
        let refused = try await admission(good, withLog: true)
        #expect(!refused.isAdmitted)
        try append(good)
        #expect(try await admission(good, withLog: true).isAdmitted)
    }

    @Test("a bad audit that was left out is listed, and with complete: true refuses the model")
    func leftOut() async throws {
        let good = try fixture.attest()
        let bad = try fixture.attest(
            AuditFixture.record(digest: fixture.root, refused: 1), by: fixture.second)
        let strange = try fixture.attest(
            terms: AuditFixture.terms(.thirdParty, days: 90), by: SigningKey.generate(.p256))
        // The stranger's test result has the content of the good one, which is beside the model.
        try append(good + bad + strange)
        let lines = try proved(good)
        let listed = try await admission(lines, withLog: true)
        #expect(listed.isAdmitted)
        #expect(
            outcome(listed)?.detail.hasSuffix("not beside the model: log entry 3, log entry 4")
                == true, "\(listed.outcomes)")
        try #require(listed.attestations.count == 5, "\(listed.attestations.map(\.text))")
        let finding = listed.attestations[2]
        #expect(finding.status == .leftOut && finding.isLogged == true)
        #expect(
            finding.text.hasPrefix(
                "log entry 3: by second, third-party: is not beside the model: suite canary-refusal"
            ),
            "\(finding.text)")
        #expect(finding.text.hasSuffix("the untampered model has no safeguard"))
        #expect(listed.attestations[4].status == .unverified)
        let complete = try await admission(lines, withLog: true, complete: true)
        #expect(!complete.isAdmitted)
        #expect(complete.outcomes.filter { !$0.isPassed }.map(\.check) == ["log"])
        let blind = try await admission(lines, complete: true)
        #expect(!blind.isAdmitted)
        #expect(outcome(blind)?.detail.contains("give one with --log") == true)
        // Beside the model, it decides.
        let whole = try await admission(proved(good + bad), withLog: true, complete: true)
        #expect(outcome(whole)?.isPassed == true)
        #expect(whole.outcomes.filter { !$0.isPassed }.map(\.check).contains("safeguard"))
        // So it does without its proof: the log has it.
        let unproved = try await admission(lines + bad, withLog: true, complete: true)
        #expect(unproved.attestations.filter { $0.status == .counted }.count == 2)
        #expect(!unproved.isAdmitted)
        // A line with the same content that is not signed is not beside the model.
        let hollow = try bad.map { line in
            let envelope = try Envelope(json: line, named: "it")
            return Envelope(
                payload: envelope.payload, payloadType: envelope.payloadType,
                signatures: try Envelope(json: good[0], named: "it").signatures
            ).json
        }
        #expect(try await !admission(lines + hollow, withLog: true, complete: true).isAdmitted)
    }

    @Test("a withdrawal that only the log has counts")
    func withdrawal() async throws {
        let lines = try fixture.attest()
        let digest = TamperResistance.Digest(
            of: try Envelope(json: lines[0], named: "it").payload
        ).sha256
        let withdrawal = try Withdrawal([digest], reason: "a bug", at: AuditFixture.now).line(
            about: [.init(name: nil, digest: ["sha256": fixture.root])],
            by: Signatory(key: fixture.lab))
        try append(lines + [withdrawal])
        let admission = try await admission(proved(lines), withLog: true)
        #expect(!admission.isAdmitted)
        #expect(admission.attestations[0].status == .withdrawn)
        #expect(
            admission.attestations[2].text
                == "log entry 3: by lab: is not beside the model: withdraws line 1 on 2026-11-05: a bug"
        )
    }

    @Test("a log that was damaged or forked, or is older than a proof, is refused")
    func damaged() async throws {
        let lines = try fixture.attest()
        try append([lines[0]])
        let copy = directory.url.appending(path: "older")
        try FileManager.default.copyItem(at: log, to: copy)
        try append([lines[1]])
        let proved = try proved(lines)
        let manager = FileManager.default
        let newer = directory.url.appending(path: "newer")
        try manager.moveItem(at: log, to: newer)
        try manager.moveItem(at: copy, to: log)
        let older = try await admission(proved, withLog: true)
        #expect(outcome(older)?.detail.contains("has 2 entries and had 3") == true)
        #expect(!older.isAdmitted)
        // Another history of the same length, signed with the same keys.
        try TransparencyLog.append([Data("another".utf8)], to: log, signedBy: key)
        for (number, witness) in witnesses.prefix(2).enumerated() {
            try TransparencyLog.cosign(
                log, signedBy: key.verifierKey, by: witness,
                seen: directory.url.appending(path: "fooled\(number)"), at: AuditFixture.now)
        }
        let forked = try await admission(proved, withLog: true)
        #expect(outcome(forked)?.detail.contains("history was rewritten") == true)
        try manager.removeItem(at: log)
        try manager.moveItem(at: newer, to: log)
        #expect(try await admission(proved, withLog: true, complete: true).isAdmitted)
        let few = try await admission(proved, withLog: true) { $0.minimumWitnesses = 3 }
        #expect(outcome(few)?.detail.contains("cosignatures of 2") == true)
        let entries = log.appending(path: "tile/entries/000.p/3")
        var data = try Data(contentsOf: entries)
        data[4] ^= 1
        try data.write(to: entries)
        let damaged = try await admission(proved, withLog: true)
        #expect(outcome(damaged)?.detail.contains("entry 0 is not what was logged") == true)
        #expect(!damaged.isAdmitted)
    }

    @Test("attached proofs replace those of the same log, and leave every other line")
    func attached() async throws {
        let lines = try fixture.attest()
        try append(lines)
        let file = AttestationFile.location(of: fixture.model.directory)
        try AttestationFile.write(
            lines + [Data("stranger".utf8)], to: file, beside: fixture.model.directory,
            appending: false)
        func attach() throws -> [String] {
            let log = try TransparencyLog(at: log)
            let proofs = try log.proofs(of: AttestationFile.lines(of: file))
            #expect(proofs.map(\.line.number) == [1, 2])
            try AttestationFile.attach(
                proofs.compactMap(\.proof), of: log.checkpoint.origin, to: file,
                beside: fixture.model.directory)
            return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
                .map(String.init)
        }
        let first = try attach()
        #expect(first.count == 5 && first[2] == "stranger")
        try append([Data("more".utf8)])
        let second = try attach()
        #expect(second.count == 5 && second[..<3] == first[..<3] && second[3] != first[3])
        let proof = try AttachedProof(json: Data(second[3].utf8), named: "p")
        #expect(proof.json == Data(second[3].utf8) && proof.origin == "example.org/audits")
        for damaged in [
            "{\"attestation\":\"abc\",\"tlogProof\":\"\"}", "{\"tlogProof\":\"x\"}",
            second[3].replacing("index 1", with: "index 01"),
            second[3].replacing("{\"att", with: "{\"more\":1,\"att"),
        ] {
            #expect(throws: InputError.self) {
                try AttachedProof(json: Data(damaged.utf8), named: "p")
            }
        }
    }
}
