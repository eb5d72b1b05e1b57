// SPDX-License-Identifier: Apache-2.0
// What 'verify' takes and prints, with the tensor engine and without it.

package import ArgumentParser
import Checkpoints
import CommandLineInterface
package import Foundation
import JSONText
package import Provenance
package import Records

/// The options of `verify`.
package struct VerifyingOptions: ParsableArguments {
    @OptionGroup var verification: VerificationOptions

    @Option(
        help: """
            The record.json that an audit beside the model names: every number that was attested \
            must follow from it.
            """)
    package var record: String?

    @Option(
        help: """
            A path within the model that is not looked at, besides those that the signature leaves \
            out; may be given several times.
            """)
    package var ignorePaths: [String] = []

    @Flag(
        help: """
            Leave files out that are not signed, and only name them. A program that loads the model \
            must not read them.
            """)
    package var ignoreUnsignedFiles = false

    @Flag(help: "Print JSON.")
    package var json = false

    package init() {}

    package func validate() throws {
        try verification.requireTrust()
        try checkIgnoredPaths(ignorePaths)
    }

    /// The model's place.
    package var location: URL {
        get throws { try verification.location() }
    }

    /// The adapter's place, or nil.
    package var adapterLocation: URL? {
        get throws { try verification.model.adapterLocation() }
    }

    /// Verifies a model, and the record if one is named.
    ///
    /// - Parameter model: Where the model is.
    /// - Returns: The report, and the record that was named.
    /// - Throws: An `InputError` when something cannot be read.
    package func report(
        on model: URL
    ) async throws -> (report: VerificationReport, record: AuditRecord?) {
        let selection = FileSelection(
            ignoredPaths: ignorePaths, ignoresUnsignedFiles: ignoreUnsignedFiles,
            isHolding: false)
        guard let record else {
            return (try await verification.verify(model, selection: selection), nil)
        }
        let data = try SmallFile.read(
            URL(fileURLWithPath: record), atMost: 1 << 30, remedy: "check the path")
        // If a key occurs twice, readers disagree about which one counts.
        try JSONScanner.check(data, file: record)
        let found = try AuditRecord(json: data, file: record)
        var report = try await verification.verify(model, selection: selection)
        await report.check(
            record: found, json: data, attestations: try verification.lines(of: model),
            by: try verification.auditors)
        return (report, found)
    }

    /// Prints a report, and ends with exit code 1 if the answer is no.
    ///
    /// - Parameter report: The report.
    /// - Throws: `ExitCode` 1 if the model is not verified.
    package func show(_ report: VerificationReport) throws {
        if json {
            try printJSON(report)
        } else {
            for line in report.lines { print(line) }
        }
        if !report.isVerified { throw ExitCode(1) }
    }
}
