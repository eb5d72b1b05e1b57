// SPDX-License-Identifier: Apache-2.0
// The file by which several processes do the jobs of one audit.

import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import Records
import Tensors

/// A planned audit in a directory: what was asked, and the jobs that it comes to.
struct AuditPlanFile: Codable {
    /// The arguments of ``AuditOptions``.
    let arguments: [String]
    /// The directory in which the arguments are read.
    let workingDirectory: String
    /// The command line that the record states.
    let commandLine: [String]
    /// How many threads compute in each process: the last bits depend on it.
    let threads: Int
    /// The jobs that were known when the audit was planned.
    let jobs: [CellJob]

    /// States what an audit was asked for.
    ///
    /// - Parameters:
    ///   - audit: The audit.
    ///   - options: The arguments of ``AuditOptions``.
    ///   - threads: How many threads compute in each process.
    /// - Throws: Errors of the store.
    init(_ audit: Audit, options: [String], threads: Int) throws {
        arguments = options
        workingDirectory = FileManager.default.currentDirectoryPath
        commandLine = audit.commandLine
        self.threads = threads
        jobs = try audit.allJobs()
    }

    private static let name = "plan.json"

    /// Returns the directory of the cells.
    static func cells(in directory: URL) -> URL { directory.appendingPathComponent("cells") }

    /// Writes the file.
    func write(to directory: URL) throws {
        try CommandLineInterface.write(
            RecordJSON.encoder().encode(self) + Data("\n".utf8),
            to: directory.appendingPathComponent(Self.name))
    }

    /// Reads the plan of a directory and makes the audit anew.
    ///
    /// - Parameter directory: The directory of the plan.
    /// - Returns: The audit, on the cells of the directory.
    /// - Throws: `InputError` where there is no plan, or models or suite are not those that were
    ///   planned.
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
            store: DirectoryCellStore(at: cells(in: directory)))
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
