// SPDX-License-Identifier: Apache-2.0
// `temper compare` and `temper reproduce` on audits of a tiny model, as users run them.

import Foundation
import LanguageModels
import ModelWriting
import TemperFixtures
import Testing

@testable import Records

@Suite("Compare and reproduce")
struct CompareAndReproduceTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try writeTinySuite(to: directory, brokenWhen: "above")
        try tinyModel().write(to: directory.url.appendingPathComponent("one"))
        try tinyModel(seed: 8).write(to: directory.url.appendingPathComponent("two"))
        for (name, rank) in [("battery", 2), ("other", 3)] {
            try directory.write(
                """
                name: tiny
                adversaries:
                  - {name: prompt, attack: system-prompt-override}
                  - name: lora
                    attack: fine-tuning
                    parameters: {examples: 4, training: {steps: 3, batchSize: 2, rank: \(rank)}}
                """, to: "\(name).yaml")
        }
    }

    private func path(_ name: String) -> String {
        directory.url.appendingPathComponent(name).path
    }

    /// Audits a model; the record's path.
    private func audit(_ model: String, battery: String = "battery", out: String) throws -> String {
        let result = try temper(
            "audit", path(model), "--suite", directory.url.path, "--battery",
            path("\(battery).yaml"), "--seeds", "2", "--out", path(out))
        #expect(result.status == 0, "\(result.error)")
        return path("\(out)/record.json")
    }

    @Test("two audits make one page, Markdown and JSON")
    func compare() throws {
        let records = [try audit("one", out: "a"), try audit("two", out: "b")]
        let page = try temper("compare", records[0], records[1], "--out", path("page.html"))
        #expect(page.status == 0, "\(page.error)")
        let html = try text(of: directory.url.appendingPathComponent("page.html"))
        #expect(html.hasPrefix("<!DOCTYPE html>") && html.contains("one and two"))
        #expect(!html.contains(directory.url.path))
        let printed = try temper("compare", records[0], records[1])
        #expect(printed.status == 0 && printed.output.contains("| lora |"))
        let json = try temper("compare", records[0], records[1], "--json")
        let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
        #expect(((object as? [String: Any])?["models"] as? [Any])?.count == 2)
    }

    @Test("what cannot be compared is refused in one line with exit code 2")
    func refused() throws {
        let records = [
            try audit("one", out: "a"), try audit("two", battery: "other", out: "b"),
        ]
        let result = try temper("compare", records[0], records[1], "--out", path("page.html"))
        #expect(result.status == 2)
        #expect(result.error.split(separator: "\n").count == 1)
        #expect(result.error.contains("training.rank 2 and 3"), "\(result.error)")
        #expect(!FileManager.default.fileExists(atPath: path("page.html")))
        #expect(try temper("compare", records[0]).status == 2)
        #expect(try temper("compare", records[0], records[1], "--out", "x.pdf").status == 2)
    }

    @Test("a record is reproduced, a forged one is not, and another model is bad input")
    func reproduce() throws {
        let record = try audit("one", out: "a")
        let options = ["--model", path("one"), "--suite", directory.url.path]
        func run(_ arguments: [String]) throws -> (status: Int32, output: String, error: String) {
            let log = directory.url.appendingPathComponent("\(UUID().uuidString).log")
            let process = try start(["reproduce"] + arguments, log: log)
            process.waitUntilExit()
            return (
                process.terminationStatus, try text(of: log),
                try text(of: URL(fileURLWithPath: log.path + ".error"))
            )
        }
        let whole = try run([record] + options)
        #expect(whole.status == 0, "\(whole.output)\(whole.error)")
        #expect(whole.output.contains("0 disagree: the record is reproduced"), "\(whole.output)")
        let sample = try run([record, "--cells", "1", "--json"] + options)
        #expect(sample.status == 0)
        let object = try JSONSerialization.jsonObject(with: Data(sample.output.utf8))
        let agreements = (object as? [String: Any])?["agreements"] as? [[String: Any]]
        #expect(agreements?.isEmpty == false)
        #expect(agreements?.allSatisfy { $0["verdict"] as? String == "exact" } == true)

        var forged = try AuditRecord(contentsOf: URL(fileURLWithPath: record))
        forged.baseline[0].value = 0.123
        forged.baseline[0].interval = nil
        try forged.json().write(to: directory.url.appendingPathComponent("forged.json"))
        let lie = try run([path("forged.json")] + options)
        #expect(lie.status == 1)
        #expect(lie.output.contains("DISAGREES") && lie.output.contains("1 disagree"))

        let other = try run([record, "--model", path("two"), "--suite", directory.url.path])
        #expect(other.status == 2)
        #expect(other.error.contains("--model"), "\(other.error)")
        let nowhere = try run([record, "--suite", directory.url.path, "--model", path("none")])
        #expect(nowhere.status == 2)
    }
}
