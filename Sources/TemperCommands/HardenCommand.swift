// SPDX-License-Identifier: Apache-2.0
// `temper harden`: gives a model a safeguard by a published defense.

import Adversaries
import ArgumentParser
import Audits
import CommandLineInterface
import Defenses
import Foundation
import JSONText
import Measuring
import Records
import Reports
import Suites

struct HardenCommand: AsyncParsableCommand {
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

    @Option(
        help: """
            Audit the hardened model by this battery, a name or a file, against the model that it \
            was made from.
            """)
    var audit: String?

    @Option(
        help: """
            The record of a control that the same battery has audited: adversaries take --to-ratio \
            times the steps that they took there, and the audit ends with what the hardening bought \
            and what it costs.
            """)
    var control: String?

    @Option(help: "How many times the control's steps the adversaries of --audit may take.")
    var toRatio = 10.0

    @Option(help: "How many seeds the adversaries of --audit run with.")
    var seeds = 1

    @OptionGroup var conversation: ConversationOptions

    @OptionGroup var saving: SavingOptions

    func validate() throws {
        guard control == nil || audit != nil else {
            throw ValidationError("--control is for --audit: name a battery, too")
        }
        guard (1...1_000).contains(seeds) else {
            throw ValidationError("--seeds must be from 1 to 1000")
        }
        guard (1...1e6).contains(toRatio) else {
            throw ValidationError("--to-ratio must be from 1 to 1000000")
        }
        guard (0...1_000).contains(redTeam) else {
            throw ValidationError("--red-team must be from 0 to 1000")
        }
    }

    func run() async throws {
        let locator = Locator()
        // Problems of the audit are reported before any work.
        let battery = try audit.map { try Battery($0) }
        let control = try control.map { try AuditRecord(contentsOf: URL(fileURLWithPath: $0)) }
        let output = URL(fileURLWithPath: out)
        try checkOutput(
            output, replacing: replace, writtenWith: HardenedModel.summaryFile, by: "harden")
        let suite = try Suite(at: locator.suite(suite), locateBase: locator.suite)
        let name = defense ?? DefenseCatalogue.conventional(for: suite.manifest.safeguard)
        let defense = try DefenseCatalogue.defense(
            named: name,
            parameters: readDefenseParameters(of: name, config: config, parameters))
        try check(battery, control, on: suite)
        var line = ProgressLine()
        let hardened = try HardenedModel(
            hardening: locator.model(model), by: defense, suite: suite,
            original: original.map { try locator.model($0) }, redTeamRounds: redTeam, seed: seed,
            conversingIn: conversation.form(), savingBeside: output, every: saving.saveEvery
        ) { progress in
            line.show(progress.phase, done: progress.done, of: progress.total, note: progress.note)
        }
        line.end()
        try hardened.write(to: output, replacing: replace)
        for curve in hardened.summary.curves ?? [] {
            if let note = curve.note { print("\(curve.stage): \(note)") }
        }
        print("\(out): \(hardened.summary.defense), \(hardened.summary.cost.steps) steps")
        if let audit { try await self.audit(output, by: audit, against: control) }
    }

    /// Refuses an audit that could not be run or compared once the model is hardened.
    private func check(_ battery: Battery?, _ control: AuditRecord?, on suite: Suite) throws {
        guard let battery else { return }
        for adversary in battery.adversaries
        where try AttackCatalogue.attack(for: adversary).needsOtherSuite {
            throw InputError(
                adversary.name, "learns from another suite's restricted prompts",
                remedy: "choose a battery without it, or harden first and name one to "
                    + "'temper audit --other-suite'")
        }
        guard let control, let path = self.control else { return }
        guard control.suite.digest == suite.digest else {
            throw InputError(
                path, "is of other files than suite \(suite.manifest.name) here",
                remedy: "audit the control with this suite")
        }
        let shared = Set(control.adversaries.map(\.name))
        guard battery.adversaries.contains(where: { !$0.isControl && shared.contains($0.name) })
        else {
            throw InputError(
                path, "has no adversary of the battery \(battery.name)",
                remedy: "audit the control by that battery")
        }
    }

    /// Audits the hardened model as `temper audit` does, and prints the benefit of the hardening.
    private func audit(_ output: URL, by battery: String, against control: AuditRecord?)
        async throws
    {
        let directory = URL(fileURLWithPath: "\(out)-audit-\(Self.name(of: battery))")
        var arguments = [
            output.path, "--original", model, "--suite", suite, "--battery", battery, "--seeds",
            "\(seeds)", "--tax", "--yes", "--out", directory.path,
        ]
        if let path = self.control { arguments += ["--control", path, "--to-ratio", "\(toRatio)"] }
        arguments += conversation.arguments
        let command = try AuditCommand.parse(arguments)
        print("temper audit " + arguments.joined(separator: " "))
        try await command.run()
        guard let control else { return }
        let record = try AuditRecord(contentsOf: directory.appendingPathComponent("record.json"))
        let comparison = try Comparison([("control", control), ("hardened", record)])
        print("\n" + ComparisonReport(comparison).tradeOffText())
    }

    /// Returns the name of a battery in a path, also where the battery is a file.
    private static func name(of battery: String) -> String {
        URL(fileURLWithPath: battery).deletingPathExtension().lastPathComponent
    }
}
