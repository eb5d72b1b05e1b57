// SPDX-License-Identifier: Apache-2.0
// Measures, and writes what came out.

import ArgumentParser

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Measure, and update Benchmarks/ratios.json and Documentation/Performance.md.")

    @OptionGroup var places: Places

    @Option(
        parsing: .upToNextOption,
        help: "Only these: \(Workload.all.map(\.name).joined(separator: ", ")).")
    var only: [String] = []

    @Flag(help: "Also how a LoRA step grows with batch, length and model.")
    var scaling = false

    @Flag(help: "Also the whole quick audit, which takes minutes.")
    var audit = false

    @Option(help: "How often each side does the work; by default as suits each.")
    var rounds: Int?

    func validate() throws {
        let names = Workload.all.map(\.name)
        for name in only where !names.contains(name) {
            throw ValidationError("\(name) is none of \(names.joined(separator: ", "))")
        }
        if let rounds, rounds < 1 { throw ValidationError("--rounds must be at least 1") }
    }

    func run() throws {
        let setting = try Setting(places)
        var results = try Results.checkedIn()
        results.machine = Machine()
        for workload in Workload.all where isWanted(workload) {
            results.workloads[workload.name] = try workload.measure(
                in: setting, rounds: rounds, versions: &results.versions)
            // A long run that is stopped keeps what it has.
            try results.write()
        }
    }

    private func isWanted(_ workload: Workload) -> Bool {
        guard only.isEmpty else { return only.contains(workload.name) }
        return (scaling || workload.table == .tasks) && (audit || !workload.isAudit)
    }
}
