// SPDX-License-Identifier: Apache-2.0
// Keys are made, models signed and verified by the real commands.

import Foundation
import TemperFixtures
import Testing

@Suite("Signing")
struct SigningTests {
    private let directory: TemporaryDirectory
    private func path(_ name: String) -> String { directory.url.appendingPathComponent(name).path }

    init() throws {
        directory = try TemporaryDirectory()
        let model = directory.url.appendingPathComponent("model")
        try FileManager.default.createDirectory(at: model, withIntermediateDirectories: true)
        try Data("{}".utf8).write(to: model.appendingPathComponent("config.json"))
        try Data("weights".utf8).write(to: model.appendingPathComponent("model.safetensors"))
        #expect(try temper("keygen", "--out", path("k.pem")).status == 0)
    }

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
        try Data("Weights".utf8).write(to: URL(filePath: path("model/model.safetensors")))
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
        try Data("secret words\nnot these\n".utf8).write(to: URL(filePath: path("words")))
        let made = try temper("keygen", "--out", path("e.pem"), "--password-file", path("words"))
        #expect(made.status == 0)
        let refused = try temper("sign", path("model"), "--key", path("e.pem"))
        #expect(refused.status == 2 && refused.error.contains("--password-file"))
        let signed = try temper(
            "sign", path("model"), "--key", path("e.pem"), "--password-file", path("words"),
            "--out",
            path("s.json"))
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
