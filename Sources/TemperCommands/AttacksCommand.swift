// SPDX-License-Identifier: Apache-2.0
// `temper attacks`: lists the attacks that an adversary can name.

import Adversaries
import ArgumentParser
import CommandLineInterface
import Foundation
import Records

struct AttacksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attacks",
        abstract: "List the attacks with their sources, deviations and default parameters.")

    @Flag(help: "Print JSON.")
    var json = false

    private struct Entry: Encodable {
        let name: String
        let summary: String
        let source: String
        let deviations: String
        let needsBase: Bool
        let defaults: [String: ParameterValue]
    }

    func run() throws {
        let entries = try AttackCatalogue.attacks.map { type in
            Entry(
                name: type.entry.name, summary: type.entry.summary, source: type.entry.source,
                deviations: type.entry.deviations, needsBase: type.init().needsBase,
                defaults: try AttackCatalogue.defaults(of: type))
        }
        if json { return try printJSON(entries) }
        for entry in entries {
            print("\(entry.name)\n  \(entry.summary)\n  source: \(entry.source)")
            if !entry.deviations.isEmpty { print("  deviations: \(entry.deviations)") }
            if entry.needsBase { print("  needs the checkpoint before hardening (--original)") }
            if !entry.defaults.isEmpty {
                print("  defaults: \(try parameterText(entry.defaults))")
            }
        }
    }
}

/// Returns parameters on one line.
func parameterText(_ parameters: [String: ParameterValue]) throws -> String {
    try parameters.sorted { $0.key < $1.key }.map {
        "\($0.key) \(String(decoding: try canonicalJSON($0.value), as: UTF8.self))"
    }
    .joined(separator: ", ")
}
