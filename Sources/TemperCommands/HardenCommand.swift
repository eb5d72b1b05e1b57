// SPDX-License-Identifier: Apache-2.0
// `temper harden`: gives a model a safeguard by a published defense.

import ArgumentParser
import CommandLineInterface
import Defenses
import Foundation
import Records
import Suites

struct HardenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "harden",
        abstract: "Give a model a safeguard and write it as a Hugging Face directory.")

    @Argument(help: "A path, or a name that 'temper models' lists.")
    var model: String

    @Option(help: "A suite's folder, or the name of one in Suites/.")
    var suite = "canary-refusal"

    @Option(
        help: """
            The defense, as 'temper defenses' lists them; by default the conventional one for the \
            suite's safeguard.
            """)
    var defense: String?

    @Option(help: "A YAML or JSON file with parameters of the defense.")
    var config: String?

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: """
            A parameter of the defense, as name=value or training.name=value, over those of the \
            file; may be given again.
            """)
    var parameters: [String] = []

    @Option(
        help: """
            The checkpoint that the model was made from, a path or a name, for defenses that need it.
            """)
    var original: String?

    @Option(
        help: """
            How often a red team looks for wordings that the hardened model still answers, and the \
            model is trained to decline them.
            """)
    var redTeam = 0

    @Option(help: "The seed: the same seed gives the same weights on the same machine.")
    var seed: UInt64 = 1

    @Option(help: "The directory to write; it must not exist yet, unless Temper wrote it.")
    var out: String

    @Flag(help: "Replace the output directory if an earlier 'temper harden' wrote it.")
    var replace = false

    @OptionGroup var saving: SavingOptions

    func validate() throws {
        guard (0...1_000).contains(redTeam) else {
            throw ValidationError("--red-team must be from 0 to 1000")
        }
    }

    func run() throws {
        let locator = Locator()
        let parameters = try readParameters(
            parameters, over: config.map { try ParameterFile($0).parameters } ?? [:])
        let output = URL(fileURLWithPath: out)
        try checkOutput(
            output, replacing: replace, writtenWith: HardenedModel.summaryFile, by: "harden")
        let suite = try Suite(at: locator.suite(suite), locateBase: locator.suite)
        let defense = try DefenseCatalogue.defense(
            named: defense ?? DefenseCatalogue.conventional(for: suite.manifest.safeguard),
            parameters: parameters)
        var line = ProgressLine()
        let hardened = try HardenedModel(
            hardening: locator.model(model), by: defense, suite: suite,
            original: original.map { try locator.model($0) }, redTeamRounds: redTeam, seed: seed,
            savingBeside: output, every: saving.saveEvery
        ) { progress in
            line.show(progress.phase, done: progress.done, of: progress.total, note: progress.note)
        }
        line.end()
        try hardened.write(to: output, replacing: replace)
        for curve in hardened.summary.curves ?? [] {
            if let note = curve.note { print("\(curve.stage): \(note)") }
        }
        print("\(out): \(hardened.summary.defense), \(hardened.summary.cost.steps) steps")
    }
}
