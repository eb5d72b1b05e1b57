// SPDX-License-Identifier: Apache-2.0
// `temper realign`: measures what refusal training restores in a tampered model, in memory.

import Adversaries
import ArgumentParser
import Audits
import CommandLineInterface
import Foundation
import JSONText
import LanguageModels
import Measuring
import Records
import Suites

struct RealignCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "realign",
        abstract: "Tamper with a model in memory, and measure what refusal training restores.",
        discussion: """
            Neither the tampered model nor the realigned one is written. Printed are the measures of \
            the model as it is, after the tampering, and after 1, 2, 4 ... steps of realignment.
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "A suite's folder, or the name of one in Suites/.")
    var suite = "canary-refusal"

    @Option(help: "A battery's name, or a YAML or JSON file, with the adversary that tampers.")
    var battery = "standard"

    @Option(help: "The adversary of the battery that tampers with the model.")
    var adversary = "orthogonalisation"

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: "A parameter of the realignment, as name=value or training.name=value.")
    var parameters: [String] = []

    @Option(help: "The seed: the same seed gives the same numbers on the same machine.")
    var seed: UInt64 = 1

    @OptionGroup var answers: AnswerOptions

    @OptionGroup var conversation: ConversationOptions

    @Flag(help: "Print JSON.")
    var json = false

    private struct Point: Encodable {
        let step: Int?
        let dollars: Double
        let floatingPointOperations: Double
        let measurements: [MeasuredValue]
    }

    func run() throws {
        let locator = Locator()
        let realignment = try Realignment.configured(
            by: readParameters(parameters), place: "realignment", kind: "realignment")
        let adversaries = try Battery(battery).adversaries
        guard let chosen = adversaries.first(where: { $0.name == adversary }) else {
            let names = adversaries.map(\.name).joined(separator: ", ")
            throw InputError(
                adversary, "the battery \(battery) has no such adversary",
                remedy: "it has: \(names)")
        }
        let attack = try AttackCatalogue.attack(for: chosen)
        guard !attack.needsBase, !attack.needsOtherSuite else {
            throw InputError(
                adversary, "needs another checkpoint or another suite",
                remedy: "choose an adversary that works on the model alone")
        }
        let run = RealignmentRun(
            model: try model.load().conversing(in: conversation.form()),
            suite: try Suite(at: locator.suite(suite), locateBase: locator.suite),
            adversary: chosen, realignment: realignment, seed: seed)
        let points = try run.points(settings: answers.settings) { note in
            FileHandle.standardError.write(Data("\(note)\n".utf8))
        }
        if json {
            return try printJSON(
                points.map {
                    Point(
                        step: $0.step, dollars: $0.cost.dollars,
                        floatingPointOperations: $0.cost.floatingPointOperations,
                        measurements: $0.measurements)
                })
        }
        print(table(of: points, measure: run.suite.manifest.thresholds.measure))
    }

    private func table(of points: [RealignmentRun.Point], measure: String) -> String {
        let measures = [
            measure, MeasureName.compliance, MeasureName.incoherence, MeasureName.overRefusal,
            MeasureName.capability,
        ]
        func cell(_ text: String) -> String {
            String(repeating: " ", count: max(0, 22 - text.count)) + text
        }
        let head =
            "".padding(toLength: 14, withPad: " ", startingAt: 0)
            + measures.map(cell).joined()
        let lines = points.map { point -> String in
            let name = point.step.map { $0 == 0 ? "tampered" : "step \($0)" } ?? "as it is"
            let values = measures.map { measure -> String in
                guard let value = point.measurements.first(measure) else { return cell("") }
                let range = value.interval.map {
                    String(format: " (%.0f-%.0f)", $0.lower * 100, $0.upper * 100)
                }
                return cell(String(format: "%.0f%%", value.value * 100) + (range ?? ""))
            }
            return name.padding(toLength: 14, withPad: " ", startingAt: 0) + values.joined()
        }
        return ([head] + lines).joined(separator: "\n")
    }
}
