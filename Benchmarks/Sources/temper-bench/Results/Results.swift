// SPDX-License-Identifier: Apache-2.0
// The checked-in results: what `run` adds to and `check` compares with.

import Foundation
import Tensors

/// Results of all workloads that were ever measured, the latest of each.
struct Results: Codable {
    private static let file = URL(fileURLWithPath: "\(Setting.directory)/ratios.json")

    var machine = Machine()
    /// Of what the latest workers ran on.
    var versions: [String: String] = [:]
    /// By the workloads' names.
    var workloads: [String: Measurement] = [:]

    /// What is checked in, or nothing yet.
    static func checkedIn() throws -> Results {
        guard FileManager.default.fileExists(atPath: file.path) else { return Results() }
        return try JSONDecoder().decode(Results.self, from: Data(contentsOf: file))
    }

    /// Writes the results and the page that shows them.
    func write() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try (encoder.encode(self) + Data("\n".utf8)).write(to: Self.file, options: .atomic)
        try Data(Page(self).text.utf8).write(
            to: URL(fileURLWithPath: "Documentation/Performance.md"), options: .atomic)
    }
}

/// What was measured on.
struct Machine: Codable {
    let processor: String
    let cores: Int
    /// The widest vectors that the processor has.
    let vectors: String
    /// The kernel by which Temper multiplies matrices; absent from results of earlier versions.
    let matrixKernel: String?
    /// In bytes.
    let memory: Int
    let system: String

    init() {
        let information = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)
        func line(_ key: String) -> Substring? {
            information?.split(separator: "\n").first { $0.hasPrefix(key) }?
                .split(separator: ":").last
        }
        processor = line("model name")?.trimmingCharacters(in: .whitespaces) ?? "unknown"
        cores = ProcessInfo.processInfo.activeProcessorCount
        let kernel = MatrixKernel.current
        vectors = kernel.processorVectors.rawValue
        matrixKernel = kernel.name
        memory = Int(ProcessInfo.processInfo.physicalMemory)
        system = ProcessInfo.processInfo.operatingSystemVersionString
    }
}
