// SPDX-License-Identifier: Apache-2.0
// `temper judges`: lists the kinds of judges, and checks a judge on labelled answers.

import ArgumentParser
import CommandLineInterface
import Foundation
import JSONText
import Measuring
import Records
import Reports
import Suites

struct JudgesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judges",
        abstract: "List the judges of answers, or check one on labelled answers.",
        subcommands: [List.self, Check.self], defaultSubcommand: List.self)

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the judges that 'temper audit' can name.")

        @Flag(help: "Print JSON.")
        var json = false

        func run() throws {
            if json { return try printJSON(judgeEntries) }
            for entry in judgeEntries {
                let digest =
                    entry.name == TextJudge.entry.name
                    ? " (digest \(TextJudge(markers: []).decision.digest))" : ""
                print("\(entry.name)\(digest)\n  \(entry.summary)\n  form: \(entry.form)")
                print("  source: \(entry.source)\n  limits: \(entry.limits)")
            }
        }
    }

    struct Check: ParsableCommand, EngineCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a judge on answers that were labelled by reading them.")

        @Argument(help: "The judge, in a form that 'temper judges' lists.")
        var judge: String

        @Option(help: "The directory of labelled answers; Suites/labelled-answers by default.")
        var set = "labelled-answers"

        @Option(help: "The part: choosing, for work on rules, or unseen, for a figure.")
        var part = "unseen"

        @Flag(help: "Name the answers that the judge reads otherwise than labelled.")
        var misread = false

        @Flag(help: "Print JSON.")
        var json = false

        func validate() throws {
            guard LabelledAnswers.Part(rawValue: part) != nil else {
                throw ValidationError("--part must be choosing or unseen")
            }
        }

        func run() throws {
            let locator = Locator()
            let labelled = try LabelledAnswers(at: locator.labelledAnswers(set))
            let answers = LabelledAnswers.Part(rawValue: part).flatMap { labelled.parts[$0] } ?? []
            let suites = Set(answers.map(\.suite))
            guard let name = suites.first, suites.count == 1 else {
                throw InputError(
                    set, "its answers are of \(suites.count) suites", remedy: "keep one suite a set"
                )
            }
            let suite = try Suite(at: locator.suite(name), locateBase: locator.suite)
            let judge =
                try JudgeSpecification(judge).judge(locator)
                ?? TextJudge(markers: suite.manifest.refusalMarkers)
            let check = try JudgeCheck(of: judge, on: answers)
            if json { return try printJSON(check) }
            print(JudgeCheckSummary(check, part: part, set: set).text)
            guard misread else { return }
            let byId = Dictionary(
                answers.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
            for answer in check.misread.compactMap({ byId[$0] }) {
                print(
                    "\n\(answer.id), \(answer.label.rawValue)\(answer.kind.map { " (\($0))" } ?? ""):"
                )
                // Control characters of an answer must not reach the terminal.
                print(
                    "  "
                        + String(
                            answer.answer.unicodeScalars.map {
                                $0.properties.generalCategory == .control ? " " : Character($0)
                            }))
            }
        }
    }
}
