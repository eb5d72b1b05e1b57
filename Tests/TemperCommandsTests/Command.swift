// SPDX-License-Identifier: Apache-2.0
// Runs the real command, as users do.

import Foundation

/// What a run of `temper` printed and returned.
struct CommandResult {
    let status: Int32
    let output: String
    let error: String
}

/// The executable that was built beside these tests.
private let executable = URL(fileURLWithPath: CommandLine.arguments[0])
    .deletingLastPathComponent().appendingPathComponent("temper")

/// Starts `temper`; its output goes to files, so that no pipe can fill up.
func start(_ arguments: [String], log: URL) throws -> Process {
    let errors = URL(fileURLWithPath: log.path + ".error")
    for file in [log, errors] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.standardOutput = try FileHandle(forWritingTo: log)
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = FileHandle.nullDevice
    try process.run()
    return process
}

/// Runs `temper` to its end.
func temper(_ arguments: String...) throws -> CommandResult { try temper(arguments) }

/// Runs `temper` to its end.
func temper(_ arguments: [String]) throws -> CommandResult {
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)")
    defer {
        try? FileManager.default.removeItem(at: log)
        try? FileManager.default.removeItem(atPath: log.path + ".error")
    }
    let process = try start(arguments, log: log)
    process.waitUntilExit()
    return CommandResult(
        status: process.terminationStatus, output: try text(of: log),
        error: try text(of: URL(fileURLWithPath: log.path + ".error")))
}

/// The text of a file.
func text(of file: URL) throws -> String {
    String(decoding: try Data(contentsOf: file), as: UTF8.self)
}
