// SPDX-License-Identifier: Apache-2.0
// `temper judges`: who can judge answers.

import ArgumentParser
import CommandLineInterface
import Measuring

struct JudgesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "judges",
        abstract: "List the judges that 'temper audit --judge' can name.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        if json { return try printJSON(judgeEntries) }
        for entry in judgeEntries {
            print("\(entry.name)\n  \(entry.summary)\n  --judge \(entry.form)")
            print("  source: \(entry.source)\n  limits: \(entry.limits)")
        }
    }
}
