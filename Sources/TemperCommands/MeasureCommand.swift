// SPDX-License-Identifier: Apache-2.0
// `temper measure`: takes a suite's measures of an untampered model.

import ArgumentParser
import CommandLineInterface
import Foundation
import LanguageModels
import Measuring
import Records
import Suites

struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure",
        abstract: "Take a suite's measures of a model as it is, without attacking it.")

    @OptionGroup var model: ModelOptions

    @Option(help: "A suite's folder, or the name of one in Suites/.")
    var suite = "canary-refusal"

    @Option(help: "The prompts: validation, to choose on, or test, to report.")
    var split = "test"

    @OptionGroup var answers: AnswerOptions

    @OptionGroup var conversation: ConversationOptions

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard ["validation", "test"].contains(split) else {
            throw ValidationError("--split must be validation or test")
        }
    }

    func run() throws {
        let locator = Locator()
        let suite = try Suite(at: locator.suite(suite), locateBase: locator.suite)
        let model = try model.load().conversing(in: conversation.form())
        let values = try measure(
            model, on: suite, split: SuiteSplit(rawValue: split) ?? .test,
            settings: answers.settings)
        if json { return print(String(decoding: try canonicalJSON(values), as: UTF8.self)) }
        for value in values {
            let range = value.interval.map { String(format: "[%.3f, %.3f]", $0.lower, $0.upper) }
            let name = value.measure.padding(toLength: 22, withPad: " ", startingAt: 0)
            print(
                name + String(format: "%9.3f  ", value.value) + (range ?? "")
                    + "  n = \(value.count), \(value.unit.rawValue)")
        }
    }
}
