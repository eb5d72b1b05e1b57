// SPDX-License-Identifier: Apache-2.0
// Temper beside PyTorch, PEFT and transformers, doing equal work.

import ArgumentParser

@main
struct TemperBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "temper-bench",
        abstract: "Measure Temper beside the Python stack that its users would pick instead.",
        subcommands: [RunCommand.self, CheckCommand.self, ServeCommand.self],
        defaultSubcommand: RunCommand.self)
}
