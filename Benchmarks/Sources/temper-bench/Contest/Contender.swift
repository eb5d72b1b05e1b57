// SPDX-License-Identifier: Apache-2.0
// What competes: workers that keep their model loaded, and commands that start anew each time.

import Foundation

/// A contender that cannot be started, or that ended before its time.
struct ContenderError: Error, CustomStringConvertible {
    let description: String
}

/// One side of a contest.
protocol Contender: AnyObject {
    /// Does the work once.
    func iterate() throws -> Reply
    /// The most memory that it held so far, in bytes, where the system tells.
    var peakMemory: Int? { get }
    /// Ends it and waits until it is gone.
    func end()
}

/// A command line.
struct Command: Sendable {
    var executable: String
    var arguments: [String]

    /// Starts it with its output to be read, and with the network left alone.
    func started(input: Pipe? = nil, output: Pipe) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = input ?? FileHandle.nullDevice
        process.standardOutput = output
        var environment = ProcessInfo.processInfo.environment
        environment["HF_HUB_OFFLINE"] = "1"
        process.environment = environment
        do {
            try process.run()
        } catch {
            throw failure("cannot be started; 'make bench' prepares what it needs")
        }
        process.endsWhenInterrupted()
        return process
    }

    func failure(_ problem: String) -> ContenderError {
        let line = ([executable] + arguments).joined(separator: " ")
        return ContenderError(description: "\(line): \(problem)")
    }
}

/// A process that keeps its model loaded and does an iteration whenever it is told to.
final class Worker: Contender {
    private let command: Command
    private let process: Process
    private let input = Pipe()
    private let output = Pipe()
    private var unread = Data()
    /// The versions of what it runs on.
    private(set) var versions: [String: String] = [:]

    /// Starts a worker and waits until it is warm.
    init(_ command: Command, job: Job) throws {
        self.command = command
        // Writing to a worker that is gone is an error of it, not the end of this program.
        signal(SIGPIPE, SIG_IGN)
        process = try command.started(input: input, output: output)
        versions = try ask(JSONEncoder().encode(job)).versions ?? [:]
    }

    func iterate() throws -> Reply { try ask(Data("run".utf8)) }

    var peakMemory: Int? { peakResidentMemory(of: process.processIdentifier) }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilEnded()
    }

    private func ask(_ line: Data) throws -> Reply {
        let newline = UInt8(ascii: "\n")
        try input.fileHandleForWriting.write(contentsOf: line + [newline])
        while true {
            if let end = unread.firstIndex(of: newline) {
                let reply = Data(unread[..<end])
                unread = Data(unread[end...].dropFirst())
                return try JSONDecoder().decode(Reply.self, from: reply)
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw command.failure("ended before it answered") }
            unread += more
        }
    }
}

/// A process that is started for each iteration.
final class CommandRun: Contender {
    private let command: Command
    private let output: URL?
    private let read: () throws -> Reply
    private(set) var peakMemory: Int?

    /// Makes a contender of a command line.
    ///
    /// - Parameters:
    ///   - command: The command line.
    ///   - output: What it writes; removed before each start.
    ///   - read: Reads from there what came out.
    init(
        _ command: Command, replacing output: URL? = nil,
        read: @escaping () throws -> Reply = { Reply() }
    ) {
        self.command = command
        self.output = output
        self.read = read
    }

    func iterate() throws -> Reply {
        if let output, FileManager.default.fileExists(atPath: output.path) {
            try FileManager.default.removeItem(at: output)
        }
        let pipe = Pipe()
        let clock = ContinuousClock()
        let start = clock.now
        let process = try command.started(output: pipe)
        // The end of its output is its end, known sooner than from the process.
        let reader = pipe.fileHandleForReading
        while !reader.availableData.isEmpty {
            peakMemory = peakResidentMemory(of: process.processIdentifier) ?? peakMemory
        }
        let seconds = (clock.now - start) / .seconds(1)
        process.waitUntilEnded()
        guard process.terminationStatus == 0 else {
            throw command.failure("ended with status \(process.terminationStatus)")
        }
        var reply = try read()
        reply.seconds = seconds
        return reply
    }

    func end() {}
}

/// The peak that Linux states for a process, in bytes.
private func peakResidentMemory(of process: Int32) -> Int? {
    let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }.map { $0 * 1024 }
}
