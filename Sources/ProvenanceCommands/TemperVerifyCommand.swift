// SPDX-License-Identifier: Apache-2.0
// The root command of `temper-verify`.

package import ArgumentParser
import CommandLineInterface
import Provenance

/// A program for verifying models, writing their bills of materials and keeping logs.
package struct TemperVerifyCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "temper-verify",
        abstract: "Check signed models; 'temper' without the tensor engine.",
        subcommands: [VerifyCommand.self, BillOfMaterialsCommand.self, LogCommand.self],
        defaultSubcommand: VerifyCommand.self)

    package init() {}

    /// Runs a command line and ends the process with its exit code.
    ///
    /// - Parameter arguments: The command line, the program's name first.
    package static func run(_ arguments: [String]) async {
        await CommandLineProgram.run(TemperVerifyCommand.self, arguments) {
            $0 is VerificationFailure
        }
    }
}
