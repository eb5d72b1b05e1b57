// SPDX-License-Identifier: Apache-2.0
// `temper verify`: as in `temper-verify`, and cells of an attested record can be run again.

import ArgumentParser
import CommandLineInterface
import Foundation
import Provenance
import ProvenanceCommands
import Records

/// Verifies a model, and can repeat a sample of its audit.
struct VerifyAuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: VerifyCommand.configuration.abstract,
        discussion: """
            \(VerifyCommand.configuration.discussion)

            If you do not trust the auditor, give the attested record with --record and run some of \
            its cells again with --reproduce.
            """)

    @OptionGroup var options: VerifyingOptions

    @Option(
        help: """
            Run this many cells of the attested record again, drawn at random, and compare every \
            number as 'temper reproduce' does.
            """)
    var reproduce: Int?

    @OptionGroup var reproduction: ReproductionOptions

    func validate() throws {
        if let reproduce, reproduce < 1 {
            throw ValidationError("--reproduce must be at least 1")
        }
        guard reproduce == nil || options.record != nil else {
            throw ValidationError("--reproduce needs the record that was attested: --record FILE")
        }
    }

    func run() async throws {
        let model = try options.location
        var (report, record) = try await options.report(on: model)
        // What is not verified is not worth the time.
        if let reproduce, let record, report.isVerified {
            let outcome = try await outcome(of: record, model: model, cells: reproduce)
            report.outcomes.append(outcome)
        }
        try options.show(report)
    }

    /// Runs cells again. Nobody can know beforehand which are drawn.
    private func outcome(
        of record: AuditRecord, model: URL, cells: Int
    ) async throws -> VerificationReport.Outcome {
        let seed = UInt64.random(in: 1...UInt64(UInt32.max))
        let (agreements, notes) = try await reproduction.agreements(
            of: record, model: model, adapter: options.adapterLocation, cells: cells, seed: seed,
            isQuiet: options.json)
        if !options.json { print(AgreementTable(agreements, notes: notes).text) }
        let different = agreements.filter { $0.verdict == .disagrees }
        let drawn = "\(cells) of \(record.cells.count) cells, drawn with --seed \(seed)"
        let isRepeated = different.isEmpty && !agreements.isEmpty
        return .init(
            "reproduction", isPassed: isRepeated,
            isRepeated
                ? "\(agreements.count) numbers of \(drawn), agree"
                : "\(different.count) of \(agreements.count) numbers of \(drawn), disagree")
    }
}
