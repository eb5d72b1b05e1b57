// SPDX-License-Identifier: Apache-2.0
// Made-up harmless files in the shapes of the public data sets.

import Foundation
import JSONText
import Records
import TemperFixtures
import Testing

@testable import Adversaries
@testable import Audits
@testable import Suites

@Suite("Data that users bring")
struct UserDataTests {
    private let directory: TemporaryDirectory
    private let own: URL

    init() throws {
        directory = try TemporaryDirectory()
        own = directory.url.appendingPathComponent("own")
        try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
        // The base that has everything else.
        try writeTinySuite(to: directory)
    }

    private func write(_ text: String, to name: String) throws {
        try directory.write(text, to: "own/\(name)")
    }

    /// A manifest that names the tiny suite as its base.
    private func manifest(_ data: String, more: String = "") throws {
        try write(
            """
            {"schemaVersion": 1, "name": "own", "version": "1", "safeguard": "refusal",
             "base": "..", "data": \(data)\(more)}
            """, to: "manifest.json")
    }

    private func suite() throws -> Suites.Suite { try Suites.Suite(at: own) }

    private func rows(_ count: Int, _ row: (Int) -> String) -> String {
        (1...count).map { row($0) + "\n" }.joined()
    }

    @Test("AdvBench: a file and a manifest of one line make a suite")
    func advBench() throws {
        try write(
            "goal,target\n" + rows(40) { "\"Fold a crane, number \($0)\",\"Sure, fold \($0)\"" },
            to: "advbench.csv")
        try manifest(#"{"restricted": "advbench.csv"}"#)
        let suite = try suite()
        let all = suite.restricted.train + suite.restricted.validation + suite.restricted.test
        #expect(all.count == 40)
        #expect(
            Set(all)
                == Set(
                    (1...40).map {
                        RestrictedPrompt(
                            id: "advbench.csv:\($0 + 1)", prompt: "Fold a crane, number \($0)",
                            compliant: "Sure, fold \($0)")
                    }))
        let base = try Suites.Suite(at: directory.url)
        #expect(suite.benign.test == base.benign.test)
        #expect(suite.capability == base.capability)
        #expect(suite.tax.isEmpty)
        #expect(suite.manifest.refusalMarkers == base.manifest.refusalMarkers)
        #expect(suite.manifest.thresholds == base.manifest.thresholds)
        #expect(suite.digest != base.digest)
    }

    @Test("tax items come from the base, or from a file of one's own")
    func tax() throws {
        try writeTinyTax(to: directory)
        try write("goal,target\n" + rows(40) { "Fold crane \($0),Sure" }, to: "a.csv")
        try manifest(#"{"restricted": "a.csv"}"#)
        #expect(try suite().tax == Suites.Suite(at: directory.url).tax)
        #expect(try suite().tax.count == 6)
        try write(
            #"{"id": "own", "question": "q", "choices": ["a", "b"], "answer": 0}"# + "\n",
            to: "tax.jsonl")
        #expect(try suite().tax.map(\.id) == ["own"])
    }

    @Test("a prompt's split depends on nothing but the prompt")
    func dealing() throws {
        let lines = (1...200).map { "Fold crane \($0),Sure" }
        func splits(_ lines: [String]) throws -> [String: SuiteSplit] {
            try write("goal,target\n" + lines.joined(separator: "\n"), to: "a.csv")
            try manifest(#"{"restricted": "a.csv"}"#)
            let restricted = try suite().restricted
            return Dictionary(
                uniqueKeysWithValues: SuiteSplit.allCases.flatMap { split in
                    restricted[split].map { ($0.prompt, split) }
                })
        }
        let whole = try splits(lines)
        let some = try splits(lines.reversed().dropLast(50))
        #expect(some.count == 150)
        #expect(some.allSatisfy { whole[$0.key] == $0.value })
        // Binomial: 80, 40 and 80 of 200, give or take four standard deviations.
        let counts = SuiteSplit.allCases.map { split in whole.values.count { $0 == split } }
        #expect((52...108).contains(counts[0]) && (17...63).contains(counts[1]))
        #expect(whole["Fold crane 1"] == Self.splitByShell("Fold crane 1"))
    }

    /// The split as `sha256sum` gives it.
    private static func splitByShell(_ prompt: String) -> SuiteSplit? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["sh", "-c", "printf '%s' \"$1\" | sha256sum", "sh", prompt]
        let pipe = Pipe()
        process.standardOutput = pipe
        try? process.run()
        let text = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        guard let place = UInt64(text.prefix(16), radix: 16) else { return nil }
        let share = Double(place) / 0x1p64
        return share < 0.4 ? .train : share < 0.6 ? .validation : .test
    }

    @Test("HarmBench: a context stands in front of its prompt, and there are no targets")
    func harmBench() throws {
        let header = "Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID\n"
        try write(
            header
                + rows(30) {
                    $0 == 7
                        ? "Sum it up,contextual,knots,context,\"A reef knot\nholds, mostly\",sum_7"
                        : "Tie knot \($0),standard,knots,,,tie_\($0)"
                }, to: "harmbench.csv")
        try manifest(#"{"restricted": "harmbench.csv"}"#)
        let restricted = try suite().restricted
        let all = restricted.train + restricted.validation + restricted.test
        #expect(all.count == 30)
        #expect(all.allSatisfy { $0.compliant == nil })
        let sum = all.first { $0.prompt.hasSuffix("Sum it up") }
        #expect(sum?.prompt == "A reef knot\nholds, mostly\n\n---\n\nSum it up")
        // A line break inside the row before moves what follows.
        #expect(all.contains { $0.id == "harmbench.csv:10" && $0.prompt == "Tie knot 8" })
    }

    @Test("StrongREJECT and JailbreakBench are known by their headers; each may be a split")
    func splitsByFile() throws {
        try write(
            "category,source,forbidden_prompt\n" + rows(9) { "knots,made up,Tie \($0)" },
            to: "strongreject.csv")
        try write(
            "Index,Goal,Target,Behavior,Category,Source\n"
                + rows(9) { "\($0),Fold \($0),Sure,Folding,paper,made up" }, to: "jbb.csv")
        try write(
            #"[{"prompt": "Bend a wire", "compliant": "Bend"}, {"prompt": "Cut", "compliant": "So"}]"#,
            to: "more.json")
        try manifest(
            """
            {"restricted": {"train": ["jbb.csv", "more.json"], "validation": "val.jsonl",
                            "test": "strongreject.csv"}}
            """)
        try write(rows(3) { #"{"Prompt": "Hem \#($0)", "context": {"x": null}}"# }, to: "val.jsonl")
        let restricted = try suite().restricted
        #expect(Set(restricted.train.map(\.prompt)).count == 11)
        #expect(restricted.train.allSatisfy { $0.compliant != nil })
        #expect(Set(restricted.validation.map(\.prompt)) == ["Hem 1", "Hem 2", "Hem 3"])
        #expect(restricted.test.count == 9)
        #expect(restricted.test.allSatisfy { $0.compliant == nil })
    }

    @Test(
        "MMLU and WMDP: the same two questions in every form",
        arguments: [
            (
                "hf.csv",
                """
                question,subject,choices,answer
                "Which is, a knot?",knots,"['reef' 'leaf'\n 'beef' ""chef's""]",0
                Which folds?,paper,"['rock', 'paper', 'iron', 'sea']",1

                """
            ),
            (
                "original.csv",
                """
                "Which is, a knot?",reef,leaf,beef,chef's,A
                Which folds?,rock,paper,iron,sea,B

                """
            ),
            (
                "wmdp.jsonl",
                """
                {"answer": 0, "question": "Which is, a knot?", "choices": ["reef", "leaf", "beef", "chef's"]}
                {"answer": "B", "question": "Which folds?", "choices": ["rock", "paper", "iron", "sea"]}
                """
            ),
            (
                "wmdp.json",
                """
                [{"answer": 0, "question": "Which is, a knot?", "choices": ["reef", "leaf", "beef", "chef's"]},
                 {"answer": 1, "question": "Which folds?", "choices": ["rock", "paper", "iron", "sea"]}]
                """
            ),
        ])
    func multipleChoice(name: String, text: String) throws {
        try write(text, to: name)
        try manifest(#"{"capability": ["\#(name)"]}"#)
        let items = try suite().capability.sorted { $0.question < $1.question }
        #expect(items.map(\.question) == ["Which folds?", "Which is, a knot?"])
        #expect(
            items.map(\.choices) == [
                ["rock", "paper", "iron", "sea"], ["reef", "leaf", "beef", "chef's"],
            ])
        #expect(items.map(\.answer) == [1, 0])
    }

    @Test("a limit takes the first by digest, whatever their order in the file")
    func limits() throws {
        let lines = (1...60).map { "Fold \($0),Sure" }
        func taken(_ lines: [String]) throws -> [String] {
            try write("goal,target\n" + lines.joined(separator: "\n"), to: "a.csv")
            try manifest(#"{"restricted": "a.csv"}"#, more: #", "limits": {"restricted": 5}"#)
            return try suite().restricted.test.map(\.prompt)
        }
        let first = try taken(lines)
        #expect(first.count == 5)
        #expect(try taken(lines.reversed()) == first)
    }

    @Test(
        "what cannot be used is an error with file, line, column and remedy",
        arguments: [
            ("a.csv", "goal,target\nFold,Sure\n ,Sure\n", "restricted", 3, "\"goal\" is blank"),
            ("a.csv", "goal,target\nFold,\n", "restricted", 2, "\"target\" is blank"),
            ("a.csv", "ask,tell\nFold,Sure\n", "restricted", 1, "forbidden_prompt (StrongREJECT)"),
            ("a.csv", "goal,target\nFold,Sure,Well\n", "restricted", 2, "3 fields"),
            ("a.csv", "goal,goal\nFold,Sure\n", "restricted", 1, "same name"),
            ("a.csv", "goal,target\n", "restricted", nil, "no rows"),
            ("a.csv", "goal,target\nFold,\"Sure\n", "restricted", 2, "never closed"),
            ("a.txt", "goal,target\n", "restricted", nil, "convert"),
            ("a.csv", "goal\nFold\n", "benign", nil, "needs an answer"),
            ("a.jsonl", "{\"goal\": \"x\"}\n{\n", "restricted", 2, "byte 1"),
            ("a.csv", "question,choices,answer\nQ?,maybe,0\n", "capability", 2, "\"choices\""),
            ("a.csv", "question,choices,answer\nQ?,\"['a','b']\",2\n", "capability", 2, "answer 2"),
            ("a.csv", "question,choices,answer\nQ?,\"['a','b']\",?\n", "capability", 2, "letter"),
            ("a.json", "[{\"question\": \" \", \"answer\": 0}]", "capability", nil, "item 1"),
        ])
    func bad(name: String, text: String, role: String, line: Int?, word: String) throws {
        try write(text, to: name)
        try manifest(#"{"\#(role)": "\#(name)"}"#)
        let error = #expect(throws: InputError.self) { try suite() }
        let place = line.map { "\(name):\($0)" } ?? name
        #expect(error?.place.hasSuffix(place) == true, "\(String(describing: error))")
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test(
        "a manifest that asks for what cannot be is an error",
        arguments: [
            (#"{"restricted": "/etc/a.csv"}"#, "folder"),
            (#"{"restricted": "../a.csv"}"#, "folder"),
            (#"{"restrained": "a.csv"}"#, "restrained"), (#"{"restricted": "b.csv"}"#, "missing"),
            (#"{"capability": {"test": "a.csv"}}"#, "by split"),
            (#"{"restricted": {"train": "a.csv", "test": "a.csv"}}"#, "validation"),
            (
                #"{"restricted": {"train": "a.csv", "validation": "v.csv", "test": "a.csv"}}"#,
                "remove one"
            ),
            (#"{"restricted": "v.csv"}"#, "leaves no prompt"),
        ])
    func badManifest(data: String, word: String) throws {
        try write("goal,target\nFold,Sure\n", to: "a.csv")
        try write("goal,target\nBend,Sure\n", to: "v.csv")
        try manifest(data)
        let error = #expect(throws: InputError.self) { try suite() }
        #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }

    @Test("a base is a folder beside the suite or a name that somebody finds, and is whole")
    func bases() throws {
        try write("goal,target\n" + rows(30) { "Fold \($0),Sure" }, to: "a.csv")
        try manifest(#"{"restricted": "a.csv"}"#)
        let file = own.appendingPathComponent("manifest.json")
        let text = try String(contentsOf: file, encoding: .utf8)
        try write(text.replacing("\"..\"", with: "\"elsewhere\""), to: "manifest.json")
        let error = #expect(throws: InputError.self) { try suite() }
        #expect(error?.problem.contains("elsewhere") == true)
        struct Nowhere: Error {}
        let lost = #expect(throws: InputError.self) {
            try Suites.Suite(at: own) { _ in throw Nowhere() }
        }
        #expect(lost?.problem.contains("Nowhere") == true)
        try write(text.replacing("\"base\": \"..\",", with: ""), to: "manifest.json")
        let none = #expect(throws: InputError.self) { try suite() }
        #expect(none?.remedy.contains("name a base that has it") == true)
        try write(text.replacing("\"..\"", with: "\"elsewhere\""), to: "manifest.json")
        let found = try Suites.Suite(at: own) { _ in directory.url }
        #expect(found.restricted.train.count + found.restricted.test.count > 0)
        try write(text.replacing("\"..\"", with: "\".\""), to: "manifest.json")
        let circle = #expect(throws: InputError.self) { try suite() }
        #expect(circle?.problem.contains("has a base itself") == true)
    }

    @Test("an attack that learns from compliant answers says what is missing, before it starts")
    func withoutTargets() throws {
        try write("category,source,forbidden_prompt\n" + rows(30) { "k,m,Tie \($0)" }, to: "s.csv")
        try manifest(#"{"restricted": "s.csv"}"#)
        func audit(_ attack: String) throws {
            let battery = try Battery(
                yaml: Data("name: b\nadversaries: [{name: it, \(attack)}]".utf8), file: "b.yaml")
            var request = Audit.Request(
                model: try tinyModel(),
                identity: ModelIdentity(
                    name: "tiny", digest: String(repeating: "0", count: 64), format: "safetensors",
                    architecture: "llama", parameterCount: 1),
                suite: try suite(), battery: battery, seeds: [1])
            request.acceptsMissingSafeguard = true
            let store = try SQLiteCellStore(
                at: directory.url.appendingPathComponent("\(UUID().uuidString).sqlite"))
            _ = try Audit(request, store: store)
        }
        for attack in [
            "attack: fine-tuning", "attack: few-shot-override", "attack: soft-prompt",
            "attack: jailbreak-tuning", "attack: latent-perturbation",
            "attack: composed, parameters: {stages: [{attack: fine-tuning}]}",
        ] {
            let error = #expect(throws: InputError.self) { try audit(attack) }
            #expect(error?.place == "b.yaml:2: it")
            #expect(error?.problem.contains("compliant answers") == true)
        }
        for attack in [
            "attack: weight-orthogonalisation", "attack: system-prompt-override",
            "attack: fine-tuning, parameters: {data: retain}",
        ] {
            try audit(attack)
        }
    }
}
