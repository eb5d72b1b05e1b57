// SPDX-License-Identifier: Apache-2.0
// Cosignatures and proofs of another implementation (Goldens/log.json, by Tests/Interop/log.py), and
// witnesses who watch a log.

import Foundation
import JSONText
import Testing

@testable import Provenance

/// A log that another implementation made.
struct KnownLog: Decodable {
    let key: String
    let witnesses: [String]
    let entries: [String]
    let checkpoint: String
    let time: Double
    let proofs: [String]

    static func read() throws -> KnownLog {
        let file = try #require(
            Bundle.module.url(
                forResource: "log", withExtension: "json", subdirectory: "Goldens"))
        return try JSONDecoder().decode(KnownLog.self, from: Data(contentsOf: file))
    }

    /// What a policy asks of it.
    func demand(_ least: Int, _ age: Period? = nil) throws -> Policy.Log {
        var log = Policy.Log(key: try NoteVerifierKey(key))
        log.witnesses = try witnesses.map { try NoteVerifierKey($0, kind: .witness) }
        log.minimumWitnesses = least
        log.maximumAge = age
        return log
    }
}

@Suite("witnesses")
struct WitnessTests {
    @Test("proofs and cosignatures that another implementation made are verified")
    func known() throws {
        let known = try KnownLog.read()
        let key = try NoteVerifierKey(known.key)
        let now = Date(timeIntervalSince1970: known.time + 60)
        for (index, text) in known.proofs.enumerated() {
            let proof = try LogProof(Data(text.utf8), subject: "p")
            #expect(proof.index == index && proof.data == Data(text.utf8))
            try proof.verify(Data(known.entries[index].utf8), with: key, subject: "p")
            let (checkpoint, detail) = try known.demand(3).checkpoint(
                proof.signedCheckpoint, subject: "p", now: now)
            #expect(checkpoint.size == known.entries.count)
            #expect(detail == "log.example/audits, 7 entries, 3 witnesses, 2026-11-01T02:26:40Z")
        }
        let note = try SignedNote(Data(known.checkpoint.utf8), subject: "c")
        for (number, text) in known.witnesses.enumerated() {
            let witness = try NoteVerifierKey(text, kind: .witness)
            #expect(witness.description == text)
            #expect(
                try note.cosigningTime(of: witness)?.timeIntervalSince1970
                    == known.time + Double(number))
            #expect(throws: InputError.self) { try NoteVerifierKey(text) }
        }
        #expect(throws: InputError.self) { try NoteVerifierKey(known.key, kind: .witness) }
    }

    @Test(
        "a section about a log that contradicts itself is refused with its line",
        arguments: [
            ("{origin: x}", "log lacks \"key\""),
            ("{key: x}", "names verifier key: is not of the form"),
            ("{key: \(PolicyFileTests.witness)}", "names verifier key: is not of the form"),
            (
                "{key: \(PolicyFileTests.logKey), witnesses: [\(PolicyFileTests.logKey)]}",
                "a witness's key (type 4)"
            ),
            (
                "{key: \(PolicyFileTests.logKey), witnesses: [\(PolicyFileTests.witness)]}",
                "lacks \"minimumWitnesses\""
            ),
            (
                "{key: \(PolicyFileTests.logKey), witnesses: [\(PolicyFileTests.witness), \(PolicyFileTests.witness)]}",
                "would count twice"
            ),
            ("{key: \(PolicyFileTests.logKey), minimumWitnesses: 1}", "is 1, but 0 can be met"),
            ("{key: \(PolicyFileTests.logKey), maximumAge: 7d}", "needs witnesses"),
            ("{key: \(PolicyFileTests.logKey), complete: yes}", "log.complete is \"yes\""),
        ])
    func sections(_ section: String, _ problem: String) throws {
        let files = try PolicyFileTests()
        let error = #expect(throws: InputError.self) {
            try files.policy(PolicyFileTests.head + "log: " + section + "\n")
        }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("policy.yaml:7:") && text.contains(problem), "\(text)")
    }

    @Test("too few witnesses, a stranger's cosignature and an old checkpoint are refused")
    func refused() async throws {
        let known = try KnownLog.read()
        let note = Data(known.checkpoint.utf8)
        func check(_ demand: Policy.Log, _ note: Data, after seconds: Double = 60) throws {
            _ = try demand.checkpoint(
                note, subject: "c", now: Date(timeIntervalSince1970: known.time + seconds))
        }
        var demand = try known.demand(3)
        try check(demand, note)
        demand.witnesses[2] = try NoteSigningKey(name: "w", kind: .witness).verifierKey
        await expectFailure(.log, "cosignatures of 2 of the policy's witnesses, at least 3 needed")
        {
            try check(demand, note)
        }
        let day = Period(days: 1)
        // So many witnesses as are needed must have seen it lately: here the second newest decides.
        try check(known.demand(2, day), note, after: 86_401)
        await expectFailure(.log, "is 1 days old, at most 1d allowed") {
            try check(known.demand(2, day), note, after: 86_402)
        }
        try check(known.demand(1, day), note, after: 86_402)
        // A cosignature of the future counts for nothing.
        await expectFailure(.log, "cosignatures of 0") {
            try check(known.demand(1), note, after: -601)
        }
        demand = try known.demand(1)
        demand.origin = "log.example/other"
        await expectFailure(.log, "is of the log log.example/audits, not of log.example/other") {
            try check(demand, note)
        }
    }

    @Test("a cosignature of which any bit was changed is refused")
    func changed() throws {
        let known = try KnownLog.read()
        let demand = try known.demand(3)
        let data = Data(known.checkpoint.utf8)
        for place in data.indices {
            for bit in [0, 3] {
                var damaged = data
                damaged[place] ^= 1 << bit
                #expect(throws: (any Error).self) {
                    try demand.checkpoint(
                        damaged, subject: "c", now: Date(timeIntervalSince1970: known.time + 60))
                }
            }
        }
    }

    @Test("a witness cosigns a log that grew, and none that was rewritten")
    func watching() async throws {
        let directory = try TemporaryDirectory()
        let log = directory.url.appending(path: "log")
        let seen = directory.url.appending(path: "seen")
        let key = try NoteSigningKey(name: "example.org/audits")
        let witness = try NoteSigningKey(name: "w1.example", kind: .witness)
        #expect(
            try NoteSigningKey(witness.text, kind: .witness).verifierKey == witness.verifierKey)
        #expect(throws: InputError.self) { try NoteSigningKey(witness.text) }
        func cosign() throws -> TransparencyLog {
            try TransparencyLog.cosign(
                log, signedBy: key.verifierKey, by: witness, seen: seen,
                at: AuditFixture.now)
        }
        try TransparencyLog.create(at: log, signedBy: key)
        try TransparencyLog.append([Data("a".utf8)], to: log, signedBy: key)
        #expect(try cosign().checkpoint.size == 1)
        try TransparencyLog.append([Data("b".utf8)], to: log, signedBy: key)
        // A second cosignature takes the place of the first.
        _ = try cosign()
        let grown = try cosign()
        let note = try SignedNote(grown.signedCheckpoint, subject: "c")
        #expect(note.signatures.count == 2)
        #expect(try note.cosigningTime(of: witness.verifierKey) == AuditFixture.now)
        let proof = try grown.proof(of: 0)
        try proof.verify(Data("a".utf8), with: key.verifierKey, subject: "p")

        try FileManager.default.removeItem(at: log)
        try TransparencyLog.create(at: log, signedBy: key)
        await expectFailure(.log, "has 0 entries and had 2", "history was rewritten") {
            _ = try cosign()
        }
        try TransparencyLog.append(
            ["a", "c", "d"].map { Data($0.utf8) }, to: log, signedBy: key)
        await expectFailure(.log, "changed entries that were there at 2") { _ = try cosign() }
        let unsigned = try SignedNote(
            TransparencyLog(at: log).signedCheckpoint, subject: "c")
        #expect(try unsigned.cosigningTime(of: witness.verifierKey) == nil)
    }
}
