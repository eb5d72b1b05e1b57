// SPDX-License-Identifier: Apache-2.0
// Warns when Temper fell behind what is checked in.

import ArgumentParser

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Measure the quick ones again and compare with Benchmarks/ratios.json.",
        discussion: "Exit code 1 when a ratio fell by more than 15% or results disagree.")

    /// The share of a ratio that noise may take.
    private static let tolerance = 0.15

    @OptionGroup var places: Places

    @Option(help: "How often each side does the work.")
    var rounds = 3

    func validate() throws {
        if rounds < 1 { throw ValidationError("--rounds must be at least 1") }
    }

    func run() throws {
        let setting = try Setting(places)
        var results = try Results.checkedIn()
        var warnings: [String] = []
        for workload in Workload.all where workload.isChecked {
            let measurement = try workload.measure(
                in: setting, rounds: rounds, versions: &results.versions)
            if let agreement = measurement.agreement, !agreement.holds {
                warnings.append("\(workload.name): results disagree, \(agreement.text)")
            }
            guard let old = results.workloads[workload.name]?.ratio, let new = measurement.ratio
            else { continue }
            let change =
                "\(workload.name): \(new.formatted(significantDigits: 3)) times as fast, "
                + "\(old.formatted(significantDigits: 3)) before"
            print(change)
            if new < old * (1 - Self.tolerance) { warnings.append(change) }
        }
        warnings.forEach { report("warning: " + $0) }
        if !warnings.isEmpty { throw ExitCode(1) }
    }
}
