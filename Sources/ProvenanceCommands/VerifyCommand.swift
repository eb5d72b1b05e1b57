// SPDX-License-Identifier: Apache-2.0
// `temper verify`: checks whether a model is what a trusted signer signed.

package import ArgumentParser
import CommandLineInterface
import Provenance

/// Verifies a model.
package struct VerifyCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that a model's files are those that a trusted signer signed.",
        discussion: """
            A file that was changed, added, removed, renamed or made a symbolic link is refused, \
            and so is a certificate that is not valid now, is not for code signing, or does not \
            lead to the given root. With a policy, the audits attested beside the model must be good \
            enough, too. Exit codes: 0 verified, 1 not verified, 2 wrong usage or bad input.
            """)

    @OptionGroup var verification: VerificationOptions

    @Option(
        help: """
            A path within the model that is not looked at, besides those that the signature leaves \
            out; may be given several times.
            """)
    var ignorePaths: [String] = []

    @Flag(
        help: """
            Leave files out that are not signed, and only name them. Whoever loads the model must \
            not read them.
            """)
    var ignoreUnsignedFiles = false

    @Flag(help: "Print JSON.")
    var json = false

    package init() {}

    package func validate() throws { try checkIgnoredPaths(ignorePaths) }

    package func run() async throws {
        let selection = FileSelection(
            ignoredPaths: ignorePaths, ignoresUnsignedFiles: ignoreUnsignedFiles,
            isHolding: false)
        let report = try await verification.verify(
            verification.location(), selection: selection)
        if json {
            try printJSON(report)
        } else {
            for line in report.lines { print(line) }
        }
        if !report.isVerified { throw ExitCode(1) }
    }
}
