// SPDX-License-Identifier: Apache-2.0
// Runs the real command, as users do.

import Foundation

/// What a run of `temper` printed and returned.
struct CommandResult {
    let status: Int32
    let output: String
    let error: String
}

/// An executable that was built beside these tests.
private func executable(_ name: String) -> URL {
    URL(fileURLWithPath: CommandLine.arguments[0])
        .deletingLastPathComponent().appendingPathComponent(name)
}

/// Starts `temper`; its output goes to files, so that no pipe can fill up.
func start(_ arguments: [String], log: URL, program: String = "temper") throws -> Process {
    let errors = URL(fileURLWithPath: log.path + ".error")
    for file in [log, errors] { try Data().write(to: file) }
    let process = Process()
    process.executableURL = executable(program)
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
func temper(_ arguments: [String]) throws -> CommandResult { try program("temper", arguments) }

/// Runs a program of the house to its end.
func program(_ name: String, _ arguments: [String]) throws -> CommandResult {
    let log = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString)")
    defer {
        try? FileManager.default.removeItem(at: log)
        try? FileManager.default.removeItem(atPath: log.path + ".error")
    }
    let process = try start(arguments, log: log, program: name)
    process.waitUntilExit()
    return CommandResult(
        status: process.terminationStatus, output: try text(of: log),
        error: try text(of: URL(fileURLWithPath: log.path + ".error")))
}

/// The text of a file.
func text(of file: URL) throws -> String {
    String(decoding: try Data(contentsOf: file), as: UTF8.self)
}
