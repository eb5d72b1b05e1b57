// SPDX-License-Identifier: Apache-2.0
// `temper defenses`: lists the defenses for hardening.

import ArgumentParser
import CommandLineInterface
import Defenses
import Foundation
import Records

struct DefensesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "defenses", abstract: "List the defenses, with their parameters.")

    @Argument(help: "The name of one, to see its source, its deviations and its parameters.")
    var name: String?

    @Flag(help: "Print JSON.")
    var json = false

    private struct Entry: Encodable {
        let name: String
        let summary: String
        let source: String
        let deviations: String
        let passes: String
        let needs: [String]
        let parameters: [String: ParameterValue]
    }

    func run() throws {
        let chosen = try name.map { [type(of: try DefenseCatalogue.defense(named: $0))] }
        let entries = try (chosen ?? DefenseCatalogue.defenses).map { type in
            Entry(
                name: type.entry.name, summary: type.entry.summary, source: type.entry.source,
                deviations: type.entry.deviations, passes: type.entry.passes,
                needs: type.entry.needs.map(\.rawValue),
                parameters: try parameterValues(of: type.init()))
        }
        if json { return try printJSON(entries) }
        for entry in entries {
            print("\(entry.name)\n  \(entry.summary)\n  source: \(entry.source)")
            if !entry.deviations.isEmpty { print("  deviations: \(entry.deviations)") }
            guard name != nil else { continue }
            print("  a step: \(entry.passes)")
            if !entry.needs.isEmpty { print("  needs: \(entry.needs.joined(separator: ", "))") }
            for (parameter, value) in flattened(entry.parameters) {
                let text = String(decoding: try canonicalJSON(value), as: UTF8.self)
                print("  --set \(parameter)=\(text)")
            }
        }
        guard name == nil else { return }
        print("\nNot applicable to released weights:")
        for other in DefenseCatalogue.notApplicable {
            print("\(other.name)\n  \(other.reason)\n  source: \(other.source)")
        }
    }
}

/// Parameters of parameters by their dotted names, sorted, as `--set` takes them.
private func flattened(
    _ parameters: [String: ParameterValue], under prefix: String = ""
) -> [(name: String, value: ParameterValue)] {
    parameters.sorted { $0.key < $1.key }.flatMap { key, value in
        value.object.map { flattened($0, under: prefix + key + ".") } ?? [(prefix + key, value)]
    }
}
