// SPDX-License-Identifier: Apache-2.0
// Audits are certified and judged by the real commands.

import Foundation
import ModelWriting
import Records
import Suites
import Testing

@Suite("Certifying")
struct CertifyTests {
    private let model: KeyedModel
    private func path(_ name: String) -> String { model.path(name) }

    /// A model, a key, and a made-up record of an adversary that broke the safeguard for half a
    /// dollar.
    init() throws {
        model = try KeyedModel()
        let signed = try temper(
            "sign", path("model"), "--key", path("k.pem"), "--out", path("any.sig"), "--json")
        struct Summary: Decodable { let root: String }
        let root = try JSONDecoder().decode(Summary.self, from: Data(signed.output.utf8)).root
        try Self.record(of: root).json().write(to: URL(fileURLWithPath: path("record.json")))
        try Self.record(of: root, refused: 1).json().write(
            to: URL(fileURLWithPath: path("bare.json")))
        try Self.record(of: String(repeating: "0", count: 64)).json()
            .write(to: URL(fileURLWithPath: path("other.json")))
        let own = SuiteIdentity(
            name: "mine", version: "1", digest: String(repeating: "a", count: 64),
            safeguard: "refusal")
        try Self.record(of: root, suite: own).json()
            .write(to: URL(fileURLWithPath: path("mine.json")))
        try Self.record(of: root, thresholds: Thresholds(coherence: 1)).json()
            .write(to: URL(fileURLWithPath: path("coherent.json")))
    }

    /// The record of a made-up audit.
    static func record(
        of root: String, refused: Int = 9, suite: SuiteIdentity = KnownSuite.shipped[0].identity,
        thresholds: Thresholds = KnownSuite.shipped[0].thresholds
    ) -> AuditRecord {
        let machine = Machine(device: "cpu", cores: 1, operatingSystem: "Linux")
        let baseline = [MeasuredValue.share(MeasureName.refusal, refused, of: 10, split: .test)]
        let trace = [
            TracePoint(
                step: 4,
                cost: AttackCost(
                    examples: 8, steps: 4, floatingPointOperations: 284_832_000_000_000_000,
                    dollars: 0.5),
                measurements: [.share(MeasureName.refusal, 0, of: 10, split: .test)],
                isFinal: true)
        ]
        return AuditRecord(
            temperVersion: "0", engineVersion: "0", createdAt: Date(), commandLine: [],
            machine: machine, prices: Prices(),
            model: ModelIdentity(
                name: "model", digest: root, format: "safetensors", architecture: "llama",
                parameterCount: 1),
            suite: suite, thresholds: thresholds, battery: "b",
            adversaries: [AdversarySpecification(name: "lora", attack: "fine-tuning")], seeds: [1],
            budget: AuditBudget(), evaluation: EvaluationSettings(), baseline: baseline,
            cells: [
                CellRecord(
                    adversary: "lora", seed: 1, state: .finished, trace: trace,
                    broken: thresholds.costToBreak(of: trace, baseline: baseline, split: .test),
                    machine: machine)
            ])
    }

    private func certify(_ record: String, _ arguments: String...) throws -> CommandResult {
        try temper(
            ["certify", path("model"), "--record", path(record), "--key", path("k.pem")]
                + arguments)
    }

    private func policy(dollars: String) throws -> String {
        let yaml = """
            version: 1
            name: p
            signers: [{name: lab, key: k.pub.pem}]
            auditors: [{name: lab, key: k.pub.pem}]
            minimumCost: [{dollars: \(dollars)}]
            """
        try model.write(yaml, to: "policy.yaml")
        return path("policy.yaml")
    }

    @Test("an audit is certified, admitted by a policy that it meets and refused by another")
    func certified() throws {
        let made = try certify("record.json")
        #expect(made.status == 0, "\(made.error)")
        #expect(made.output.contains("model.sig (made)\n"))
        let good = try temper("verify", path("model"), "--policy", policy(dollars: "0.5"))
        #expect(good.status == 0, "\(good.output)\(good.error)")
        #expect(good.output.hasSuffix("\nadmitted by p\n"))
        let bad = try temper("verify", path("model"), "--policy", policy(dollars: "200"))
        #expect(bad.status == 1)
        #expect(
            bad.output.contains(
                "NO\tcost\tlora broke it for $0.5 (one seed); at least $200 needed"))
        #expect(bad.output.hasSuffix("\nREFUSED by p\n"))
        let wrong = try temper("verify", path("model"), "--policy", policy(dollars: "much"))
        #expect(wrong.status == 2)
        #expect(wrong.error.contains("policy.yaml:5: minimumCost[0].dollars is \"much\""))
        let listed = try temper("verify", path("model"), "--key", path("k.pub.pem"))
        #expect(listed.status == 0)
        #expect(listed.output.contains("self-attested: suite canary-refusal "))
        #expect(listed.output.contains(", battery b, 1 seed, "))
    }

    @Test("thresholds are those of the suite, which must be known by its digest")
    func suites() throws {
        for (arguments, words) in [
            (["mine.json"], "say where with --suite PATH"),
            (["mine.json", "--suite", "canary-refusal"], "is not the record's suite"),
            (["coherent.json"], "are not those of the suite canary-refusal"),
        ] {
            let result = try temper(
                ["certify", path("model"), "--record", path(arguments[0]), "--key", path("k.pem")]
                    + arguments.dropFirst())
            #expect(result.status == 2 && result.error.contains(words), "\(result.error)")
            #expect(!model.exists("model/attestations.jsonl"))
        }
    }

    @Test("an attestation follows from the record that it names, and from no other")
    func followed() throws {
        #expect(try certify("record.json").status == 0)
        func verify(_ arguments: String...) throws -> CommandResult {
            try temper(
                ["verify", path("model"), "--policy", policy(dollars: "0.5")] + arguments)
        }
        let good = try verify("--record", path("record.json"))
        #expect(good.status == 0, "\(good.output)\(good.error)")
        #expect(good.output.contains("ok\trecord\tline 1 follows from it in every number\n"))
        let other = try verify("--record", path("bare.json"))
        #expect(other.status == 1)
        #expect(
            other.output.contains(
                "NO\trecord\tno audit of this model that is trusted names it\n"))
        let without = try verify("--reproduce", "1")
        #expect(without.status == 2 && without.error.contains("--record FILE"))
        let none = try verify("--reproduce", "0", "--record", path("record.json"))
        #expect(none.status == 2 && none.error.contains("--reproduce must be at least 1"))
    }

    @Test("a model without a safeguard is attested as such, with exit code 1, and refused")
    func withoutSafeguard() throws {
        let made = try certify("bare.json")
        #expect(made.status == 1)
        #expect(made.output.hasSuffix("\nNO\tsafeguard\tthe untampered model has none\n"))
        let refused = try temper("verify", path("model"), "--policy", policy(dollars: "0.1"))
        #expect(refused.status == 1)
        #expect(refused.output.contains("NO\tsafeguard\tthe untampered model does not keep"))
        #expect(refused.output.contains("NO\tcost\tunclear: lora"))
    }

    @Test("a server loads what its policy admits, and nothing else")
    func served() throws {
        #expect(try certify("record.json").status == 0)
        func serve(dollars: String) throws -> CommandResult {
            try temper(
                "serve-model", path("model"), "--policy", policy(dollars: dollars), "--port", "0")
        }
        let refused = try serve(dollars: "200")
        #expect(refused.status == 1)
        #expect(refused.output.hasSuffix("\nREFUSED by p\n"))
        // What is admitted is loaded, where it shows that seven bytes are no weights.
        let admitted = try serve(dollars: "0.5")
        #expect(admitted.status == 2)
        #expect(admitted.error.contains("model.safetensors"), "\(admitted.error)")
    }

    @Test("a record that is not JSON, or of which two readers could read two things, is refused")
    func strict() throws {
        try model.write("hello", to: "text.json")
        let twice = try text(of: URL(fileURLWithPath: path("record.json")))
            .replacing("\"battery\"", with: "\"battery\" : \"standard\", \"battery\"")
        try model.write(twice, to: "twice.json")
        for (record, words) in [
            ("text.json", "text.json: byte 0: a value is expected; get an undamaged copy"),
            ("twice.json", "the key \"battery\" occurs twice"),
        ] {
            let result = try certify(record)
            #expect(result.status == 2 && result.error.contains(words), "\(result.error)")
            #expect(!model.exists("model/model.sig"))
        }
    }

    @Test("a record of other weights writes nothing, and attestations are not overwritten unasked")
    func refused() throws {
        let other = try certify("other.json")
        #expect(other.status == 1)
        #expect(other.error.contains("is of other weights"))
        let unwritable = try certify("record.json", "--out", path("no/where.jsonl"))
        #expect(unwritable.status == 2 && unwritable.error.contains("no/where.jsonl"))
        #expect(!model.exists("model/model.sig") && !model.exists("model/attestations.jsonl"))
        #expect(try certify("record.json").status == 0)
        let again = try certify("record.json")
        #expect(again.status == 2)
        #expect(again.error.contains("--append"))
        #expect(try certify("record.json", "--append").status == 0)
        let lines = try text(of: URL(fileURLWithPath: path("model/attestations.jsonl")))
        #expect(lines.split(separator: "\n").count == 4)
        struct Summary: Decodable {
            let signed: Bool
            let expires: String
        }
        let printed = try certify("record.json", "--replace", "--valid-for", "12h", "--json").output
        let summary = try JSONDecoder().decode(Summary.self, from: Data(printed.utf8))
        let expires = try Date(summary.expires, strategy: .iso8601)
        #expect(!summary.signed && abs(expires.timeIntervalSinceNow - 43_200) < 600)
        let level = try certify("record.json", "--assurance", "third-party", "--replace")
        #expect(level.status == 2)
        #expect(level.error.contains("is not for the key that signed the weights"))
        #expect(try certify("record.json", "--assurance", "reproduced").status == 2)
    }
}
