// SPDX-License-Identifier: Apache-2.0
// The root command of `temper-verify`.

package import ArgumentParser

/// A program for those who verify and those who keep logs.
package struct TemperVerifyCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "temper-verify",
        abstract: "Check signed models; 'temper' without the tensor engine.",
        subcommands: [VerifyCommand.self, LogCommand.self],
        defaultSubcommand: VerifyCommand.self)

    package init() {}
}
