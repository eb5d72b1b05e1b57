// SPDX-License-Identifier: Apache-2.0
// `temper reproduce`: runs a record again and reports whether its numbers agree.

import ArgumentParser
import CommandLineInterface
import Foundation
import JSONText
import Records

struct ReproduceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Run a record again, and say whether each number agrees.",
        discussion: """
            Models and suite are found by the names in the record and must have its digests. A \
            number agrees exactly or but for rounding, or lies within the interval that the record \
            gives it, or disagrees. Exit codes: 0 when all agree, 1 when one does not, 2 for bad input.
            """)

    @Argument(help: "A record.json that an audit wrote.")
    var record: String

    @Option(help: "Run this many cells, drawn at random, instead of all.")
    var cells: Int?

    @Option(help: "Decides which cells are drawn.")
    var seed: UInt64 = 1

    @Option(help: "The audited model, if it is not found by its name: a path or a name.")
    var model: String?

    @Option(help: "The adapter that was audited on it, if it is not found by its name: a path.")
    var adapter: String?

    @OptionGroup var reproduction: ReproductionOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let cells, cells < 1 { throw ValidationError("--cells must be at least 1") }
    }

    func run() async throws {
        let record = try AuditRecord(contentsOf: URL(fileURLWithPath: record))
        let locator = Locator()
        let place =
            try model.map(locator.model)
            ?? record.found(
                record.model.adapter?.baseName ?? record.model.name, option: "--model", locator)
        let (agreements, notes) = try await reproduction.agreements(
            of: record, model: place, adapter: adapter.map { URL(fileURLWithPath: $0) },
            cells: cells, seed: seed, isQuiet: json)
        if json {
            let data = try RecordJSON.encoder().encode(
                Result(notes: notes, agreements: agreements))
            print(String(decoding: data, as: UTF8.self))
        } else {
            print(AgreementTable(agreements, notes: notes).text)
        }
        if agreements.contains(where: { $0.verdict == .disagrees }) { throw ExitCode(1) }
    }

    private struct Result: Encodable {
        let notes: [String]
        let agreements: [Agreement]
    }
}
