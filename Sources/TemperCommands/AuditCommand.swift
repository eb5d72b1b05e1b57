// SPDX-License-Identifier: Apache-2.0
// `temper audit`: what it costs to strip a model's safeguard.

import Adversaries
import ArgumentParser
import Audits
import CommandLineInterface
import Defenses
import Foundation
import Records
import Reports
import Suites
import Tensors

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Attack a model's safeguard and report what it costs to strip it.",
        discussion: """
            Writes record.json, measurements.csv and report.html to the output directory, and keeps \
            what is measured in audit.sqlite there: an audit that was stopped goes on where it was.
            """)

    @Argument(help: "A path, or a name that 'temper models' lists.")
    var model: String

    @Option(help: "A suite's folder, or the name of one in Suites/.")
    var suite = "canary-refusal"

    @Option(
        help:
            "A battery's name (\(BatteryFile.shipped.keys.sorted().joined(separator: ", "))), or a YAML or JSON file."
    )
    var battery = "quick"

    @Option(help: "How many seeds adversaries run with that depend on one.")
    var seeds = 3

    @Option(help: "The directory of the report.")
    var out = "build/audit"

    @Option(help: "Adversaries take at most this many optimizer steps.")
    var budgetSteps: Int?

    @Option(
        help:
            "Search the ranges of adversaries that have some with this many trials each, and confirm what was found with fresh seeds."
    )
    var search = 0

    @Option(help: "The model before hardening, for the safety tax: a path or a name.")
    var original: String?

    @Option(
        help: "A suite of another domain, for adversaries that learn from one: a path or a name.")
    var otherSuite: String?

    @Option(
        help:
            "Take no more memory, such as 8GiB: refuse, make batches fit, or end and keep what is measured."
    )
    var memory: ByteCount?

    @Flag(help: "Begin without asking, even when it takes more than an hour.")
    var yes = false

    @Option(
        name: .customLong("judge"), parsing: .singleValue,
        help:
            "Who judges answers beside the text judge, which decides; 'temper judges' lists the forms. May be given again."
    )
    var judges: [String] = []

    @Flag(help: "Print where the time went.")
    var profile = false

    func validate() throws {
        guard (1...1_000).contains(seeds) else {
            throw ValidationError("--seeds must be from 1 to 1000")
        }
        guard (0...100_000).contains(search) else {
            throw ValidationError("--search must be from 0 to 100000")
        }
        if let budgetSteps, budgetSteps < 1 {
            throw ValidationError("--budget-steps must be at least 1")
        }
    }

    func run() async throws {
        let locator = Locator()
        let battery = try Battery(battery)
        let directory = URL(fileURLWithPath: out)
        let url = try locator.model(model)
        let judges = try readJudges(judges, locator)
        let suite = try Suite(at: locator.suite(suite), locateBase: locator.suite)
        try makeDirectory(directory)
        let store = try AuditStore(at: directory.appendingPathComponent("audit.sqlite"))
        let loaded = try LoadedModel(at: url)
        var request = Audit.Request(
            model: loaded.model, identity: loaded.identity, suite: suite, battery: battery,
            seeds: (1...UInt64(seeds)).map { $0 })
        request.hardening = try HardenedModel.summary(at: url)
        request.original = try original.map { try LoadedModel(at: locator.model($0)) }
        request.otherSuite = try otherSuite.map {
            try Suite(at: locator.suite($0), locateBase: locator.suite)
        }
        request.budget.steps = budgetSteps
        request.memory = memory?.bytes
        request.trials = search
        request.judges = judges
        request.commandLine = ["temper"] + CommandLine.arguments.dropFirst()
        let audit = try Audit(request, store: store)
        guard try confirms(audit.estimate()) else { return }
        var display = AuditDisplay(
            title: "\(loaded.identity.name), suite \(suite.manifest.name)",
            measure: suite.manifest.thresholds.measure)
        for try await event in audit.run() {
            display.show(event)
            if case .record(let record) = event { try write(record, to: directory) }
        }
        if profile { printProfile() }
    }

    /// Says what the audit takes, and asks when that is much.
    private func confirms(_ estimate: AuditEstimate) throws -> Bool {
        let size = ByteCount(bytes: estimate.bytes)
        if let memory, estimate.bytes > memory.bytes {
            throw ValidationError(
                "--memory: the audit takes about \(size), more than \(memory); allow more, or "
                    + "leave out adversaries that train all weights or put much before prompts")
        }
        let total = estimate.cells + estimate.storedCells
        let rest = estimate.storedCells > 0 ? "\(estimate.cells) of \(total)" : "\(total)"
        print("\(rest) cells to measure, about \(brief(estimate.seconds)) and \(size) of memory")
        let isMuch = estimate.seconds > 3_600 && !yes
        guard isMuch, isTerminal, isatty(STDIN_FILENO) == 1 else { return true }
        print("Begin? [y/N] ", terminator: "")
        fflush(nil)
        return readLine()?.lowercased().hasPrefix("y") ?? false
    }

    private func write(_ record: AuditRecord, to directory: URL) throws {
        let report = Report(record)
        for (name, data) in [
            ("record.json", try record.json()),
            ("measurements.csv", Data(record.measurementsCSV().utf8)),
            ("report.html", Data(report.html().utf8)),
        ] {
            try CommandLineInterface.write(data, to: directory.appendingPathComponent(name))
        }
        print(report.terminalSummary(width: terminalWidth))
        print("\n\(directory.appendingPathComponent("report.html").relativePath)")
    }
}
