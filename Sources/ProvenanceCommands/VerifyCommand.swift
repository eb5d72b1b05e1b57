// SPDX-License-Identifier: Apache-2.0
// `temper verify`: checks whether a model is what a trusted signer signed.

package import ArgumentParser

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

    @OptionGroup var options: VerifyingOptions

    package init() {}

    package func run() async throws {
        try options.show(await options.report(on: options.location).report)
    }
}
