// SPDX-License-Identifier: Apache-2.0
// `temper audit`: measures the cost of stripping a model's safeguard.

import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import Records
import Suites
import Tensors

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Attack a model's safeguard and report what it costs to strip it.",
        discussion: """
            Writes record.json, measurements.csv and report.html to the output directory, and keeps \
            what is measured there: the same command resumes an audit that was stopped. Exit codes: \
            0 for an audit of a model that has the safeguard, 1 for one that does not have it.
            """)

    @OptionGroup var options: AuditOptions

    @Option(
        help:
            "The directory of the report; build/audit-MODEL-SUITE by default."
    )
    var out: String?

    @Option(
        help:
            "Share the work among this many processes on this machine; give each fewer --threads."
    )
    var processes = 1

    @Flag(help: "Begin without asking, even when it takes more than an hour.")
    var yes = false

    @Flag(help: "Print where the time went.")
    var profile = false

    func validate() throws {
        guard (1...1_000).contains(processes) else {
            throw ValidationError("--processes must be from 1 to 1000")
        }
    }

    func run() async throws {
        var request = try options.request(
            commandLine: ["temper"] + CommandLine.arguments.dropFirst())
        let directory = URL(
            fileURLWithPath: out
                ?? "build/audit-\(request.identity.name)-\(request.suite.manifest.name)")
        try checkOutput(directory, of: request.identity)
        try makeDirectory(directory)
        let store: any CellStore =
            processes > 1 || options.cells != nil
            ? try options.sharedStore(in: directory)
            : try SQLiteCellStore(at: directory.appendingPathComponent("audit.sqlite"))
        let audit = try Audit(request, store: store)
        guard try confirms(audit.estimate()) else { return }
        let record: AuditRecord
        do {
            record = try await measured(audit, in: directory)
        } catch let missing as MissingSafeguard where asks("\(missing). Go on?") {
            request.acceptsMissingSafeguard = true
            record = try await measured(
                Audit(request, store: store), goesOn: true, in: directory)
        }
        try writeAudit(record, to: directory)
        if profile { printProfile() }
        if record.safeguard != .stands { throw ExitCode(1) }
    }

    private func measured(
        _ audit: Audit, goesOn: Bool = false, in directory: URL
    ) async throws -> AuditRecord {
        var display = AuditDisplay(
            title: "\(audit.modelName), suite \(audit.suiteName)", measure: audit.measure)
        if processes == 1 {
            var record: AuditRecord?
            for try await event in audit.run() {
                display.show(event)
                if case .record(let found) = event { record = found }
            }
            guard let record else { throw CancellationError() }
            return record
        }
        // Other processes cannot be asked what was answered here.
        let options = arguments + (goesOn ? ["--anyway"] : [])
        try AuditPlanFile(audit, options: options, threads: Engine.threadCount)
            .write(to: directory)
        let others = try (1..<processes).map { try startWorker($0, in: directory) }
        for try await event in audit.work() { display.show(event) }
        for worker in others { worker.waitUntilExit() }
        let record = try audit.collect()
        display.show(.record(record))
        return record
    }

    /// The arguments that describe the audit, without those of this command only.
    private var arguments: [String] {
        var arguments: [String] = []
        var rest = CommandLine.arguments.dropFirst(2)[...]
        while let argument = rest.popFirst() {
            let name = argument.split(separator: "=", maxSplits: 1).first.map(String.init) ?? ""
            switch name {
            case "--yes", "--profile": continue
            case "--out", "--processes":
                if name == argument { _ = rest.popFirst() }
            default: arguments.append(argument)
            }
        }
        return arguments
    }

    /// Starts another process on the cells of a directory. Its output goes to a file there.
    private func startWorker(_ number: Int, in directory: URL) throws -> Process {
        let log = directory.appendingPathComponent("worker-\(number).log")
        try CommandLineInterface.write(Data(), to: log)
        let output = try FileHandle(forWritingTo: log)
        let process = Process()
        process.executableURL = Bundle.main.executableURL
        process.arguments = ["cell", directory.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        return process
    }

    /// Refuses a directory that holds the record of another model.
    private func checkOutput(_ directory: URL, of model: ModelIdentity) throws {
        let file = directory.appendingPathComponent("record.json")
        guard FileManager.default.fileExists(atPath: file.path),
            let record = try? AuditRecord(contentsOf: file), record.model.digest != model.digest
        else { return }
        throw InputError(
            file.path, "is the record of another model, \(record.model.name)",
            remedy: "choose another --out, or remove that record")
    }

    /// Shows the effort of the audit, and asks for confirmation when it is large.
    private func confirms(_ estimate: AuditEstimate) throws -> Bool {
        let size = ByteCount(bytes: estimate.bytes)
        if let memory = options.memory, estimate.bytes > memory.bytes {
            throw ValidationError(
                "--memory: the audit takes about \(size), more than \(memory); allow more, or "
                    + "leave out adversaries that train all weights or put much before prompts")
        }
        let total = estimate.cells + estimate.storedCells
        let rest = estimate.storedCells > 0 ? "\(estimate.cells) of \(total)" : "\(total)"
        print("\(rest) cells to measure, about \(brief(estimate.seconds)) and \(size) of memory")
        for reason in estimate.inapplicable { print("not applicable: \(reason)") }
        guard estimate.seconds > 3_600, !yes, isInteractive else { return true }
        return asks("Begin?")
    }
}

/// Whether a user can be asked.
private var isInteractive: Bool { isTerminal && isatty(STDIN_FILENO) == 1 }

/// Asks a question on a terminal. Without a terminal the answer is no.
private func asks(_ question: String) -> Bool {
    guard isInteractive else { return false }
    print("\(question) [y/N] ", terminator: "")
    fflush(nil)
    return readLine()?.lowercased().hasPrefix("y") ?? false
}
