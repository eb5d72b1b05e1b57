// SPDX-License-Identifier: Apache-2.0
// `temper batteries`: lists the batteries that ship with Temper.

import Adversaries
import ArgumentParser
import CommandLineInterface
import Foundation
import Records
import Suites

struct BatteriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batteries",
        abstract: "List the batteries that ship, or the adversaries of one.")

    @Argument(help: "A battery's name, or a YAML or JSON file; all that ship without it.")
    var battery: String?

    @Flag(help: "Print JSON.")
    var json = false

    private struct Entry: Encodable {
        let name: String
        let description: String?
        let digest: String
        let adversaries: [AdversarySpecification]
    }

    func run() throws {
        let names = battery.map { [$0] } ?? BatteryFile.shipped.keys.sorted()
        let entries = try names.map { name in
            let battery = try Battery(name)
            return Entry(
                name: battery.name, description: battery.description,
                digest: try battery.digest, adversaries: battery.adversaries)
        }
        if json { return try printJSON(entries) }
        for entry in entries {
            print("\(entry.name) (\(entry.adversaries.count) adversaries)")
            if let description = entry.description { print("  \(description)") }
            if battery != nil { print("  sha256:\(entry.digest)") }
            for adversary in entry.adversaries {
                print("  \(adversary.name): \(adversary.description ?? adversary.attack)")
                guard battery != nil, !adversary.parameters.isEmpty else { continue }
                print("    \(adversary.attack): \(try parameterText(adversary.parameters))")
            }
        }
    }
}
