// SPDX-License-Identifier: Apache-2.0

import Foundation
import LanguageModels
import ModelWriting
import TemperFixtures
import Testing

@Suite("Bad input")
struct BadInputTests {
    private let directory: TemporaryDirectory
    private let model: URL
    private let suite: URL
    private let out: URL

    init() throws {
        directory = try TemporaryDirectory()
        model = directory.url.appendingPathComponent("model")
        suite = directory.url
        out = directory.url.appendingPathComponent("out")
        try tinyModel().write(to: model)
        try writeTinySuite(to: directory, brokenWhen: "above")
    }

    /// Audits and expects one line that holds `words`, exit code 2, and nothing written.
    private func expectRefusal(
        model: URL? = nil, suite: URL? = nil, out: URL? = nil, _ words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try temper(
            "audit", (model ?? self.model).path, "--suite", (suite ?? self.suite).path, "--out",
            (out ?? self.out).path)
        #expect(result.status == 2, sourceLocation: sourceLocation)
        let lines = result.error.split(separator: "\n")
        #expect(lines.count == 1, "\(result.error)", sourceLocation: sourceLocation)
        for word in words {
            #expect(
                result.error.contains(word), "\(result.error)", sourceLocation: sourceLocation)
        }
        let report = (out ?? self.out).appendingPathComponent("report.html")
        #expect(
            !FileManager.default.fileExists(atPath: report.path), sourceLocation: sourceLocation)
    }

    @Test("a model without a chat template is refused, and takes one from --chat-template")
    func noChatTemplate() throws {
        try FileManager.default.removeItem(at: model.appendingPathComponent("chat_template.jinja"))
        try replace("\"chat_template\"", "\"unused\"", in: "tokenizer_config.json")
        let bare = try temper("generate", model.path, "Hello", "--max-tokens", "2")
        #expect(bare.status == 2)
        #expect(bare.error.contains("has no chat template"))
        #expect(bare.error.contains("--chat-template FILE"))
        let template = directory.url.appendingPathComponent("own.jinja")
        try Data("{{ strftime_now('%Y') }}{{ messages[0].content }}".utf8).write(to: template)
        let given = try temper(
            "generate", model.path, "Hello", "--max-tokens", "2", "--json", "--chat-template",
            template.path, "--date", "2031-05-04")
        #expect(given.status == 0, "\(given.error)")
        // The tokens of 2031Hello, a byte each.
        let expected = "[50,48,51,49,72,101,108,108,111]"
        #expect(given.output.filter { !$0.isWhitespace }.contains(expected), "\(given.output)")
    }

    private func damage(_ name: String, _ change: (inout Data) -> Void) throws {
        let file = model.appendingPathComponent(name)
        var data = try Data(contentsOf: file)
        change(&data)
        try data.write(to: file)
    }

    private func replace(_ old: String, _ new: String, in name: String) throws {
        try damage(name) { data in
            data = Data(String(decoding: data, as: UTF8.self).replacing(old, with: new).utf8)
        }
    }

    /// Runs a command that hardens, and expects one line that holds `words`, exit code 2, and
    /// nothing written.
    private func expectNoHardening(
        _ arguments: [String], _ words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try temper(
            arguments + ["--suite", suite.path, "--out", out.path, "--defense", "deep-refusal"])
        #expect(result.status == 2, sourceLocation: sourceLocation)
        #expect(
            result.error.split(separator: "\n").count == 1, "\(result.error)",
            sourceLocation: sourceLocation)
        for word in words {
            #expect(
                result.error.contains(word), "\(result.error)", sourceLocation: sourceLocation)
        }
        #expect(
            !FileManager.default.fileExists(atPath: out.path), sourceLocation: sourceLocation)
    }

    @Test("a file of parameters or of ranges that does not fit is named, with the parameter")
    func defenseFiles() throws {
        func file(_ text: String) throws -> String {
            try directory.write(text, to: "values.yaml")
            return directory.url.appendingPathComponent("values.yaml").path
        }
        let harden = ["harden", model.path, "--config"]
        try expectNoHardening(
            harden + [file("training: {steps: many}")], "values.yaml: ", "training.steps")
        try expectNoHardening(harden + [file("restrictedBatch: 0")], "values.yaml: ", "1 to 4096")
        try expectNoHardening(harden + [file("steps: [")], "values.yaml", "YAML")
        let tune = ["tune-defense", model.path, "--battery", "quick", "--ranges"]
        try expectNoHardening(
            tune + [file("training.steps: {from: 9, to: 3}")], "values.yaml: ", "training.steps")
        try expectNoHardening(
            tune + [file("nothing: {from: 1, to: 3}")], "values.yaml: ", "nothing")
    }

    @Test("an audit that could not be run behind the hardening is refused before it")
    func auditBehindHardening() throws {
        try directory.write(
            "{name: b, adversaries: [{name: other, attack: fine-tuning, "
                + "parameters: {data: other-domain}}]}", to: "battery.yaml")
        let battery = directory.url.appendingPathComponent("battery.yaml").path
        try expectNoHardening(
            ["harden", model.path, "--audit", battery], "other: ", "--other-suite")
        let none = directory.url.appendingPathComponent("none.json").path
        try expectNoHardening(
            ["harden", model.path, "--audit", "quick", "--control", none], "none.json")
    }

    @Test("less memory than the audit takes, and a size that is none")
    func memory() throws {
        for (size, word) in [("0.5MiB", "--memory"), ("plenty", "--memory")] {
            let result = try temper(
                "audit", model.path, "--suite", suite.path, "--out", out.path, "--memory", size)
            #expect(result.status == 2)
            #expect(result.error.contains(word), "\(result.error)")
        }
    }

    @Test("a model that is not there")
    func missing() throws {
        try expectRefusal(
            model: directory.url.appendingPathComponent("nowhere"), "nowhere", "models")
    }

    @Test("a truncated checkpoint", arguments: [0, 4, 100, 5_000])
    func truncated(length: Int) throws {
        try damage("model.safetensors") { $0 = $0.prefix(length) }
        try expectRefusal("model.safetensors")
    }

    @Test("a checkpoint whose header lies about its length")
    func lying() throws {
        try damage("model.safetensors") { data in
            for index in 0..<8 { data[index] = 0x7F }
        }
        try expectRefusal("model.safetensors")
    }

    @Test("a checkpoint that claims an enormous tensor")
    func hostile() throws {
        try replace(
            #""shape":[258,32]"#, #""shape":[9223372036854775807,9223372036854775807]"#,
            in: "config.json")
        try damage("model.safetensors") { data in
            let length = Int(data[0]) | Int(data[1]) << 8 | Int(data[2]) << 16
            let header = String(decoding: data[8..<(8 + length)], as: UTF8.self)
            let lie = header.replacing("[32,32]", with: "[99,99]")
            data.replaceSubrange(8..<(8 + length), with: Data(lie.utf8))
        }
        try expectRefusal("model.safetensors")
    }

    @Test("a checkpoint with a NaN names the tensor")
    func notANumber() throws {
        try damage("model.safetensors") { data in
            data.replaceSubrange((data.count - 4)..<data.count, with: [0, 0, 0xC0, 0x7F])
        }
        try expectRefusal("NaN", "tensor")
    }

    @Test("a missing tokenizer")
    func noTokenizer() throws {
        try FileManager.default.removeItem(at: model.appendingPathComponent("tokenizer.json"))
        try expectRefusal("tokenizer.json")
    }

    @Test("an unknown architecture names those that are supported")
    func unknownArchitecture() throws {
        try replace("llama", "mamba", in: "config.json")
        try replace("Llama", "Mamba", in: "config.json")
        try expectRefusal("mamba", "llama", "mistral")
    }

    @Test("an empty suite")
    func emptySuite() throws {
        let empty = directory.url.appendingPathComponent("empty")
        try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
        try expectRefusal(suite: empty, "manifest.json", "missing")
        try directory.write("", to: "restricted-test.jsonl")
        try expectRefusal("restricted-test.jsonl", "empty")
    }

    @Test("a directory that cannot be written")
    func unwritable() throws {
        let file = directory.url.appendingPathComponent("file")
        try directory.write("", to: "file")
        try expectRefusal(out: file.appendingPathComponent("out"), "file")
        let result = try temper(
            "harden", model.path, "--suite", suite.path, "--out",
            file.appendingPathComponent("out").path)
        #expect(result.status == 2)
    }

    @Test("a store that another audit holds")
    func locked() throws {
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        let log = directory.url.appendingPathComponent("log")
        let first = try start(
            ["audit", model.path, "--suite", suite.path, "--out", out.path, "--seeds", "50"],
            log: log)
        defer {
            kill(first.processIdentifier, SIGKILL)
            first.waitUntilExit()
        }
        for _ in 0..<200 where !(try text(of: log).contains("step")) {
            Thread.sleep(forTimeInterval: 0.05)
        }
        try #require(first.isRunning)
        try expectRefusal("audit.sqlite", "another audit")
    }

    @Test("an output directory of somebody else is not replaced")
    func notReplaced() throws {
        let file = model.appendingPathComponent("config.json")
        let before = try Data(contentsOf: file)
        let result = try temper(
            "harden", model.path, "--suite", suite.path, "--out", model.path, "--replace")
        #expect(result.status == 2)
        #expect(try Data(contentsOf: file) == before)
    }

    @Test(
        "wrong usage",
        arguments: [
            ["audit"], ["audit", "x", "--seeds", "0"], ["audit", "x", "--budget-steps", "0"],
            ["nonsense"], ["generate", "x", "y", "--temperature", "-1"], ["harden", "x"],
            ["audit", "x", "--battery", "nowhere.yaml"],
        ])
    func usage(arguments: [String]) throws {
        let log = directory.url.appendingPathComponent("log")
        let process = try start(arguments, log: log)
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        #expect(!(try text(of: URL(fileURLWithPath: log.path + ".error")).isEmpty))
    }
}
