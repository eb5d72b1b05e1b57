// SPDX-License-Identifier: Apache-2.0
// The file with which several processes do the jobs of one audit.

import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import Records
import Tensors

/// A planned audit in a directory: the request and its jobs.
struct AuditPlanFile: Codable {
    /// The arguments of ``AuditOptions``.
    let arguments: [String]
    /// The directory to which paths in the arguments are relative.
    let workingDirectory: String
    /// The command line for the record.
    let commandLine: [String]
    /// The number of computing threads in each process. The last bits of results depend on it.
    let threads: Int
    /// The jobs that were known at the time of planning.
    let jobs: [CellJob]

    /// Makes the plan of an audit.
    ///
    /// - Parameters:
    ///   - audit: The audit.
    ///   - options: The arguments of ``AuditOptions``.
    ///   - threads: The number of computing threads in each process.
    /// - Throws: Errors of the store.
    init(_ audit: Audit, options: [String], threads: Int) throws {
        // Processes on another day must find the cells of this one.
        let date = try AuditOptions.parse(options).conversation.date
        arguments =
            options + (date == nil ? audit.templateDate.map { ["--date", $0] } ?? [] : [])
        workingDirectory = FileManager.default.currentDirectoryPath
        commandLine = audit.commandLine
        self.threads = threads
        jobs = try audit.allJobs()
    }

    private static let name = "plan.json"

    /// Writes the file.
    func write(to directory: URL) throws {
        try CommandLineInterface.write(
            RecordJSON.encoder().encode(self) + Data("\n".utf8),
            to: directory.appendingPathComponent(Self.name))
    }

    /// Reads the plan of a directory and makes the audit again.
    ///
    /// - Parameter directory: The directory of the plan.
    /// - Returns: The audit, on the cells of the directory.
    /// - Throws: `InputError` if there is no plan, or if the models or the suite differ from the
    ///   planned ones.
    static func audit(in directory: URL) throws -> (plan: AuditPlanFile, audit: Audit) {
        let file = directory.appendingPathComponent(name)
        guard let data = FileManager.default.contents(atPath: file.path) else {
            throw InputError(
                directory.path, "holds no planned audit",
                remedy: "plan one with 'temper plan MODEL --out DIR'")
        }
        let plan = try RecordJSON.decode(AuditPlanFile.self, from: data, file: file.path)
        guard FileManager.default.changeCurrentDirectoryPath(plan.workingDirectory) else {
            throw InputError(
                file.path, "was planned in \(plan.workingDirectory), which is not here",
                remedy: "make that directory visible on this machine, or plan again here")
        }
        Engine.threadCount = plan.threads
        let options = try AuditOptions.parse(plan.arguments)
        let audit = try Audit(
            options.request(commandLine: plan.commandLine),
            store: options.sharedStore(in: directory))
        let known = Set(audit.jobs.map(\.key))
        guard plan.jobs.filter({ $0.role == .adversary }).allSatisfy({ known.contains($0.key) })
        else {
            throw InputError(
                file.path, "was planned for another model, suite, battery or version of Temper",
                remedy: "plan again in another directory, or bring back what was planned")
        }
        return (plan, audit)
    }
}
