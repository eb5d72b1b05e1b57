// SPDX-License-Identifier: Apache-2.0
// Keys are made, models signed and verified by the real commands.

import Foundation
import ModelWriting
import Testing

@Suite("Signing")
struct SigningTests {
    private let model: KeyedModel
    private func path(_ name: String) -> String { model.path(name) }

    init() throws { model = try KeyedModel() }

    private struct Report: Decodable {
        struct Check: Decodable {
            let check: String
            let passed: Bool
            let detail: String
        }
        let verified: Bool
        let checks: [Check]
        let root: String?
        let ignored: [String]?
    }

    private func verify(_ arguments: String...) throws -> (status: Int32, report: Report) {
        let result = try temper(
            ["verify", path("model"), "--key", path("k.pub.pem"), "--json"] + arguments)
        let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
        return (result.status, report)
    }

    @Test("what was signed verifies, in lines and as JSON, and by temper-verify, too")
    func good() throws {
        let signed = try temper("sign", path("model"), "--key", path("k.pem"))
        #expect(signed.status == 0, "\(signed.error)")
        #expect(signed.output.contains("files\t2\n"))
        let lines = try temper("verify", path("model"), "--key", path("k.pub.pem"))
        #expect(lines.status == 0)
        #expect(lines.output.hasPrefix("ok\tsignature\tby P-256 key "))
        #expect(lines.output.hasSuffix("\nverified\n"))
        let (status, report) = try verify()
        #expect(status == 0 && report.verified && report.checks.allSatisfy(\.passed))
        #expect(signed.output.contains("root\tsha256:\(try #require(report.root))\n"))
        #expect(report.ignored == ["model.sig"])
        let alone = try program("temper-verify", [path("model"), "--key", path("k.pub.pem")])
        #expect(alone.status == 0 && alone.output == lines.output, "\(alone.error)")
    }

    @Test("an altered model is exit code 1, and the file is named")
    func altered() throws {
        #expect(try temper("sign", path("model"), "--key", path("k.pem")).status == 0)
        try model.write("Weights", to: "model/model.safetensors")
        let (status, report) = try verify()
        #expect(status == 1 && !report.verified && report.checks.map(\.check) == ["files"])
        #expect(report.checks[0].detail.contains("\"model.safetensors\" was changed"))
        let lines = try temper("verify", path("model"), "--key", path("k.pub.pem"))
        #expect(lines.status == 1 && lines.output.hasSuffix("\nNOT VERIFIED\n"))
    }

    @Test("another key is exit code 1")
    func otherKey() throws {
        #expect(try temper("sign", path("model"), "--key", path("k.pem")).status == 0)
        #expect(try temper("keygen", "--out", path("o.pem"), "--curve", "p384").status == 0)
        let result = try temper("verify", path("model"), "--key", path("o.pub.pem"))
        #expect(result.status == 1 && result.output.contains("made with another key"))
        #expect(
            try temper(
                "verify", path("model"), "--key", path("o.pub.pem"), "--key", path("k.pub.pem")
            )
            .status == 0)
    }

    @Test("a signature elsewhere, and an encrypted key")
    func elsewhere() throws {
        try model.write("secret words\nnot these\n", to: "words")
        let made = try temper("keygen", "--out", path("e.pem"), "--password-file", path("words"))
        #expect(made.status == 0)
        let refused = try temper("sign", path("model"), "--key", path("e.pem"))
        #expect(refused.status == 2 && refused.error.contains("--password-file"))
        try model.write("\nwords", to: "empty")
        for (file, words) in [
            ("empty", "no password in its first line"),
            ("none", "whose first line is the password"),
            ("model/config.json", "check the password"),
        ] {
            let wrong = try temper(
                "sign", path("model"), "--key", path("e.pem"), "--password-file", path(file))
            #expect(wrong.status == 2 && wrong.error.contains(words), "\(wrong.error)")
        }
        let signed = try temper(
            "sign", path("model"), "--key", path("e.pem"), "--password-file", path("words"),
            "--out", path("s.json"))
        #expect(signed.status == 0, "\(signed.error)")
        let result = try temper(
            "verify", path("model"), "--key", path("e.pub.pem"), "--signature", path("s.json"))
        #expect(result.status == 0, "\(result.output)")
        for output in [made.output, made.error, signed.output, refused.error] {
            #expect(!output.contains("PRIVATE") && !output.contains("secret words"))
        }
    }

    @Test(
        "what cannot be read is exit code 2, and says what to do",
        arguments: [
            (["verify", "M"], "--root"), (["verify", "M", "--key", "K.pub"], "temper sign"),
            (["verify", "M", "--key", "K"], "holds a private key"),
            (["verify", "M", "--root", "K.pub"], "PEM certificates"),
            (["verify", "nowhere", "--key", "K.pub"], "nowhere"),
            (["sign", "M", "--key", "K.pub"], "not a PEM private key"),
            (["sign", "M", "--key", "nowhere"], "temper keygen"),
            (["sign", "M", "--key", "K", "--out", "no/where"], "check that you may write"),
            (["keygen", "--out", "K"], "exists already"),
            (["keygen", "--out", "x", "--curve", "p224"], "p256"),
        ])
    func faults(arguments: [String], words: String) throws {
        let places = ["M": path("model"), "K": path("k.pem"), "K.pub": path("k.pub.pem")]
        let result = try temper(arguments.map { places[$0] ?? $0 })
        #expect(result.status == 2, "\(result.output)")
        #expect(result.error.contains(words), "\(result.error)")
    }
}
