// SPDX-License-Identifier: Apache-2.0
// `temper plan`, `temper cell`, `temper collect`: divide an audit among processes or machines.

import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import Records
import Tensors

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Plan an audit that several processes do together.",
        discussion: """
            Writes plan.json to the output directory and prints the keys of its cells, one a line: \
            controls first, then adversaries. 'temper cell DIR' does cells that nobody else is \
            working on, on any machine that sees the directory and the same files; 'temper \
            collect DIR' writes record and report when all are done. Cells on the model before \
            hardening and trials of a search have no keys yet, because they depend on what is \
            measured first: 'temper cell DIR' without keys does them, too.
            """)

    @OptionGroup var options: AuditOptions

    @Option(help: "The directory of the plan, its cells and, in the end, the report.")
    var out: String

    func run() throws {
        var rest = CommandLine.arguments.dropFirst(2)[...]
        var arguments: [String] = []
        while let argument = rest.popFirst() {
            if argument == "--out" {
                _ = rest.popFirst()
            } else if !argument.hasPrefix("--out=") {
                arguments.append(argument)
            }
        }
        let directory = URL(fileURLWithPath: out)
        let audit = try Audit(
            options.request(commandLine: ["temper"] + CommandLine.arguments.dropFirst()),
            store: options.sharedStore(in: directory))
        let plan = try AuditPlanFile(audit, options: arguments, threads: Engine.threadCount)
        try plan.write(to: directory)
        for job in plan.jobs { print(job.key) }
    }
}

struct CellCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cell",
        abstract: "Do cells of a planned audit.",
        discussion: """
            Without keys, all that are left, searches included. A cell that another process is \
            working on is left to it; the cells of a process that was killed are taken up where \
            their traces end. What a cell needs of others, as the measures of the untampered model, \
            is measured first, or waited for.
            """)

    @Argument(help: "The directory of the plan.")
    var directory: String

    @Argument(help: "Keys of cells, as 'temper plan' prints them.")
    var keys: [String] = []

    func run() async throws {
        let (plan, audit) = try AuditPlanFile.audit(
            in: URL(fileURLWithPath: directory).standardizedFileURL)
        let known = Set(try audit.allJobs().map(\.key) + plan.jobs.map(\.key))
        if let unknown = keys.first(where: { !known.contains($0) }) {
            throw InputError(
                unknown, "is no cell of the plan in \(directory)",
                remedy: "'temper plan' has printed the keys; they are in plan.json, too")
        }
        var display = AuditDisplay(
            title: "\(audit.modelName), suite \(audit.suiteName)", measure: audit.measure)
        for try await event in audit.work(on: keys.isEmpty ? nil : Set(keys)) {
            display.show(event)
        }
    }
}

struct CollectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collect",
        abstract: "Write record and report of a planned audit whose cells are done.")

    @Argument(help: "The directory of the plan.")
    var directory: String

    func run() throws {
        let url = URL(fileURLWithPath: directory).standardizedFileURL
        let record = try AuditPlanFile.audit(in: url).audit.collect()
        try writeAudit(record, to: url)
        if record.safeguard != .stands { throw ExitCode(1) }
    }
}
