// SPDX-License-Identifier: Apache-2.0
// The root command, and what exit codes mean.

public import ArgumentParser
import Foundation
import Temper

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
        do {
            var command = try parseAsRoot(Array(arguments.dropFirst()))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch {
            let isMessage = exitCode(for: error) == .success
            if isMessage || isUsage(error) {
                let text = fullMessage(for: error)
                FileHandle(isMessage ? .standardOutput : .standardError).write(text + "\n")
            } else {
                FileHandle(.standardError).write("temper: \(error)\n")
            }
            Foundation.exit(isMessage ? 0 : 2)
        }
    }

    /// Whether the argument parser made the error; it then knows best how to explain it.
    private static func isUsage(_ error: any Error) -> Bool {
        exitCode(for: error) == .validationFailure || error is ValidationError
    }
}

enum StandardStream {
    case standardOutput, standardError
}

extension FileHandle {
    fileprivate convenience init(_ stream: StandardStream) {
        self.init(fileDescriptor: stream == .standardOutput ? STDOUT_FILENO : STDERR_FILENO)
    }

    fileprivate func write(_ text: String) {
        write(Data(text.utf8))
    }
}
