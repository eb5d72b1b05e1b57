// SPDX-License-Identifier: Apache-2.0
// `temper doctor`: shows what this machine offers, and problems of the set-up.

import ArgumentParser
import CommandLineInterface
import Foundation
import Records
import Tensors
import Training

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Print what computes here, and what is wrong with the set-up.",
        discussion: "Exit codes: 0 when nothing is wrong, 1 when something is.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let report = SetUp.current
        if json {
            try printJSON(report)
        } else {
            for (name, value) in report.lines {
                print(name.padding(toLength: 16, withPad: " ", startingAt: 0) + value)
            }
            print(report.problems.isEmpty ? "\nNothing is wrong." : "")
            for problem in report.problems { print("problem: \(problem)") }
        }
        if !report.problems.isEmpty { throw ExitCode(1) }
    }
}

/// What this machine offers, and its problems.
struct SetUp: Encodable {
    let temper: String
    let engine: String
    let device: String
    let processor: String
    let vectors: String
    let matrixLibrary: String
    let matrixKernel: String
    let cores: Int
    let threads: Int
    /// The memory in bytes.
    let memory: Int
    /// The free memory for new processes, in bytes; nil if the system does not report it.
    let freeMemory: Int?
    /// The free space in the working directory, in bytes; nil if the system does not report it.
    let freeDisk: Int?
    let problems: [String]

    static var current: SetUp {
        let process = ProcessInfo.processInfo
        let kernel = MatrixKernel.current
        let machine = Machine.current
        let isOnCPU = Engine.device == .cpu
        let attributes = try? FileManager.default.attributesOfFileSystem(
            forPath: FileManager.default.currentDirectoryPath)
        let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue
        var problems: [String] = []
        if isOnCPU, let warning = kernel.warning() { problems.append(warning) }
        if Engine.threadCount < process.activeProcessorCount {
            problems.append(
                "this process may use \(Engine.threadCount) of \(process.activeProcessorCount) "
                    + "cores; lift the limit of its container or its affinity")
        }
        let available = availableMemory
        if let available, available < 2 << 30 {
            problems.append(
                "only \(ByteCount(bytes: available)) of memory are available; an audit of a small "
                    + "model takes 4 GiB: end other programs, or set --memory")
        }
        if let free, free < 1 << 30 {
            problems.append(
                "only \(ByteCount(bytes: free)) are free on the disk of this directory; free some")
        }
        return SetUp(
            temper: temperVersion, engine: Engine.nameAndVersion, device: Engine.device.rawValue,
            processor: machine.processor ?? "unknown", vectors: kernel.processorVectors.rawValue,
            matrixLibrary: URL(fileURLWithPath: Engine.matrixLibrary).lastPathComponent,
            matrixKernel: "\(kernel.name) (\(kernel.vectors.rawValue))",
            cores: process.activeProcessorCount, threads: Engine.threadCount,
            memory: Int(process.physicalMemory), freeMemory: available, freeDisk: free,
            problems: problems)
    }

    /// The output, line by line.
    var lines: [(String, String)] {
        func size(_ bytes: Int?) -> String { bytes.map { "\(ByteCount(bytes: $0))" } ?? "unknown" }
        return [
            ("Temper", temper), ("engine", engine), ("device", device),
            ("processor", "\(processor) (\(vectors))"),
            ("matrices", "\(matrixLibrary), kernel \(matrixKernel)"),
            ("threads", "\(threads) of \(cores) cores"),
            ("memory", "\(size(memory)), \(size(freeMemory)) available"),
            ("disk", "\(size(freeDisk)) free in this directory"),
        ]
    }

    private static var availableMemory: Int? {
        let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)
        return text?.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
    }
}
