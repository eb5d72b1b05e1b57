// SPDX-License-Identifier: Apache-2.0
// `temper reproduce`: runs a record again and reports whether its numbers agree.

import Adversaries
import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import Measuring
import Records
import Suites

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

    @Option(help: "The model before hardening, if it is not found by its name.")
    var original: String?

    @Option(help: "The suite, if it is not found by its name.")
    var suite: String?

    @Option(help: "The suite of another domain, if it is not found by its name.")
    var otherSuite: String?

    @Option(help: "The judge that decided in the record; 'temper judges' lists the forms.")
    var decide = "text"

    @Option(
        name: .customLong("judge"), parsing: .singleValue,
        help: "A judge that the record asked beside it. May be given again.")
    var judges: [String] = []

    @Option(
        help: "Keep what is measured in this directory: a run that was stopped is resumed there.")
    var out: String?

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if let cells, cells < 1 { throw ValidationError("--cells must be at least 1") }
    }

    func run() async throws {
        let record = try AuditRecord(contentsOf: URL(fileURLWithPath: record))
        let reproduction = try Reproduction(
            of: record, from: try inputs(of: record), cells: cells, seed: seed)
        let directory =
            out.map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.temporaryDirectory
            .appendingPathComponent("temper-reproduce-\(UUID().uuidString)")
        try makeDirectory(directory)
        defer { if out == nil { try? FileManager.default.removeItem(at: directory) } }
        // It is never an audit's own store, whose numbers would not be measured again.
        let store = try SQLiteCellStore(at: directory.appendingPathComponent("reproduction.sqlite"))
        var display =
            json
            ? nil
            : AuditDisplay(
                title: "\(record.model.name) again", measure: record.thresholds.measure)
        let agreements = try await reproduction.run(store: store) { display?.show($0) }
        if json {
            let data = try RecordJSON.encoder().encode(
                Result(notes: reproduction.notes, agreements: agreements))
            print(String(decoding: data, as: UTF8.self))
        } else {
            print(AgreementTable(agreements, notes: reproduction.notes).text)
        }
        if agreements.contains(where: { $0.verdict == .disagrees }) { throw ExitCode(1) }
    }

    private struct Result: Encodable {
        let notes: [String]
        let agreements: [Agreement]
    }

    private func inputs(of record: AuditRecord) throws -> Reproduction.Inputs {
        let locator = Locator()
        let model = try LoadedModel(
            at: try model.map(locator.model)
                ?? found(record.model.name, of: record, option: "--model", locator))
        var inputs = Reproduction.Inputs(
            model: model,
            suite: try Suite(
                at: locator.suite(suite ?? record.suite.name), locateBase: locator.suite))
        (inputs.decidingJudge, inputs.judges) = try readJudges(
            judges, deciding: decide, locator)
        if let other = otherSuite ?? record.otherSuite?.name {
            inputs.otherSuite = try Suite(at: locator.suite(other), locateBase: locator.suite)
        }
        if let original {
            inputs.original = try LoadedModel(at: locator.model(original))
        } else if record.original != nil, let base = record.baseModel {
            // Attacks that need it report its absence themselves; others do not need it.
            let near = try? LoadedModel(
                at: found(base.name, of: record, option: "--original", locator))
            inputs.original = near?.identity.digest == base.digest ? near : nil
        }
        return inputs
    }

    /// Returns a model by its name, or by a path of that name in the record's command line.
    private func found(
        _ name: String, of record: AuditRecord, option: String, _ locator: Locator
    ) throws -> URL {
        for argument in record.commandLine where argument.contains("/") {
            let url = URL(fileURLWithPath: argument)
            if [url.lastPathComponent, url.deletingPathExtension().lastPathComponent]
                .contains(name), FileManager.default.fileExists(atPath: url.path)
            {
                return url
            }
        }
        do {
            return try locator.model(name)
        } catch let error as InputError {
            throw InputError(
                error.place, error.problem,
                remedy: "\(error.remedy); say where with \(option) PATH")
        }
    }
}
