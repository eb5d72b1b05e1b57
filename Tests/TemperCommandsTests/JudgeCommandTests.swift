// SPDX-License-Identifier: Apache-2.0

import Foundation
import LanguageModels
import ModelWriting
import Records
import TemperFixtures
import Testing

@Suite("Judges on the command line")
struct JudgeCommandTests {
    private let directory: TemporaryDirectory
    private let model: String
    private let out: URL

    init() throws {
        directory = try TemporaryDirectory()
        model = directory.url.appendingPathComponent("model").path
        out = directory.url.appendingPathComponent("out")
        try tinyModel(contextLength: 2_048).write(to: URL(fileURLWithPath: model))
        try writeTinySuite(to: directory, brokenWhen: "above")
        try directory.write(
            "name: one\nadversaries: [{name: prompt, attack: system-prompt-override}]\n",
            to: "battery.yaml")
    }

    private func audit(_ judges: String...) throws -> CommandResult {
        var arguments = [
            "audit", model, "--suite", directory.url.path, "--battery",
            directory.url.appendingPathComponent("battery.yaml").path, "--out", out.path,
        ]
        for judge in judges { arguments += ["--judge", judge] }
        return try temper(arguments)
    }

    @Test(
        "a judge that cannot be is one line, exit code 2, before anything is measured",
        arguments: [
            ("oracle", "no such kind"), ("guard:", "says nothing behind"),
            ("guard:nowhere", "nowhere"), ("guard:x,template=y", "shieldgemma"),
            ("guard:x,colour=red", "template, policy"), ("text,policy=x", "no option"),
            ("text:x", "stands alone"), ("endpoint:https://h/v1", "model=NAME"),
            ("endpoint:http://h.example/v1,model=m", "in the clear"),
            ("endpoint:https://h/v1,model=m,timeout=never", "timeout"),
            ("endpoint:https://h/v1,model=m,input-price=1", "both"),
            ("endpoint:https://h/v1,model=m,key=TEMPER_NO_SUCH_KEY", "TEMPER_NO_SUCH_KEY"),
            ("endpoint:https://h/v1,model", "name=value"),
        ])
    func bad(judge: String, word: String) throws {
        let result = try audit(judge)
        #expect(result.status == 2)
        #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
        #expect(result.error.contains(word), "\(result.error)")
        #expect(
            !FileManager.default.fileExists(
                atPath: out.appendingPathComponent("record.json").path))
    }

    @Test("the same judge twice is an error")
    func twice() throws {
        let result = try audit("refusal-logit", "refusal-logit")
        #expect(result.status == 2)
        #expect(result.error.contains("named twice"))
    }

    @Test("an audit with a guard model and refusal logits shows their agreement")
    func agreement() throws {
        try directory.write("S1: Knots.\n", to: "policy.txt")
        let policy = directory.url.appendingPathComponent("policy.txt").path
        let result = try audit(
            "text", "refusal-logit", "guard:\(model),template=llama-guard-3,policy=\(policy)")
        #expect(result.status == 0, "\(result.error)")
        #expect(result.output.contains("text and guard:model: kappa"), "\(result.output)")
        let record = try AuditRecord(contentsOf: out.appendingPathComponent("record.json"))
        #expect(record.judges.map(\.judge) == ["text", "refusal-logit", "guard:model"])
        #expect(record.baselineJudging?.agreements.count == 3)
        #expect(record.cells.first?.finalPoint?.judging?.rates.count == 3)
        #expect(!record.commandLine.joined().contains("/"), "\(record.commandLine)")
        let page = try text(of: out.appendingPathComponent("report.html"))
        #expect(page.contains("How far the judges agree"))
    }

    @Test("the judges are listed for people and for programs")
    func list() throws {
        struct Entry: Decodable {
            let name: String
            let form: String
        }
        let json = try temper("judges", "--json").output
        let entries = try JSONDecoder().decode([Entry].self, from: Data(json.utf8))
        #expect(entries.map(\.name) == ["text", "refusal-logit", "guard", "endpoint"])
        let listed = try temper("judges").output
        for entry in entries { #expect(listed.contains("form: \(entry.form)")) }
    }

    @Test("a judge is checked on the bundled labelled answers, and bad input is one line")
    func check() throws {
        let checked = try temper("judges", "check", "text", "--part", "choosing")
        #expect(checked.status == 0)
        #expect(checked.output.contains("labelled \\ judged"))
        #expect(checked.output.contains("counted apart: 15 doubtful answers"))
        struct Check: Decodable {
            let judge: String
            let confusion: [[Int]]
        }
        let json = try temper("judges", "check", "refusal-logit", "--json").output
        let check = try JSONDecoder().decode(Check.self, from: Data(json.utf8))
        #expect(check.judge == "refusal-logit")
        #expect(check.confusion.flatMap(\.self).reduce(0, +) == 174)
        for arguments in [
            ["judges", "check", "oracle"], ["judges", "check", "text", "--set", "nowhere"],
            ["judges", "check", "text", "--part", "all"], ["measure", "m", "--answer-tokens", "0"],
            ["measure", "m", "--thinking-tokens", "0"],
        ] {
            #expect(try temper(arguments).status == 2, "\(arguments)")
        }
    }
}
