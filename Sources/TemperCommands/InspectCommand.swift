// SPDX-License-Identifier: Apache-2.0
// `temper inspect`: finds out how a checkpoint was made, from the weights alone.

import Adversaries
import ArgumentParser
import Checkpoints
import CommandLineInterface
import Forensics
import Foundation
import LanguageModels
import Records
import Reports
import Suites

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Say from the weights how a checkpoint was made from its base.",
        usage: """
            temper inspect <base> <derived> [--third <third>] [--suite <suite>] [--chat-template <file>] [--date <date>] [--html <html>] [--json]
            temper inspect <derived> [--html <html>] [--json]
            """,
        discussion: """
            Tells apart: the same values stored again, a cast, quantisation, pruning, noise, merged \
            low-rank adapters, fine-tuning, orthogonalisation (also partial, reflected, or with row \
            norms kept), a merge with a third checkpoint, and compositions. With one checkpoint, \
            only the signatures that need no base are looked for. With --suite, a direction that was \
            taken out is compared with the refusal directions of the base, which is run for that \
            and takes its memory. Documentation/Forensics.md says how often the verdicts are right \
            and what they miss. Exit code 0 whatever the verdict.
            """)

    @Argument(help: "The base and the derived checkpoint, or the derived one alone.")
    var checkpoints: [String]

    @Option(help: "The other parent of a merge, to be tried.")
    var third: String?

    @Option(
        help: """
            A suite's folder, or the name of one in Suites/, whose prompts a direction that was \
            taken out is compared on.
            """)
    var suite: String?

    @Option(help: "The page to write.")
    var html: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup var conversation: ConversationOptions

    func validate() throws {
        guard (1...2).contains(checkpoints.count) else {
            throw ValidationError("inspect takes a base and a derived checkpoint, or one alone")
        }
        if third != nil, checkpoints.count == 1 {
            throw ValidationError("--third needs a base to merge with: inspect BASE DERIVED")
        }
        if suite != nil, checkpoints.count == 1 {
            throw ValidationError("--suite needs a base to run: inspect BASE DERIVED")
        }
    }

    func run() throws {
        let locator = Locator()
        let opened = try checkpoints.map { try Checkpoint(at: locator.model($0)) }
        let third = try third.map { try Checkpoint(at: locator.model($0)) }
        let suite = try suite.map { try Suite(at: locator.suite($0), locateBase: locator.suite) }
        var line = ProgressLine()
        func show(_ progress: Inspector.Progress) {
            guard !json else { return }
            let unit = progress.total < 10_000_000 ? 1 : 1_000_000
            line.show(
                unit == 1 ? "Weights" : "Million weights", done: progress.done / unit,
                of: progress.total / unit, note: progress.tensor)
        }
        let base = try locator.model(checkpoints[0])
        let form = try conversation.form()
        let directions = suite.map { suite in
            { () throws -> [ResidualDirection] in
                if !json { line.show("Running the base", done: 0, of: 1, note: base.path) }
                return try refusalDirections(
                    of: LanguageModel(at: base).conversing(in: form), suite: suite, seed: 0)
            }
        }
        let inspection: Inspection
        if opened.count == 2 {
            inspection = try Inspector(base: opened[0], derived: opened[1], third: third)
                .inspect(refusalDirections: directions, progress: show)
        } else {
            inspection = try SignatureInspector(opened[0]).inspect(progress: show)
        }
        line.end()
        let report = InspectionReport(inspection)
        if let html { try write(Data(report.html().utf8), to: URL(fileURLWithPath: html)) }
        if json { return print(String(decoding: try canonicalJSON(inspection), as: UTF8.self)) }
        print(report.terminalSummary(), terminator: "")
        if let html { print(html) }
    }
}
