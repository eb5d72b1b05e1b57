// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONText
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
        ])
    func badLine(file: String, line: String, word: String) throws {
        let directory = try TemporaryDirectory()
        try writeTinySuite(to: directory)
        let url = directory.url.appendingPathComponent(file)
        let text = try String(contentsOf: url, encoding: .utf8)
        try directory.write(text + "\n" + line + "\n", to: file)
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.place.contains("\(file):6") == true)
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
