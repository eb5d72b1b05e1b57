// SPDX-License-Identifier: Apache-2.0
// The reference's vectors, unpacked for one test.

import Foundation
import Testing

/// A directory that goes when nobody holds it any more.
final class TemporaryDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("temper-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }
}

/// The content of `Goldens/oms.tar.gz`.
struct Vectors {
    private let directory: TemporaryDirectory

    /// A day on which the certificates are valid that have not expired.
    let date = Date(timeIntervalSince1970: 1_796_000_000)

    init() throws {
        directory = try TemporaryDirectory()
        let archive = try #require(
            Bundle.module.url(
                forResource: "oms.tar", withExtension: "gz", subdirectory: "Goldens"))
        try run("tar", "xzf", archive.path, "-C", directory.url.path)
    }

    subscript(path: String) -> URL { directory.url.appendingPathComponent("oms/" + path) }
}

/// Runs a program to its good end and returns what it printed.
@discardableResult
func run(_ arguments: String...) throws -> String { try run(arguments) }

/// Runs a program to its good end and returns what it printed.
@discardableResult
func run(_ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let output = String(
        decoding: try pipe.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "\(arguments): \(output)")
    return output
}
