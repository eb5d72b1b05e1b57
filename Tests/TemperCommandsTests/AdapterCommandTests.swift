// SPDX-License-Identifier: Apache-2.0
// An adapter's whole way by the real commands: audited on its base, certified, admitted, and refused
// once it was changed.

import Foundation
import LanguageModels
import ModelWriting
import TemperFixtures
import Testing

@Suite("An adapter on its base", .timeLimit(.minutes(10)))
struct AdapterCommandTests {
    private let directory: TemporaryDirectory
    private func path(_ name: String) -> String { directory.url.appending(path: name).path }

    init() throws {
        directory = try TemporaryDirectory()
        let suite = try TemporaryDirectory()
        try writeTinySuite(to: suite)
        try FileManager.default.copyItem(at: suite.url, to: directory.url.appending(path: "suite"))
        // The tiny model refuses nothing: it has the safeguard if refusing would break it.
        let manifest = try text(of: directory.url.appending(path: "suite/manifest.json"))
        try directory.write(
            manifest.replacing(#""brokenWhen": "below""#, with: #""brokenWhen": "above""#),
            to: "suite/manifest.json")
        try tinyModel().write(to: directory.url.appending(path: "tiny"))
        try writeTinyAdapter(to: directory.url.appending(path: "adapter"), for: tinyModel())
        try directory.write(
            "name: b\nadversaries:\n  - {name: prompt, attack: system-prompt-override}\n",
            to: "battery.yaml")
        #expect(try temper("keygen", "--out", path("k.pem")).status == 0)
        try directory.write(
            """
            version: 1
            name: p
            signers: [{name: lab, key: k.pub.pem}]
            auditors: [{name: lab, key: k.pub.pem}]
            """, to: "policy.yaml")
    }

    private func verify(_ arguments: String..., adapter: String? = "adapter") throws
        -> CommandResult
    {
        try temper(
            ["verify", path("tiny"), "--policy", path("policy.yaml")]
                + (adapter.map { ["--adapter", path($0)] } ?? []) + arguments)
    }

    private func certify(_ arguments: String...) throws -> CommandResult {
        try temper(
            [
                "certify", path("tiny"), "--record", path("out/record.json"), "--key",
                path("k.pem"), "--suite", path("suite"),
            ] + arguments)
    }

    @Test("it is audited, certified with its base, admitted, and refused once it was changed")
    func roundTrip() throws {
        let audited = try temper(
            "audit", path("tiny"), "--adapter", path("adapter"), "--suite", path("suite"),
            "--battery", path("battery.yaml"), "--seeds", "1", "--out", path("out"), "--yes")
        #expect(audited.status == 0, "\(audited.output)\(audited.error)")
        let record = try text(of: directory.url.appending(path: "out/record.json"))
        #expect(record.contains(#""name" : "tiny+adapter""#))
        #expect(record.contains(#""baseName" : "tiny""#))

        let alone = try certify()
        #expect(alone.status == 1)
        #expect(alone.error.contains("with its --adapter"), "\(alone.error)")
        let certified = try certify("--adapter", path("adapter"))
        #expect(certified.status == 0, "\(certified.output)\(certified.error)")
        #expect(certified.output.contains("adapter/model.sig"))
        #expect(certified.output.contains("adapter/attestations.jsonl"))

        let admitted = try verify("--record", path("out/record.json"))
        #expect(admitted.status == 0, "\(admitted.output)\(admitted.error)")
        #expect(admitted.output.contains("ok\tadapter's files\t2 files"))
        #expect(admitted.output.hasSuffix("\nadmitted by p\n"))
        let base = try verify(
            "--attestations", path("adapter/attestations.jsonl"), adapter: nil)
        #expect(base.status == 1)
        #expect(base.output.contains("other weights"), "\(base.output)")

        try writeTinyAdapter(
            to: directory.url.appending(path: "changed"), for: tinyModel(), seed: 2)
        let weights = "adapter_model.safetensors"
        try Data(contentsOf: directory.url.appending(path: "changed/\(weights)"))
            .write(to: directory.url.appending(path: "adapter/\(weights)"))
        let changed = try verify()
        #expect(changed.status == 1)
        #expect(changed.output.contains("NO\tadapter's files"), "\(changed.output)")
        let served = try temper(
            "serve-model", path("tiny"), "--adapter", path("adapter"), "--policy",
            path("policy.yaml"), "--port", "0")
        #expect(served.status == 1)
        #expect(served.output.contains("REFUSED by p") || served.output.contains("NO\t"))
    }

    @Test("one model with an adapter is scored, inspected and described as both together")
    func together() throws {
        let place = ["--adapter", path("adapter")]
        let base = try temper("score", path("tiny"), "abc", "--json")
        let both = try temper(["score", path("tiny"), "abc", "--json"] + place)
        #expect(both.status == 0, "\(both.error)")
        #expect(both.output != base.output)
        let inspected = try temper("inspect", path("tiny"), path("adapter"))
        #expect(inspected.status == 0)
        #expect(inspected.output.contains("Verdict: lora-merge"))
        #expect(inspected.output.contains("rank 3 on down_proj, q_proj"))
        let ask =
            ["info", path("tiny"), "--battery", path("battery.yaml"), "--suite", path("suite")]
            + place
        let info = try temper(ask + ["--json"])
        #expect(info.status == 0, "\(info.error)")
        #expect(info.output.contains(#""ranks":[3]"#))
        #expect(info.output.contains(#""adversary":"prompt""#))
        #expect(info.output.contains(#""tokenizer":"BPE""#))
        let lines = try temper(ask)
        #expect(lines.output.contains("tiny+adapter\n"))
        #expect(lines.output.contains("prompt "))
    }

    @Test("a missing adapter, and an adapter where a model is wanted, are refused with the remedy")
    func refused() throws {
        let missing = try temper("score", path("tiny"), "abc", "--adapter", path("none"))
        #expect(missing.status == 2)
        #expect(missing.error.contains("no such directory"))
        let alone = try temper("score", path("adapter"), "abc")
        #expect(alone.status == 2)
        #expect(alone.error.contains("--adapter"))
        let bill = try temper("bom", path("tiny"), "--adapter", path("adapter"))
        #expect(bill.status == 2)
    }
}
