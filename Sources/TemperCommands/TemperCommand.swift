// SPDX-License-Identifier: Apache-2.0
// The root command.

import Adversaries
public import ArgumentParser
import Audits
import CommandLineInterface
import Defenses
import Measuring
import Provenance
import ProvenanceCommands
import Records

/// `temper`: measures how cheaply the safeguards of an open-weight language model can be removed.
public struct TemperCommand: AsyncParsableCommand {
    /// What `temper --help` prints.
    public static let configuration = CommandConfiguration(
        commandName: "temper",
        abstract: "Measure how cheaply the safeguards of an open-weight model can be removed.",
        discussion: """
            MODEL is a path (a Hugging Face directory, a .safetensors or a .gguf file) or a name \
            that 'temper models' lists. Exit codes: 0 good, 1 the answer is "no", 2 wrong usage \
            or bad input.
            """,
        version: temperVersion,
        groupedSubcommands: [
            CommandGroup(
                name: "Audit",
                subcommands: [
                    AuditCommand.self, TeachCommand.self, HardenCommand.self, ReportCommand.self,
                    CompareCommand.self, ReproduceCommand.self,
                ]),
            CommandGroup(
                name: "Provenance",
                subcommands: [
                    KeygenCommand.self, SignCommand.self, CertifyCommand.self, VerifyCommand.self,
                    ServeModelCommand.self, LogCommand.self,
                ]),
            CommandGroup(
                name: "Lists",
                subcommands: [
                    AttacksCommand.self, BatteriesCommand.self, JudgesCommand.self,
                    MeasuresCommand.self, ModelsCommand.self,
                ]),
            CommandGroup(
                name: "One model",
                subcommands: [
                    MeasureCommand.self, InspectCommand.self, GenerateCommand.self,
                    ScoreCommand.self, TokenizeCommand.self,
                ]),
        ])

    /// Only its subcommands do anything.
    public init() {}

    /// Runs a command line and ends the process with its exit code.
    /// - Parameter arguments: the command line, the program's name first.
    public static func run(_ arguments: [String]) async {
        await CommandLineProgram.run(TemperCommand.self, arguments) { $0 is VerificationFailure }
    }
}
