// SPDX-License-Identifier: Apache-2.0
// `temper measures`: lists the measures of an audit.

import ArgumentParser
import CommandLineInterface
import Measuring
import Records

struct MeasuresCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measures", abstract: "List the measures with their units and sources.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let entries = MeasureCatalogue.entries
        if json { return try printJSON(entries) }
        for entry in entries {
            print("\(entry.name) (\(entry.unit.rawValue), interval: \(entry.interval))")
            print("  \(entry.summary)")
            if let source = entry.source { print("  source: \(source)") }
        }
    }
}
