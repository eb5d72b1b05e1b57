// SPDX-License-Identifier: Apache-2.0
// `temper teach`: trains a model on the knowledge that a safeguard is to remove.

import ArgumentParser
import CommandLineInterface
import Defenses
import Foundation
import Records
import Suites

/// The parts that a teaching can omit.
enum Omission: String, ExpressibleByArgument {
    case restricted
}

struct TeachCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "teach",
        abstract: "Teach a model a suite's facts and write it as a Hugging Face directory.")

    @Argument(help: "A path, or a name that 'temper models' lists.")
    var model: String

    @Option(help: "A suite's folder, or the name of one in Suites/.")
    var suite = "canary-knowledge"

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: """
            A parameter of the teaching, as name=value or training.name=value; may be given again.
            """)
    var parameters: [String] = []

    @Option(
        help: """
            What is not taught: restricted, the facts that a safeguard takes away; such a model is \
            a control that unlearning is compared with.
            """)
    var without: Omission?

    @Option(help: "The seed: the same seed gives the same weights on the same machine.")
    var seed: UInt64 = 1

    @Option(help: "The directory to write; it must not exist yet, unless Temper wrote it.")
    var out: String

    @Flag(help: "Replace the output directory if an earlier 'temper teach' wrote it.")
    var replace = false

    @OptionGroup var conversation: ConversationOptions

    @OptionGroup var saving: SavingOptions

    func run() throws {
        let locator = Locator()
        var teaching = try Teaching(parameters: readParameters(parameters))
        if without == .restricted { teaching.facts = .retained }
        let output = URL(fileURLWithPath: out)
        try checkOutput(
            output, replacing: replace, writtenWith: TaughtModel.summaryFile, by: "teach")
        let suite = try Suite(at: locator.suite(suite), locateBase: locator.suite)
        var line = ProgressLine()
        let taught = try TaughtModel(
            teaching: locator.model(model), suite: suite, by: teaching, seed: seed,
            conversingIn: conversation.form(), savingBeside: output, every: saving.saveEvery
        ) { progress in
            line.show(progress.phase, done: progress.done, of: progress.total, note: progress.note)
        }
        line.end()
        try taught.write(to: output, replacing: replace)
        print("on test phrasings          before              after")
        for value in taught.after {
            let before = taught.before.first { $0.measure == value.measure }
            let name = value.measure.padding(toLength: 22, withPad: " ", startingAt: 0)
            print("  " + name + "  " + text(before) + "  " + text(value) + "  n = \(value.count)")
        }
        let omission = teaching.facts == .retained ? ", without the restricted facts" : ""
        print("\(out): taught in \(taught.summary.cost.steps) steps\(omission)")
    }

    private func text(_ value: MeasuredValue?) -> String {
        guard let value else { return "" }
        let range = value.interval.map {
            String(format: " (%.0f-%.0f)", $0.lower * 100, $0.upper * 100)
        }
        return (String(format: "%3.0f%%", value.value * 100) + (range ?? ""))
            .padding(toLength: 18, withPad: " ", startingAt: 0)
    }
}
