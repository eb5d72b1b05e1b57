// SPDX-License-Identifier: Apache-2.0
// The root command.

import Adversaries
public import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import Provenance
import ProvenanceCommands
import Records
import Tensors

/// `temper`: measures how cheaply the safeguards of an open-weight language model can be removed.
public struct TemperCommand: AsyncParsableCommand {
    /// The help of `temper --help`.
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
                    AuditCommand.self, TeachCommand.self, HardenCommand.self,
                    TuneDefenseCommand.self, ReportCommand.self,
                    CompareCommand.self, ReproduceCommand.self,
                ]),
            CommandGroup(
                name: "Audit by several processes",
                subcommands: [PlanCommand.self, CellCommand.self, CollectCommand.self]),
            CommandGroup(
                name: "Provenance",
                subcommands: [
                    KeygenCommand.self, SignCommand.self, CertifyCommand.self,
                    WithdrawCommand.self, VerifyAuditCommand.self, BillOfMaterialsCommand.self,
                    ServeModelCommand.self,
                    LogCommand.self,
                ]),
            CommandGroup(
                name: "Lists",
                subcommands: [
                    AttacksCommand.self, DefensesCommand.self, BatteriesCommand.self,
                    JudgesCommand.self, MeasuresCommand.self, ModelsCommand.self,
                    DoctorCommand.self,
                ]),
            CommandGroup(
                name: "One model",
                subcommands: [
                    InfoCommand.self, MeasureCommand.self, RealignCommand.self, InspectCommand.self,
                    GenerateCommand.self,
                    ScoreCommand.self, TokenizeCommand.self,
                ]),
        ])

    /// Makes the command. Only its subcommands do something.
    public init() {}

    /// Runs a command line and ends the process with its exit code.
    ///
    /// - Parameter arguments: The command line, the program's name first.
    public static func run(_ arguments: [String]) async {
        await CommandLineProgram.run(
            TemperCommand.self, arguments,
            beforeRunning: { command in
                guard command is any EngineCommand, Engine.device == .cpu,
                    let warning = MatrixKernel.current.warning()
                else { return }
                FileHandle.standardError.write(Data("temper: \(warning)\n".utf8))
            }, isNo: { $0 is VerificationFailure || $0 is MissingSafeguard })
    }
}

/// A command that uses the engine. It warns when matrix multiplication is slow.
protocol EngineCommand: ParsableCommand {}

extension AuditCommand: EngineCommand {}
extension CellCommand: EngineCommand {}
extension TeachCommand: EngineCommand {}
extension HardenCommand: EngineCommand {}
extension TuneDefenseCommand: EngineCommand {}
extension ReproduceCommand: EngineCommand {}
extension MeasureCommand: EngineCommand {}
extension RealignCommand: EngineCommand {}
extension InspectCommand: EngineCommand {}
extension InfoCommand: EngineCommand {}
extension GenerateCommand: EngineCommand {}
extension ScoreCommand: EngineCommand {}
extension ServeModelCommand: EngineCommand {}
