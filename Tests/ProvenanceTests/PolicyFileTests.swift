// SPDX-License-Identifier: Apache-2.0
// A policy is read strictly: what it does not mean to say is refused with its line.

import Foundation
import JSONText
import Records
import Suites
import Testing

@testable import Provenance

@Suite("policy files")
struct PolicyFileTests {
    let directory: TemporaryDirectory
    let keys = (0..<3).map { _ in SigningKey.generate(.p256).publicKey }

    init() throws {
        directory = try TemporaryDirectory()
        for (index, key) in keys.enumerated() {
            try Data(key.pemRepresentation.utf8).write(
                to: directory.url.appending(path: "\(index).pem"))
        }
        try Data("no key".utf8).write(to: directory.url.appending(path: "text.pem"))
    }

    func policy(_ yaml: String) throws -> Policy {
        try Policy(yaml: Data(yaml.utf8), file: "policy.yaml", directory: directory.url)
    }

    static let head = """
        version: 1
        name: example
        signers:
          - {name: publisher, key: 0.pem}
        auditors:
          - {name: lab, key: 1.pem}

        """

    /// Keys of a log and a witness, from the vectors of another implementation.
    static let logKey = "log.example/audits+76428cc1+AfjHnEMtjn0Ml/6CiRCQarAhD54+ZPzbvL1sqk8XUv5U"
    static let witness = "witness.example/w1+1f5e7c07+BIyGtia/c+fcOFp3F20Thr2ZCGCThPV4p6Y5GI/8qjsV"

    @Test("every key is read")
    func whole() throws {
        let digest = String(repeating: "ab", count: 32)
        let policy = try policy(
            Self.head + """
                suite:
                  name: canary-refusal
                  digest: \(digest)
                  thresholds:
                    {measure: m, brokenWhen: above, safeguard: 0.3, utilityLoss: 0.1, coherence: 1}
                battery: {name: standard}
                decidedBy: {name: text, digest: \(digest)}
                evaluation: {answerTokens: 48, thinkingTokens: 0}
                minimumTrials: 50
                prices: {dollarsPerHour: 3}
                original: \(digest)
                minimumCost:
                  - dollars: 200
                    steps: 1e3
                  - {examples: 10, adversary: each}
                  - {floatingPointOperations: 1e18, adversary: lora-100}
                maximumSafetyTax: 0.05
                minimumSeeds: 3
                maximumAge: 90d
                minimumAssurance: third-party
                minimumIndependentAuditors: 1
                log:
                  origin: example.org/audits
                  key: \(Self.logKey)
                  witnesses: [\(Self.witness)]
                  minimumWitnesses: 1
                  maximumAge: 7d
                  complete: true
                unverified: refuse
                revocations:
                  keys:
                    - {hint: \(digest), reason: stolen, date: 2026-11-01}
                  models:
                    - {root: \(digest), reason: recalled, date: 2026-11-02}
                  attestations:
                    - {digest: \(digest), reason: a bug, date: 2026-11-03}
                """)
        #expect(policy.signers.map(\.key) == [keys[0]])
        #expect(policy.auditors.map(\.name) == ["lab"])
        #expect(policy.suite == .init(name: "canary-refusal", digest: digest))
        #expect(
            policy.thresholds
                == Thresholds(
                    measure: "m", brokenWhen: .above, safeguard: 0.3, utilityLoss: 0.1,
                    coherence: 1))
        #expect(policy.battery?.digest == BatteryFile.shippedDigests["standard"])
        #expect(policy.evaluation == .init(answerTokens: 48, thinkingTokens: 0))
        #expect(policy.minimumTrials == 50)
        #expect(policy.prices == Prices(dollarsPerHour: 3))
        #expect(policy.original == digest)
        #expect(policy.decidedBy == .init(name: "text", digest: digest))
        #expect(
            policy.minimumCosts == [
                .init(quantity: .dollars, amount: 200, adversary: .any),
                .init(quantity: .steps, amount: 1_000, adversary: .any),
                .init(quantity: .examples, amount: 10, adversary: .each),
                .init(
                    quantity: .floatingPointOperations, amount: 1e18, adversary: .named("lora-100")),
            ])
        #expect(policy.maximumSafetyTax == 0.05)
        #expect(policy.minimumSeeds == 3)
        #expect(policy.maximumAge?.seconds == 7_776_000)
        #expect(policy.minimumAssurance == .thirdParty)
        #expect(policy.minimumIndependentAuditors == 1)
        let log = try #require(policy.log)
        #expect(log.origin == "example.org/audits" && log.key.description == Self.logKey)
        #expect(log.witnesses.map(\.description) == [Self.witness] && log.minimumWitnesses == 1)
        #expect(log.maximumAge?.seconds == 604_800 && log.isComplete)
        #expect(policy.unverified == .refuse)
        #expect(
            policy.revocations.keys.reason(for: digest) == "revoked on 2026-11-01: stolen")
        #expect(policy.revocations.models.count == 1)
        #expect(policy.revocations.attestations.first?.reason == "a bug")
    }

    @Test("a name without a digest means exactly what Temper ships, with its thresholds")
    func shipped() throws {
        let policy = try policy(
            Self.head + """
                suite: {name: canary-knowledge}
                battery: {name: quick}
                decidedBy: {name: text}
                """)
        let suite = try #require(KnownSuite.shipped(named: "canary-knowledge"))
        #expect(policy.suite?.digest == suite.identity.digest)
        #expect(policy.thresholds == suite.thresholds)
        #expect(policy.battery?.digest == BatteryFile.shippedDigests["quick"])
        #expect(policy.decidedBy?.digest == DecidingJudge.text.digest)
    }

    @Test(
        "what is wrong is told with file, line and remedy",
        arguments: [
            ("minimumSeed: 3", 7, "minimumSeed is not known here"),
            ("minimumSeeds: 3\nminimumSeeds: 4", 7, "twice"),
            ("minimumSeeds: three", 7, "minimumSeeds is \"three\""),
            ("minimumSeeds: \"3\"", 7, "minimumSeeds is \"3\""),
            ("minimumSeeds: 0", 7, "minimumSeeds is 0, which cannot be"),
            ("minimumSeeds: 2.5", 7, "minimumSeeds is \"2.5\""),
            ("minimumSeeds: [3]", 7, "minimumSeeds is a list"),
            ("maximumSafetyTax: 1.5", 7, "maximumSafetyTax is 1.5, which cannot be"),
            ("maximumSafetyTax: -0.1", 7, "maximumSafetyTax is -0.1, which cannot be"),
            ("maximumSafetyTax: .nan", 7, "maximumSafetyTax is \".nan\""),
            ("maximumSafetyTax: 5%", 7, "maximumSafetyTax is \"5%\""),
            ("maximumAge: 90", 7, "maximumAge is \"90\""),
            ("minimumAssurance: high", 7, "minimumAssurance is \"high\""),
            ("unverified: maybe", 7, "unverified is \"maybe\""),
            ("suite: canary-refusal", 7, "suite is \"canary-refusal\""),
            ("suite: {digest: abc}", 7, "suite lacks \"name\""),
            ("suite:\n  name: s\n  digest: abc", 9, "suite.digest is \"abc\""),
            ("decidedBy: text", 7, "decidedBy is \"text\""),
            ("suite: {name: mine}", 7, "which Temper does not ship, without a digest"),
            ("battery: {name: mine}", 7, "which Temper does not ship, without a digest"),
            ("decidedBy: {name: mine}", 7, "which Temper does not ship, without a digest"),
            (
                "suite:\n  name: canary-refusal\n  thresholds: {measure: refusal}", 9,
                "suite.thresholds lacks \"brokenWhen\""
            ),
            ("evaluation: {answerTokens: 0}", 7, "evaluation.answerTokens is 0"),
            ("prices: {utilisation: 2}", 7, "prices.utilisation is 2"),
            ("original: abc", 7, "original is \"abc\""),
            ("battery: {name: 5}", 7, "battery.name is \"5\""),
            ("battery: {name: b, seeds: 3}", 7, "battery.seeds is not known here"),
            ("minimumCost: []", 7, "minimumCost is an empty list"),
            ("minimumCost: {dollars: 5}", 7, "minimumCost has keys of its own"),
            ("minimumCost:\n  - adversary: any", 8, "minimumCost[0] names no amount"),
            ("minimumCost:\n  - dollars: 0", 8, "minimumCost[0].dollars is 0"),
            ("minimumCost:\n  - dollars: $200", 8, "minimumCost[0].dollars is \"$200\""),
            ("minimumCost:\n  - dollars: -1", 8, "minimumCost[0].dollars is -1"),
            ("timestampRoots: [0.pem]", 7, "timestampRoots[0] names"),
            ("revocationLists: [0.pem]", 7, "revocationLists[0] names"),
            ("revocationLists: []", 7, "revocationLists is an empty list"),
            ("minimumIndependentAuditors: 2", 7, "is 2, but 1 can be met"),
            (
                "revocations:\n  keys:\n    - {hint: abc, reason: r, date: 2026-11-01}", 9,
                "revocations.keys[0].hint is \"abc\""
            ),
            (
                "revocations:\n  models:\n    - {root: \(String(repeating: "a", count: 64)), date: 2026-11-01}",
                9, "revocations.models[0] lacks \"reason\""
            ),
            (
                "revocations:\n  models:\n    - root: \(String(repeating: "a", count: 64))\n      reason: r\n      date: yesterday",
                11, "revocations.models[0].date is \"yesterday\""
            ),
            (
                "revocations:\n  models:\n    - root: \(String(repeating: "a", count: 64))\n      reason: r\n      date: 2026-02-30",
                11, "revocations.models[0].date is \"2026-02-30\""
            ),
            ("  indented: wrong", 7, "is not YAML"),
            ("key: [1", 8, "is not YAML"),
            ("---\nversion: 1", 7, "is not YAML"),
        ])
    func wrong(_ tail: String, _ line: Int, _ problem: String) throws {
        let error = #expect(throws: InputError.self) { try policy(Self.head + tail + "\n") }
        let text = try #require(error?.description)
        #expect(text.hasPrefix("policy.yaml:\(line):"), "\(text)")
        #expect(text.contains(problem), "\(text)")
        #expect(error?.remedy.isEmpty == false)
    }

    @Test(
        "parties are told apart, and their files must be what they should be",
        arguments: [
            ("- {name: a, key: 0.pem}\n  - {name: a, key: 1.pem}", "has the name of another"),
            ("- {name: a, key: 0.pem}\n  - {name: b, key: 0.pem}", "has the key of \"a\""),
            ("- {name: a, key: text.pem}", "is not a PEM public key"),
            ("- {name: a, key: missing.pem}", "No such file"),
            ("- {name: a}", "lacks \"root\""),
            ("- {name: a, root: text.pem}", "would trust everybody"),
            ("- {name: a, root: text.pem, subject: \"CN=*\"}", "PEM certificates"),
            ("- {name: a, root: root.pem, subject: Acme}", "is no pattern of a subject"),
            ("- {name: a, key: 0.pem, root: text.pem}", "stands beside a key"),
            ("- {name: a, trustedRoot: text.pem, identity: x, identityProvider: y}", "text.pem"),
            ("- {name: a, trustedRoot: text.pem, identityProvider: y}", "lacks \"identity\""),
            ("- {name: a, trustedRoot: text.pem, identity: x}", "lacks \"identityProvider\""),
            ("- {name: a, trustedRoot: text.pem, key: 0.pem}", "stands beside a key"),
            ("- {name: a, root: text.pem, identity: x}", "stands beside a root"),
            ("- {key: 0.pem}", "lacks \"name\""),
            ("- a", "is \"a\""),
        ])
    func parties(_ list: String, _ problem: String) {
        let error = #expect(throws: InputError.self) {
            try policy("version: 1\nname: p\nsigners:\n  \(list)\n")
        }
        #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
        #expect(error?.place.hasPrefix("policy.yaml:") == true)
    }

    @Test("a path is from the policy's directory, or from the root")
    func paths() throws {
        let file = directory.url.appending(path: "1.pem").path(percentEncoded: false)
        for path in ["1.pem", file] {
            let policy = try policy(
                "version: 1\nname: p\nsigners:\n  - {name: a, key: \"\(path)\"}\n")
            #expect(policy.signers.map(\.key) == [keys[1]])
        }
    }

    @Test(
        "a policy that asks something of audits names an auditor, and one without signers is none")
    func incomplete() throws {
        for (yaml, problem) in [
            (
                "version: 1\nname: p\nsigners:\n  - {name: a, key: 0.pem}\nminimumSeeds: 3\n",
                "trusts no auditor"
            ),
            ("version: 1\nname: p\n", "lacks \"signers\""),
            ("version: 2\nname: p\n", "version is 2"),
            ("name: p\n", "lacks \"version\""),
            ("", "is empty"), ("- a\n", "is a list"),
        ] {
            let error = #expect(throws: InputError.self) { try policy(yaml) }
            #expect(error?.description.contains(problem) == true, "\(String(describing: error))")
        }
        #expect(throws: InputError.self) {
            try Policy(yaml: Data([0xFF, 0xFE]), file: "p", directory: directory.url)
        }
    }

    @Test(
        "a star stands for any text, and patterns hold from end to end",
        arguments: [
            ("CN=Lab", "CN=Lab", true), ("CN=Lab", "CN=Lab,O=X", false), ("*", "", true),
            ("*@example.org", "a@example.org", true),
            ("*@example.org", "a@example.org.evil", false),
            ("https://x/*/release", "https://x/a/b/release", true), ("a*b*c", "abc", true),
            ("a*b*c", "acb", false), ("a*a", "a", false), ("", "", true), ("", "a", false),
            ("a**b", "ab", true),
        ])
    func patterns(_ pattern: String, _ text: String, _ isMatch: Bool) {
        #expect(TextPattern(pattern).matches(text) == isMatch)
    }
}

@Suite("documentation of attestations")
struct AttestationDocumentationTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../..")

    private var page: String {
        get throws {
            try String(
                contentsOf: root.appending(path: "Documentation/Attestation.md"), encoding: .utf8)
        }
    }

    @Test("the documented statement is one that this version reads")
    func example() throws {
        let page = try page
        let text = try #require(page.firstMatch(of: /```json\n((?s:.*?))```/)).1
        let statement = try Statement(json: Data(text.utf8), named: "the example")
        let audit = try TamperResistance(statement, named: "the example")
        #expect(statement.subjects.first?.digest["sha256"]?.isSHA256 == true)
        #expect(audit.costToBreak?.adversary == "tuned")
    }

    @Test("every field of the predicate is documented")
    func fields() throws {
        let golden = try #require(
            Bundle.module.url(
                forResource: "predicate", withExtension: "json", subdirectory: "Goldens"))
        let fields = try #require(
            JSONSerialization.jsonObject(with: Data(contentsOf: golden)) as? [String: Any])
        let page = try page
        for field in Array(fields.keys) + ["preRegistration"] {
            #expect(page.contains("| `\(field)` |"), "\(field) is not documented")
        }
    }

    @Test("the policy that ships is read, and every key of it is documented")
    func shippedPolicy() throws {
        let directory = try TemporaryDirectory()
        let key = SigningKey.generate(.p256).publicKey
        let build = directory.url.appending(path: "build")
        for folder in [build, directory.url.appending(path: "Examples")] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        }
        try Data(key.pemRepresentation.utf8).write(to: build.appending(path: "demo-key.pub.pem"))
        let yaml = try Data(contentsOf: root.appending(path: "Examples/policy.yaml"))
        let policy = try Policy(
            yaml: yaml, file: "policy.yaml", directory: directory.url.appending(path: "Examples"))
        #expect(policy.signers.map(\.key) == [key])
        #expect(policy.minimumCosts == [.init(quantity: .dollars, amount: 1, adversary: .any)])
        #expect(policy.maximumSafetyTax == 0.1)
    }
}
