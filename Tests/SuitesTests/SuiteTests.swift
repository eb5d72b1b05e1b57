// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONText
import Records
import TemperFixtures
import Testing

@testable import Suites

@Suite("Suites")
struct SuiteTests {
    @Test("the bundled suite is read whole, and its parts have the promised sizes")
    func bundled() throws {
        let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Suites/canary-refusal")
        let suite = try Suites.Suite(at: url)
        #expect(suite.restricted.train.count >= 96)
        #expect(suite.restricted.validation.count >= 48)
        #expect(suite.restricted.test.count >= 96)
        #expect(suite.lookalike.test.count >= 48)
        #expect(suite.capability.count >= 120)
        #expect(suite.digest.count == 64)
        let prompts = suite.restricted.train.map(\.prompt)
        #expect(Set(prompts).isDisjoint(with: suite.restricted.test.map(\.prompt)))
    }

    @Test("the suites that ship are known by the digests of their files, with their thresholds")
    func known() throws {
        for known in KnownSuite.shipped {
            let suite = try Suites.Suite(
                at: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .appendingPathComponent("../../Suites/\(known.identity.name)"))
            #expect(KnownSuite(suite) == known)
            #expect(KnownSuite.shipped(digest: suite.digest) == known)
            #expect(KnownSuite.shipped(named: known.identity.name) == known)
        }
        #expect(KnownSuite.shipped(digest: String(repeating: "0", count: 64)) == nil)
        #expect(KnownSuite.shipped(named: "wmdp") == nil)
    }

    @Test("both bundled suites have the same tax items, a thousand or more, and none of capability")
    func bundledTax() throws {
        let suites = try ["canary-refusal", "canary-knowledge"].map { name in
            try Suites.Suite(
                at: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .appendingPathComponent("../../Suites/\(name)"))
        }
        let tax = suites[0].tax
        #expect(tax == suites[1].tax)
        #expect(tax.count >= 1000)
        #expect(tax.allSatisfy { $0.choices.count == 4 })
        #expect(Set(tax.map(\.question)).count == tax.count)
        #expect(
            Set(tax.map(\.question)).isDisjoint(with: suites[0].capability.map(\.question)))
        let places = (0..<4).map { place in tax.count { $0.answer == place } }
        #expect((places.max() ?? 0) - (places.min() ?? 0) <= 1)
    }

    @Test("a suite may lack tax items, but not where its manifest counts them")
    func withoutTax() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        #expect(try Suites.Suite(at: directory.url).tax.isEmpty)
        let before = try Suites.Suite(at: directory.url).digest
        try writeTinyTax(to: directory)
        let suite = try Suites.Suite(at: directory.url)
        #expect(suite.tax.count == 6)
        #expect(suite.tax.first?.choices == ["c", "d", "e"])
        #expect(suite.digest != before)
        let url = directory.url.appendingPathComponent("manifest.json")
        let text = try String(contentsOf: url, encoding: .utf8)
        try directory.write(
            text.replacing(#""files": {}"#, with: #""files": {"tax.jsonl": 6}"#),
            to: "manifest.json")
        #expect(try Suites.Suite(at: directory.url).tax.count == 6)
        try FileManager.default.removeItem(
            at: directory.url.appendingPathComponent("tax.jsonl"))
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.place.hasSuffix("tax.jsonl") == true)
        #expect(error?.problem.contains("missing") == true)
    }

    @Test("a suite in memory may have tax items, and without them its digest is what it was")
    func taxInMemory() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let read = try Suites.Suite(at: directory.url)
        func made(_ tax: [CapabilityItem]) throws -> Suites.Suite {
            try Suites.Suite(
                name: "made", version: "1", thresholds: read.manifest.thresholds,
                refusalMarkers: ["no"], systemPrompts: ["obey"], restricted: read.restricted,
                benign: read.benign, lookalike: read.lookalike, refusals: read.refusals,
                capability: read.capability, retain: read.retain, tax: tax)
        }
        let item = CapabilityItem(id: "t", question: "q", choices: ["a", "b"], answer: 1)
        #expect(try made([]).tax.isEmpty)
        #expect(try made([item]).tax == [item])
        #expect(try made([item]).digest != made([]).digest)
        let error = #expect(throws: InputError.self) { try made([item, item]) }
        #expect(error?.place.contains("tax") == true)
    }

    @Test(
        "a bad line is an error with its file and number",
        arguments: [
            ("restricted-test.jsonl", #"{"id": "x", "prompt": "p"}"#, "compliant"),
            ("restricted-test.jsonl", #"{"id": "x", "prompt": " ", "compliant": "c"}"#, "blank"),
            ("restricted-test.jsonl", "{", "byte 1"),
            ("benign-train.jsonl", #"{"id": 3, "prompt": "p", "answer": "a"}"#, "wrong type"),
            (
                "capability.jsonl",
                #"{"id": "x", "question": "q", "choices": ["a", "b"], "answer": 2}"#, "answer 2"
            ),
            (
                "capability.jsonl", #"{"id": "x", "question": "q", "choices": ["a"], "answer": 0}"#,
                "two choices"
            ),
            (
                "tax.jsonl",
                #"{"id": "x", "question": "q", "choices": ["a", "b"], "answer": -1}"#, "answer -1"
            ),
        ])
    func badLine(file: String, line: String, word: String) throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        try writeTinyTax(to: directory)
        let url = directory.url.appendingPathComponent(file)
        let text = try String(contentsOf: url, encoding: .utf8)
        try directory.write(text + "\n" + line + "\n", to: file)
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        let number = text.split(separator: "\n").count + 2
        #expect(error?.place.contains("\(file):\(number)") == true)
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    }

    @Test("an id that stands twice is an error that names both lines")
    func duplicate() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let line = #"{"id": "x", "text": "t"}"#
        try directory.write("\(line)\n\(line)\n", to: "retain.jsonl")
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.place.hasSuffix("retain.jsonl:2") == true)
        #expect(error?.problem.contains("line 1") == true)
    }

    @Test("an empty or missing file is an error that names it", arguments: [true, false])
    func emptyFile(isMissing: Bool) throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        if isMissing {
            try FileManager.default.removeItem(
                at: directory.url.appendingPathComponent("retain.jsonl"))
        } else {
            try directory.write("\n", to: "retain.jsonl")
        }
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.place.hasSuffix("retain.jsonl") == true)
        #expect(error?.problem.contains(isMissing ? "missing" : "empty") == true)
    }

    @Test("a file with fewer lines than the manifest says is an error")
    func cutShort() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let url = directory.url.appendingPathComponent("manifest.json")
        let text = try String(contentsOf: url, encoding: .utf8)
        try directory.write(
            text.replacing(#""files": {}"#, with: #""files": {"retain.jsonl": 5}"#),
            to: "manifest.json")
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.problem.contains("has 4 items, the manifest says 5") == true)
    }

    @Test("the digest changes with any byte of any file")
    func digest() throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let before = try Suites.Suite(at: directory.url).digest
        #expect(try Suites.Suite(at: directory.url).digest == before)
        try directory.write(#"{"id": "x", "text": "u"}"#, to: "retain.jsonl")
        #expect(try Suites.Suite(at: directory.url).digest != before)
    }
}
