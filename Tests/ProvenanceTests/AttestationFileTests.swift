// SPDX-License-Identifier: Apache-2.0
// The file beside a model that anyone can write to: what is written is not lost, and what strangers
// write costs little and takes no answer away.

import Checkpoints
import Foundation
import JSONText
import Records
import Synchronization
import Testing

@testable import Provenance

@Suite("attestation files")
struct AttestationFileTests {
    let model: ModelFixture
    let file: URL

    init() throws {
        model = try ModelFixture()
        file = AttestationFile.location(of: model.directory)
        let place = ModelSignature.location(of: model.directory)
        try ModelSignature.sign(model.directory, key: model.key, for: place).bundle
            .write(to: place, beside: model.directory)
    }

    private func write(_ text: String) throws { try Data(text.utf8).write(to: file) }

    /// The report on the model as `temper verify --key` makes it.
    private func report() async throws -> VerificationReport {
        let trust = Trust(keys: [model.key.publicKey])
        var report = try await VerificationReport(on: model.directory, trust: trust)
        await report.list(attestations: try AttestationFile.lines(of: file), trust: trust)
        return report
    }

    /// An envelope by nobody.
    private func line(_ signatures: Int, keyID: String? = nil) -> String {
        // Good DER, so that the curve must be asked.
        let number = [UInt8](repeating: 0x41, count: 32)
        let der = Data([0x30, 68, 0x02, 32] + number + [0x02, 32] + number)
        let signature = Envelope.Signature(bytes: der, keyID: keyID)
        let envelope = Envelope(
            payload: Data("{}".utf8), payloadType: Statement.payloadType,
            signatures: Array(repeating: signature, count: signatures))
        return String(decoding: envelope.json, as: UTF8.self) + "\n"
    }

    // MARK: - Nothing is lost

    @Test("lines that several append at once are all there, and the directory held nothing else")
    func concurrent() throws {
        let (writers, rounds) = (8, 6)
        let failures = Mutex(0)
        let strangers = Mutex<Set<String>>([])
        let (file, directory) = (file, model.directory)
        let expected: Set = ["config.json", "model.safetensors", "model.sig", "attestations.jsonl"]
        DispatchQueue.concurrentPerform(iterations: writers) { writer in
            for round in 0..<rounds {
                do {
                    try AttestationFile.write(
                        [Data("\(writer)-\(round)".utf8)], to: file, beside: directory,
                        appending: true)
                    let names = try FileManager.default.contentsOfDirectory(
                        atPath: directory.path)
                    strangers.withLock { $0.formUnion(Set(names).subtracting(expected)) }
                } catch {
                    failures.withLock { $0 += 1 }
                }
            }
        }
        #expect(failures.withLock { $0 } == 0)
        #expect(strangers.withLock { $0 }.isEmpty)
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == writers * rounds && Set(lines).count == lines.count)
    }

    @Test("lines that came meanwhile are not replaced unasked")
    func meanwhile() throws {
        try AttestationFile.write(
            [Data("a".utf8)], to: file, beside: model.directory, appending: false,
            replacing: false)
        let error = #expect(throws: InputError.self) {
            try AttestationFile.write(
                [Data("b".utf8)], to: file, beside: model.directory, appending: false,
                replacing: false)
        }
        #expect(error?.remedy.contains("--append") == true)
        #expect(try Data(contentsOf: file) == Data("a\n".utf8))
    }

    @Test("while another writes, who cannot wait is told, and a failed write leaves no file")
    func locked() throws {
        #expect(throws: InputError.self) {
            try FileLock.withLock(on: file) {
                try FileLock.withLock(on: file, waiting: .zero) {}
            }
        }
        #expect(!FileManager.default.fileExists(atPath: file.path))
        // The lock follows a file that is replaced under it.
        try FileLock.withLock(on: file) {
            try AtomicFile.write(Data("a\n".utf8), to: file, within: model.directory)
        }
        try FileLock.withLock(on: file, waiting: .zero) {}
        #expect(try Data(contentsOf: file) == Data("a\n".utf8))
    }

    #if os(Linux)
        @Test("in a directory that is a mount point, a file is written in place")
        func inPlace() throws {
            // Its parent is another file system.
            let directory = URL(filePath: "/dev/shm")
            let file = directory.appending(path: "temper-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: file) }
            for text in ["old\n", "old\nmore\n", "other\n", ""] {
                try AtomicFile.write(Data(text.utf8), to: file, within: directory)
                #expect(try String(contentsOf: file, encoding: .utf8) == text)
            }
        }
    #endif

    @Test("a line that was cut off does not take the next one with it")
    func torn() throws {
        try write("{\"payl")
        try AttestationFile.write(
            [Data("whole".utf8)], to: file, beside: model.directory, appending: true)
        #expect(try String(contentsOf: file, encoding: .utf8) == "{\"payl\nwhole\n")
    }

    // MARK: - Nothing costs without bound

    @Test("lines by nobody cost a bounded number of verifications, and print a bounded answer")
    func strangers() async throws {
        try write(String(repeating: line(64), count: 40))
        let start = ContinuousClock.now
        let report = try await report()
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect(report.isVerified)
        #expect(report.attestations.count == 16 && report.unlistedAttestations == 24)
        #expect(report.lines.joined(separator: "\n").utf8.count < 20_000)
        #expect(report.lines.contains("note\tattestation\t24 more are not verified"))
        #expect(report.attestations[0].detail.contains("is signed with a key that is not trusted"))
        #expect(report.attestations[15].detail.contains("more signatures than are worked through"))
        #expect(try JSONEncoder().encode(report).count < 50_000)
    }

    @Test("an auditor's line counts behind any number of lines by nobody that a file may have")
    func behindStrangers() async throws {
        let lab = SigningKey.generate(.p256)
        let certification = try Certification(
            signing: model.directory, by: Signatory(key: model.key),
            for: ModelSignature.location(of: model.directory))
        let record = AuditFixture.record(digest: certification.digest.root)
        try write(String(repeating: line(2), count: 300))
        try AttestationFile.write(
            try certification.attestations(
                of: record, json: try record.json(), suite: AuditFixture.suite,
                terms: AuditFixture.terms(.thirdParty),
                by: Signatory(key: lab)), to: file, beside: model.directory, appending: true)
        let verified = try await ModelSignature.verify(
            model.directory, bundle: certification.bundle,
            trust: Trust(keys: [model.key.publicKey]))
        let admission = await Admission(
            of: verified, attestations: try AttestationFile.lines(of: file),
            policy: Policy(
                name: "p", signers: [Party(name: "x", means: .key(model.key.publicKey))],
                auditors: [Party(name: "lab", means: .key(lab.publicKey))]),
            now: AuditFixture.now)
        #expect(admission.isAdmitted, "\(admission.outcomes)")
        #expect(admission.attestations.last?.line == 302)
    }

    @Test("a signature that names a trusted key is verified with that key alone")
    func hints() throws {
        let keys = (0..<8).map { _ in SigningKey.generate(.p256) }
        let envelope = try Envelope.signed(payload: Data("x".utf8), type: "t", by: keys[5])
        var budget = VerificationBudget()
        while budget.spend(.guess) {}
        let trusted = keys.map(\.publicKey)
        #expect(envelope.signers(among: trusted, hint: nil, within: &budget).keys == [trusted[5]])
        let nameless = Envelope(
            payload: envelope.payload, payloadType: envelope.payloadType,
            signatures: envelope.signatures.map { .init(bytes: $0.bytes, keyID: nil) })
        let exhausted = nameless.signers(among: trusted, hint: nil, within: &budget)
        #expect(exhausted.keys.isEmpty && !exhausted.isComplete)
        var fresh = VerificationBudget()
        #expect(nameless.signers(among: trusted, hint: nil, within: &fresh).keys == [trusted[5]])
        #expect(
            nameless.signers(among: trusted, hint: trusted[5].hint, within: &budget).keys
                == [trusted[5]])
    }

    @Test("too many lines, too long a line and a file of line feeds are bounded")
    func limits() async throws {
        try write(String(repeating: "x\n", count: 200_000))
        let many = try AttestationFile.lines(of: file)
        #expect(many.count == AttestationFile.mostLines + 1 && many.first?.number == 0)
        let report = try await report()
        #expect(report.isVerified && report.lines.count < 30)
        try write(String(repeating: "y", count: (1 << 22) + 1) + "\n{}\n")
        let long = try AttestationFile.lines(of: file)
        #expect(long.map(\.number) == [1, 2])
        guard case .damaged(let error) = long[0].content else {
            Issue.record("a line of 4 MiB was read")
            return
        }
        #expect(error.problem == "is too long a line")
        try write(String(repeating: "\n", count: 1 << 20) + "{}")
        #expect(try AttestationFile.lines(of: file).map(\.number) == [(1 << 20) + 1])
        #expect(throws: InputError.self) {
            try AttestationFile.write(
                (0...1_024).map { Data("\($0)".utf8) }, to: file, beside: model.directory,
                appending: false)
        }
    }

    @Test("a directory, a FIFO or an unreadable link of that name takes no answer away")
    func specialFiles() async throws {
        // Beside a single file nothing but its own signature is looked at.
        let weights = model.directory.appending(path: "model.safetensors")
        let signature = ModelSignature.location(of: weights)
        try ModelSignature.sign(weights, key: model.key, for: signature).bundle.write(to: signature)
        let beside = AttestationFile.location(of: weights)
        let trust = Trust(keys: [model.key.publicKey])
        for make in [
            { #expect(mkfifo(beside.path, 0o600) == 0) },
            { #expect(mkdir(beside.path, 0o700) == 0) },
        ] {
            make()
            defer { try? FileManager.default.removeItem(at: beside) }
            var report = try await VerificationReport(on: weights, trust: trust)
            await report.list(attestations: try AttestationFile.lines(of: beside), trust: trust)
            #expect(report.isVerified)
            #expect(report.attestations.map(\.line) == [0])
            #expect(report.lines.contains { $0.contains("the file: not verified: ") })
            // With a policy that bears nothing unverified, the file speaks against the model.
            var policy = Policy(name: "p", signers: [Party](trust))
            policy.unverified = .refuse
            await report.admit(by: policy, attestations: try AttestationFile.lines(of: beside))
            #expect(!report.isVerified)
            #expect(throws: InputError.self) {
                try AttestationFile.lines(of: beside, isOptional: false)
            }
        }
    }
}
