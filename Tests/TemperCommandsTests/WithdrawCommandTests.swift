// SPDX-License-Identifier: Apache-2.0
// Withdrawals, proofs and copies of logs by the real commands.

import Foundation
import Records
import Testing

@Suite("temper withdraw, and logs of attestations")
struct WithdrawCommandTests {
    private let model: KeyedModel
    private func path(_ name: String) -> String { model.path(name) }

    /// A model whose audit, signed by its key, broke the safeguard for half a dollar.
    init() throws {
        model = try KeyedModel()
        let signed = try temper(
            "sign", path("model"), "--key", path("k.pem"), "--out", path("any.sig"), "--json")
        struct Summary: Decodable { let root: String }
        let root = try JSONDecoder().decode(Summary.self, from: Data(signed.output.utf8)).root
        try CertifyTests.record(of: root).json()
            .write(to: URL(fileURLWithPath: path("record.json")))
        try certify()
    }

    private func certify(_ arguments: String...) throws {
        let result = try temper(
            ["certify", path("model"), "--record", path("record.json"), "--key", path("k.pem")]
                + arguments)
        #expect(result.status == 0, "\(result.error)")
    }

    private func verify(log section: String = "", _ arguments: String...) throws -> CommandResult {
        let yaml = """
            version: 1
            name: p
            signers: [{name: lab, key: k.pub.pem}]
            auditors: [{name: lab, key: k.pub.pem}]
            minimumCost: [{dollars: 0.5}]
            \(section)
            """
        try model.write(yaml, to: "policy.yaml")
        return try temper(["verify", path("model"), "--policy", path("policy.yaml")] + arguments)
    }

    private func withdraw(_ arguments: String...) throws -> CommandResult {
        try temper(
            ["withdraw", path("model"), "--key", path("k.pem"), "--reason", "a bug"] + arguments)
    }

    @Test("an audit is withdrawn with its test result, and verify says so and refuses the model")
    func withdrawn() throws {
        #expect(try verify().status == 0)
        let made = try withdraw()
        #expect(made.status == 0, "\(made.error)")
        #expect(made.output.hasPrefix("withdrawn\tline 1, "))
        #expect(made.output.contains("\nwithdrawn\tline 2, "))
        let refused = try verify()
        #expect(refused.status == 1)
        #expect(refused.output.contains("\tline 1: by lab: was withdrawn on "))
        #expect(refused.output.contains(" by lab: a bug\n"))
        #expect(refused.output.contains("\tline 3: by lab: withdraws line 1, line 2 on "))
        #expect(refused.output.contains("NO\tauditors\tno audit counts"))
        let plain = try temper("verify", path("model"), "--key", path("k.pub.pem"))
        #expect(plain.status == 0 && plain.output.contains("was withdrawn on "))
        let record = try temper(
            "verify", path("model"), "--key", path("k.pub.pem"), "--record", path("record.json"))
        #expect(record.status == 1 && record.output.contains("but was withdrawn"))
        // An audit that is attested anew counts again.
        try certify("--append", "--valid-for", "90d")
        #expect(try verify().status == 0)
    }

    @Test("what cannot be withdrawn is told, and nothing is written")
    func refused() throws {
        let before = try text(of: URL(fileURLWithPath: path("model/attestations.jsonl")))
        #expect(try temper("keygen", "--out", path("other.pem")).status == 0)
        let zeros = String(repeating: "0", count: 64)
        for (arguments, words) in [
            (["--digest", zeros], "has no attestation with the digest"),
            (["--out", path("model/withdrawal.jsonl")], "is a part of the model"),
            (["--attestations", path("none.jsonl")], "none.jsonl"),
        ] {
            let result = try temper(
                ["withdraw", path("model"), "--key", path("k.pem"), "--reason", "a bug"]
                    + arguments)
            #expect(result.status == 2 && result.error.contains(words), "\(result.error)")
        }
        let other = try temper(
            "withdraw", path("model"), "--key", path("other.pem"), "--reason", "a bug")
        #expect(other.status == 2 && other.error.contains("has no audit by this key"))
        let empty = try temper(
            "withdraw", path("model"), "--key", path("k.pem"), "--reason", "")
        #expect(empty.status == 2 && empty.error.contains("the reason: is empty"))
        #expect(before == (try text(of: URL(fileURLWithPath: path("model/attestations.jsonl")))))
        // Somebody else's is withdrawn for whoever knows both as one party, with a warning.
        struct Report: Decodable {
            struct Finding: Decodable { let digest: String }
            let attestations: [Finding]
        }
        let listed = try temper("verify", path("model"), "--key", path("k.pub.pem"), "--json")
        let digest = try JSONDecoder().decode(Report.self, from: Data(listed.output.utf8))
            .attestations[0].digest
        let foreign = try temper(
            "withdraw", path("model"), "--key", path("other.pem"), "--reason", "a bug",
            "--digest", digest)
        #expect(foreign.status == 0 && foreign.error.contains("warning: line 1 is signed neither"))
        #expect(try verify().status == 0)
    }

    @Test("a policy with a log admits with proofs, and a log shows what was left out")
    func logged() throws {
        func last(_ arguments: String...) throws -> String {
            let result = try temper(arguments)
            #expect(result.status == 0, "\(result.error)")
            return String(result.output.split(whereSeparator: \.isWhitespace).last ?? "")
        }
        let key = try last(
            "log", "create", path("log"), "--origin", "example.org/audits", "--key",
            path("log.key"))
        let witness = try last(
            "log", "witness", "--name", "w1.example", "--key", path("w1.key"))
        func append(_ file: String) throws {
            _ = try last(
                "log", "append", path("log"), path(file), "--lines", "--key", path("log.key"))
            _ = try last(
                "log", "cosign", path("log"), "--log-key", key, "--key", path("w1.key"), "--seen",
                path("w1.seen"))
        }
        let section = """
            log: {key: \(key), witnesses: [\(witness)], minimumWitnesses: 1, maximumAge: 1h, complete: true}
            """
        try append("model/attestations.jsonl")
        let unproved = try verify(log: section.replacing(", complete: true", with: ""))
        #expect(unproved.status == 1)
        #expect(unproved.output.contains("no proof that it is in the log example.org/audits"))
        _ = try last("log", "attach", path("log"), path("model"))
        #expect(try verify(log: section.replacing(", complete: true", with: "")).status == 0)
        let blind = try verify(log: section)
        #expect(blind.status == 1 && blind.output.contains("give one with --log"))
        let whole = try verify(log: section, "--log", path("log"))
        #expect(whole.status == 0, "\(whole.output)")

        // The withdrawal goes to the log, and not beside the model.
        #expect(try withdraw("--out", path("withdrawal.jsonl")).status == 0)
        #expect(try verify(log: section, "--log", path("log")).status == 0)
        try append("withdrawal.jsonl")
        let left = try verify(log: section, "--log", path("log"))
        #expect(left.status == 1)
        #expect(left.output.contains("\tlog entry 2: by lab: is not beside the model: withdraws"))
        #expect(left.output.contains("not beside the model: log entry 2\n"))
        #expect(left.output.contains("\tline 1: by lab: was withdrawn on "))
        let listed = try temper(
            "verify", path("model"), "--key", path("k.pub.pem"), "--log", path("log"))
        #expect(listed.status == 0 && listed.output.contains("\tlog entry 2: by P-256 key "))

        let good = ["log", "verify", path("log"), "--key", key, "--witness"]
        #expect(try temper(good + [witness]).status == 0)
        #expect(try temper(good + [key]).status == 2)
        #expect(try temper("log", "attach", path("log"), path("k.pem")).status == 2)
        let none = try temper(
            "log", "cosign", path("log"), "--log-key", key, "--key", path("log.key"), "--seen",
            path("w1.seen"))
        #expect(none.status == 2)
        let missing = try temper(
            "verify", path("model"), "--key", path("k.pub.pem"), "--log", path("nowhere"))
        #expect(missing.status == 2 && missing.error.contains("is no log"))
    }
}
