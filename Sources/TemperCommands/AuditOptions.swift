// SPDX-License-Identifier: Apache-2.0
// The options that describe an audit, for `temper audit` and `temper plan`.

import Adversaries
import ArgumentParser
import Audits
import CommandLineInterface
import Defenses
import Foundation
import Measuring
import Records
import Reports
import Suites
import Tensors

/// The options that describe an audit.
struct AuditOptions: ParsableArguments {
    @OptionGroup var model: ModelOptions

    @Option(help: "A suite's folder, or the name of one in Suites/.")
    var suite = "canary-refusal"

    @Option(
        help:
            "A battery's name (\(BatteryFile.shipped.keys.sorted().joined(separator: ", "))), or a YAML or JSON file."
    )
    var battery = "quick"

    @Option(help: "How many seeds adversaries run with that depend on one.")
    var seeds = 3

    @Option(help: "Adversaries take at most this many optimizer steps.")
    var budgetSteps: Int?

    @Option(
        help:
            "Search the ranges of adversaries that have some with this many trials each, and confirm what was found with fresh seeds."
    )
    var search = 0

    @Option(
        help: """
            Let each adversary take this many times the steps that it took to break a control; the \
            control's record is named with --control.
            """)
    var toRatio: Double?

    @Option(help: "The record of a control that the same battery has audited, for --to-ratio.")
    var control: String?

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

    @Option(help: "The judge that decides what answers do; 'temper judges' lists the forms.")
    var decide = "text"

    @Option(
        name: .customLong("judge"), parsing: .singleValue,
        help: "A judge that is asked beside the one that decides. May be given again.")
    var judges: [String] = []

    @OptionGroup var answers: AnswerOptions

    @OptionGroup var conversation: ConversationOptions

    @Option(
        help:
            "How many threads compute; one for each core by default. The last bits of the numbers depend on it."
    )
    var threads: Int?

    @Option(
        help: """
            Keep measured cells in this directory. Audits can share it: what two of them have in \
            common, as the measures of the same original, is measured once.
            """)
    var cells: String?

    @Flag(help: "Attack a model that does not have the suite's safeguard all the same.")
    var anyway = false

    @Flag(help: "Try cells again that failed in an earlier run.")
    var retryFailed = false

    func validate() throws {
        guard (1...1_000).contains(seeds) else {
            throw ValidationError("--seeds must be from 1 to 1000")
        }
        guard (0...100_000).contains(search) else {
            throw ValidationError("--search must be from 0 to 100000")
        }
        if let toRatio, !(1...1e6).contains(toRatio) {
            throw ValidationError("--to-ratio must be from 1 to 1000000")
        }
        guard (toRatio == nil) == (control == nil) else {
            throw ValidationError("--to-ratio and --control are given together")
        }
        if let budgetSteps, budgetSteps < 1 {
            throw ValidationError("--budget-steps must be at least 1")
        }
        if let threads, !(1...4_096).contains(threads) {
            throw ValidationError("--threads must be from 1 to 4096")
        }
    }

    /// Reads models, suites and judges.
    ///
    /// - Parameter commandLine: The command line for the record.
    /// - Returns: The request.
    /// - Throws: Errors that state file, place and remedy.
    func request(commandLine: [String]) throws -> Audit.Request {
        if let threads { Engine.threadCount = threads }
        let locator = Locator()
        let battery = try extended(Battery(battery))
        let (decidingJudge, judges) = try readJudges(judges, deciding: decide, locator)
        let suite = try Suite(at: locator.suite(suite), locateBase: locator.suite)
        let form = try conversation.form()
        let loaded = try LoadedModel(
            at: model.location(), adapter: model.adapterLocation(), in: form)
        var request = Audit.Request(
            model: loaded.model, identity: loaded.identity, suite: suite, battery: battery,
            seeds: (1...UInt64(seeds)).map { $0 })
        request.hardening = try HardenedModel.summary(of: loaded)
        request.original = try original.map { try LoadedModel(at: locator.model($0), in: form) }
        request.otherSuite = try otherSuite.map {
            try Suite(at: locator.suite($0), locateBase: locator.suite)
        }
        request.budget.steps = budgetSteps
        request.memory = memory?.bytes
        request.trials = search
        request.decidingJudge = decidingJudge
        request.judges = judges
        request.settings = answers.settings
        request.acceptsMissingSafeguard = anyway
        request.retriesFailures = retryFailed
        request.commandLine = commandLine
        return request
    }
}

extension AuditOptions {
    /// Returns the store of cells that several processes or audits can share.
    ///
    /// - Parameter directory: The directory of the audit.
    /// - Returns: The store, in `--cells` or in the audit's own directory.
    /// - Throws: `InputError` when the store's directory cannot be made.
    func sharedStore(in directory: URL) throws -> DirectoryCellStore {
        try DirectoryCellStore(
            at: cells.map { URL(fileURLWithPath: $0) } ?? directory.appendingPathComponent("cells"))
    }

    /// Returns the battery with its adversaries extended to the requested ratio.
    private func extended(_ battery: Battery) throws -> Battery {
        guard let toRatio, let control else { return battery }
        let record = try AuditRecord(contentsOf: URL(fileURLWithPath: control))
        let (extended, left) = try battery.extended(toRatio: toRatio, of: record)
        for name in left {
            warn(
                "\(name) keeps its budget: it has no steps to raise, or its learning rate depends on their number"
            )
        }
        return extended
    }

    private func warn(_ text: String) {
        FileHandle.standardError.write(Data("temper: \(text)\n".utf8))
    }
}

/// Writes the files of an audit to its directory: record, measurements and report.
///
/// - Parameters:
///   - record: The record.
///   - directory: The directory.
/// - Throws: `InputError` when a file cannot be written.
func writeAudit(_ record: AuditRecord, to directory: URL) throws {
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
