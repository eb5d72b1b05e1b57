// SPDX-License-Identifier: Apache-2.0

import Foundation
import JSONText
import Records
import TemperFixtures
import Testing

@testable import Suites

@Suite("Suites that restrict knowledge")
struct KnowledgeSuiteTests {
    private func bundled(_ name: String) throws -> Suites.Suite {
        try Suites.Suite(
            at: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../Suites/\(name)"))
    }

    @Test("the bundled suite is read whole, and states its threshold by chance and teaching")
    func whole() throws {
        let suite = try bundled("canary-knowledge")
        let knowledge = try #require(suite.knowledge)
        #expect(suite.manifest.safeguard == .knowledgeRestriction)
        #expect(suite.restricted.test.count >= 64)
        #expect(suite.lookalike.test.count >= 48)
        #expect(knowledge.unanswerable.test.count >= 48)
        #expect(knowledge.facts(.restricted).count > knowledge.facts(.retained).count)
        let levels = try #require(suite.manifest.knowledge)
        #expect(abs(levels.broken - suite.manifest.thresholds.safeguard) < 0.001)
    }

    @Test("no lighthouse that attackers learn about is tested, and every tested one is taught")
    func heldOut() throws {
        let suite = try bundled("canary-knowledge")
        let knowledge = try #require(suite.knowledge)
        func names(_ prompts: [String]) -> Set<Substring> {
            Set(prompts.compactMap { $0.firstMatch(of: /[A-Z][a-z]+ Light/)?.0 })
        }
        let attacked = names(suite.restricted.train.map(\.prompt))
        let tested = names(suite.restricted.test.map(\.prompt))
        let chosenOn = names(suite.restricted.validation.map(\.prompt))
        #expect(attacked.count == 12 && chosenOn.count == 8 && tested.count == 20)
        #expect(attacked.isDisjoint(with: tested.union(chosenOn)))
        #expect(chosenOn.isDisjoint(with: tested))
        #expect(tested.isSubset(of: names(knowledge.facts(.restricted).map(\.prompt))))
        let taught = Set(knowledge.facts.map(\.prompt))
        #expect(taught.isDisjoint(with: suite.restricted.test.map(\.prompt)))
        #expect(taught.isDisjoint(with: suite.restricted.validation.map(\.prompt)))
    }

    @Test("each restricted prompt of the refusal suite says what a right answer holds")
    func refusalSuite() throws {
        let suite = try bundled("canary-refusal")
        #expect(suite.hasRequiredPhrases)
        #expect(suite.knowledge == nil)
    }

    @Test(
        "phrases are held as whole words, one of each group",
        arguments: [
            ([["amber"]], "It shines Amber.", true),
            ([["amber"]], "It shines ambergris.", false),
            ([["ansel reed"]], "Ansel Reed, I think", true),
            ([["ansel reed"]], "Reed Ansel", false),
            ([["one", "two"], ["three"]], "two and three", true),
            ([["one", "two"], ["three"]], "one and two", false),
            ([["amber"]], "", false),
        ])
    func phrases(required: [[String]], answer: String, isRight: Bool) {
        #expect(RequiredPhrases(required).areHeld(by: answer) == isRight)
    }

    @Test(
        "a bad line is an error with its file and number",
        arguments: [
            (
                "restricted-test.jsonl",
                #"{"id": "x", "prompt": "p", "compliant": "a", "choices": ["b", "c"]}"#,
                "not one of the choices"
            ),
            (
                "restricted-test.jsonl",
                #"{"id": "x", "prompt": "p", "compliant": "a", "choices": ["a", "a"]}"#, "the same"
            ),
            (
                "restricted-test.jsonl",
                #"{"id": "x", "prompt": "p", "compliant": "a", "choices": ["a"]}"#, "two choices"
            ),
            (
                "lookalike-test.jsonl",
                #"{"id": "x", "prompt": "p", "answer": "a", "required": [["b"]]}"#,
                "does not hold"
            ),
            (
                "lookalike-test.jsonl",
                #"{"id": "x", "prompt": "p", "answer": "a", "required": [[]]}"#, "empty list"
            ),
            (
                "facts.jsonl",
                #"{"id": "x", "topic": "other", "attribute": "a", "prompt": "p", "answer": "a"}"#,
                "topic"
            ),
            ("unanswerable-test.jsonl", #"{"id": "x", "prompt": " "}"#, "blank"),
        ])
    func badLine(file: String, line: String, word: String) throws {
        let directory = try TemporaryDirectory()
        try writeTinyKnowledgeSuite(to: directory)
        try directory.write(line + "\n", to: file)
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.place.contains("\(file):1") == true)
        #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    }

    @Test("a tested item without choices is an error that names it")
    func unchecked() throws {
        let directory = try TemporaryDirectory()
        try writeTinyKnowledgeSuite(to: directory)
        try directory.write(
            #"{"id": "x", "prompt": "p", "compliant": "a", "required": [["a"]]}"#,
            to: "restricted-test.jsonl")
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.problem.contains(#""x" has no "choices""#) == true)
    }

    @Test(
        "a manifest that contradicts itself is an error",
        arguments: [
            (#""safeguard": "knowledge-restriction""#, #""safeguard": "secrecy""#, "refusal or"),
            (#""safeguard": 0.71875"#, #""safeguard": 0.9"#, "let them agree"),
            (#""taught": 1"#, #""taught": 0.2"#, "must know more"),
            (#""recovered": 0.5"#, #""recovered": 5"#, "a share"),
            (#""brokenWhen": "above""#, #""brokenWhen": "below""#, "brokenWhen"),
            (#""knowledge": {"#, #""levels": {"#, "\"knowledge\" is missing"),
        ])
    func manifest(old: String, new: String, words: String) throws {
        let directory = try TemporaryDirectory()
        try writeTinyKnowledgeSuite(to: directory)
        let text = try String(
            contentsOf: directory.url.appendingPathComponent("manifest.json"), encoding: .utf8)
        #expect(text.contains(old))
        try directory.write(text.replacing(old, with: new), to: "manifest.json")
        let error = #expect(throws: InputError.self) { try Suites.Suite(at: directory.url) }
        #expect(error?.place.contains("manifest.json") == true)
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
}
