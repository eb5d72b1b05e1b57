// SPDX-License-Identifier: Apache-2.0
// What certify signs: only what a whole record says of exactly these weights.

import Checkpoints
import Foundation
import JSONText
import Testing

@testable import Provenance
@testable import Records

@Suite("attestations")
struct AttestationTests {
    let model: ModelFixture
    let signatory: Signatory
    let root: String

    init() throws {
        model = try ModelFixture()
        signatory = Signatory(key: model.key)
        root = try ModelDigest(of: model.directory).root
    }

    func certification() throws -> Certification {
        try Certification(
            signing: model.directory, by: signatory,
            for: ModelSignature.location(of: model.directory))
    }

    func lines(
        _ record: AuditRecord, terms: TamperResistance.Terms = AuditFixture.terms(),
        by other: Signatory? = nil
    ) throws -> [Data] {
        try certification().attestations(
            of: record, json: try record.json(), suite: AuditFixture.suite, terms: terms,
            by: other ?? signatory)
    }

    @Test("the predicate of a record is known byte for byte, all measured numbers as texts")
    func knownAnswer() throws {
        let certification = try certification()
        let record = AuditFixture.record(digest: root)
        let audit = try TamperResistance(
            record, json: Data("record".utf8), payload: Data("list".utf8),
            terms: AuditFixture.terms())
        let json = String(decoding: try canonicalJSON(audit), as: UTF8.self)
        let golden = try #require(
            Bundle.module.url(
                forResource: "predicate", withExtension: "json", subdirectory: "Goldens"))
        let expected = try String(contentsOf: golden, encoding: .utf8)
        #expect(json + "\n" == expected)
        #expect(audit.flaw == nil)
        #expect(certification.digest.root == root)
        let again = try RecordJSON.decoder().decode(TamperResistance.self, from: Data(json.utf8))
        #expect(again == audit)
    }

    @Test("a cost that was never reached is censored and says its budget; a mixed one its least")
    func censoring() throws {
        let audit = try TamperResistance(
            AuditFixture.record(digest: root), json: Data(), payload: Data(),
            terms: AuditFixture.terms())
        let lora = try #require(audit.adversaries.first { $0.name == "lora" }?.costToBreak)
        let prompt = try #require(audit.adversaries.first { $0.name == "prompt" }?.costToBreak)
        #expect(lora.least.outcome == .broken)
        #expect(lora.least.dollars.description == "8")
        #expect(lora.intervals?.dollars?.upper.description == "Infinity")
        #expect(prompt.least.outcome == .censored)
        #expect(prompt.least.reason == "never-below-threshold")
        #expect(prompt.least.steps.description == "32")
        #expect(audit.claims.map(\.passed) == [true, false, true])
        #expect(audit.safetyTax?.loss.description == "0.050000000000000044")
    }

    @Test("the statements are about the root, bind the list of files and the record, and verify")
    func statements() async throws {
        let record = AuditFixture.record(digest: root)
        let certification = try certification()
        let file = model.beside("attestations.jsonl")
        try AttestationFile.write(try lines(record), to: file, appending: false)
        let parties = [Party(name: "lab", means: .key(model.key.publicKey))]
        var types: [String] = []
        for line in try AttestationFile.lines(of: file) {
            let attestation = try await line.attestation(by: parties, now: AuditFixture.now)
            let statement = try attestation.statement
            types.append(statement.predicateType)
            #expect(statement.subjects.map { $0.digest["sha256"] } == [root])
            guard statement.predicateType == TamperResistance.predicateType else { continue }
            let audit = try TamperResistance(statement, named: "it")
            #expect(audit.modelSignature == .init(of: certification.payload))
            #expect(
                audit.evidence == [.init(name: "record.json", digest: .init(of: try record.json()))]
            )
        }
        #expect(types == [TamperResistance.predicateType, TestResult.predicateType])
    }

    @Test("the test result has the schema's fields, and names what broke the safeguard")
    func testResult() throws {
        let record = AuditFixture.record(
            digest: root,
            cells: [
                AuditFixture.control(),
                AuditFixture.cell("lora", seed: 1, brokenAt: 16),
                AuditFixture.cell("lora", seed: .max, brokenAt: nil),
                AuditFixture.cell("prompt", seed: 1, state: .failed(reason: "no memory")),
            ])
        let result = TestResult(
            try TamperResistance(
                record, json: Data(), payload: Data(), terms: AuditFixture.terms()))
        #expect(result.result == .failed)
        #expect(result.passedTests == ["untampered"])
        #expect(result.failedTests == ["lora"])
        #expect(result.warnedTests == ["prompt"])
        let fields = try #require(
            JSONSerialization.jsonObject(with: canonicalJSON(result)) as? [String: Any])
        #expect(
            Set(fields.keys)
                == ["result", "configuration", "passedTests", "warnedTests", "failedTests"])
    }

    @Test("a record of other weights is refused")
    func otherWeights() throws {
        let error = #expect(throws: VerificationFailure.self) {
            try lines(AuditFixture.record(digest: String(repeating: "0", count: 64)))
        }
        #expect(error?.problem.contains("is of other weights") == true)
    }

    @Test("a record that was edited is refused, whatever was edited", arguments: 0..<8)
    func edited(_ edit: Int) throws {
        var record = AuditFixture.record(digest: root)
        #expect(record.contradiction == nil)
        switch edit {
        case 0:
            record.cells[1].broken = .censored(
                beyond: AuditFixture.cost(32, dollars: 16), reason: .neverBelowThreshold)
        case 1: record.cells.remove(at: 1)
        case 2: record.cells.remove(at: 3)
        case 3: record.adversaries.remove(at: 1)
        case 4: record.thresholds.safeguard = 0.01
        case 5, 6:
            // A cell that did not end is not an excuse for a cost that it does not show.
            record.cells[1].state = edit == 5 ? .stopped : .failed(reason: "no memory")
            record.cells[1].broken = .censored(
                beyond: AuditFixture.cost(32, dollars: 1_000), reason: .neverBelowThreshold)
            record.outcomes = record.adversaries.map {
                AdversaryOutcome(adversary: $0.name, cells: record.cells)
            }
            record.batteryOutcome = BatteryOutcome(
                outcomes: record.outcomes, adversaries: record.adversaries)
        default: record.cells[1].trace[2].measurements[0].value = 0.9
        }
        let contradiction = try #require(record.contradiction)
        let error = #expect(throws: InputError.self) { try lines(record) }
        #expect(error?.problem == contradiction.problem)
        #expect(error?.place == "the record's \(contradiction.place)")
    }

    @Test(
        "whoever signed the weights is no third party",
        arguments: [
            AssuranceLevel.thirdParty, .reproduced,
        ])
    func ownThirdParty(_ level: AssuranceLevel) throws {
        let record = AuditFixture.record(digest: root)
        let error = #expect(throws: InputError.self) {
            try lines(record, terms: AuditFixture.terms(level))
        }
        #expect(error?.problem == "is not for the key that signed the weights")
        let other = Signatory(key: .generate(.p384))
        #expect(try lines(record, terms: AuditFixture.terms(level), by: other).count == 2)
    }

    @Test("attestations are not put where they would break the signature")
    func place() throws {
        let certification = try certification()
        let inside = AttestationFile.location(of: model.directory)
        #expect(inside.lastPathComponent == "attestations.jsonl")
        try certification.checkPlace(of: inside, beside: model.directory)
        try certification.checkPlace(of: model.beside("a.jsonl"), beside: model.directory)
        #expect(throws: InputError.self) {
            try certification.checkPlace(
                of: model.directory.appending(path: "a.jsonl"), beside: model.directory)
        }
    }

    @Test("the digest that an audit states stays the same beside signature and attestations")
    func digestStays() throws {
        try certification().bundle.write(to: ModelSignature.location(of: model.directory))
        try AttestationFile.write(
            [Data("{}".utf8)], to: AttestationFile.location(of: model.directory), appending: false)
        #expect(try ModelDigest(of: model.directory).root == root)
    }

    @Test(
        "decimal texts have no exponent, keep every digit and read back",
        arguments: [
            (0.0, "0"), (-0.0, "0"), (0.2, "0.2"), (1e-7, "0.0000001"),
            (7.083913043478261e-10, "0.0000000007083913043478261"),
            (17_506_051_817_472, "17506051817472"),
            (1.5e22, "15000000000000000000000"), (-2.5, "-2.5"), (.infinity, "Infinity"),
            (100, "100"),
            (0.1 + 0.2, "0.30000000000000004"),
        ])
    func decimals(_ value: Double, _ text: String) throws {
        #expect(DecimalText(value)?.description == text)
        #expect(DecimalText(text: text)?.value == value)
    }

    @Test(
        "what is no decimal text is refused",
        arguments: [
            "", "1e3", "+1", "01", ".5", "5.", "0x10", "NaN", " 1", "1,5", "--1", "1.2.3",
            "infinity",
        ])
    func notDecimals(_ text: String) {
        #expect(DecimalText(text: text) == nil)
        #expect(DecimalText(.nan) == nil)
    }

    @Test(
        "times are whole days or hours",
        arguments: [
            ("180d", 15_552_000.0), ("12h", 43_200), ("0d", nil), ("d", nil), ("1.5d", nil),
            ("-1d", nil), ("1w", nil), ("40000d", nil), ("", nil),
        ])
    func periods(_ text: String, _ seconds: Double?) {
        #expect(Period(text)?.seconds == seconds)
    }
}
