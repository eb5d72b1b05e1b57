// SPDX-License-Identifier: Apache-2.0
// `temper serve-model` as a process: what it refuses to start with, and how it ends.

import Foundation
import LanguageModels
import ModelWriting
import TemperFixtures
import Testing

@Suite("temper serve-model", .timeLimit(.minutes(5)))
struct ServeModelTests {
    @Test("an unsigned and a changed model are refused; a signed one is served until SIGTERM")
    func serve() async throws {
        let directory = try TemporaryDirectory()
        func path(_ name: String) -> String { directory.url.appendingPathComponent(name).path }
        try tinyModel().write(to: directory.url.appendingPathComponent("tiny"))
        #expect(try temper("keygen", "--out", path("key.pem")).status == 0)
        let serve = ["serve-model", path("tiny"), "--key", path("key.pub.pem"), "--port", "0"]
        #expect(try temper("serve-model", path("tiny")).status == 2)
        let exposed = try temper(serve + ["--host", "0.0.0.0"])
        #expect(exposed.status == 2)
        #expect(exposed.error.contains("--token-file"))
        #expect(try temper(serve + ["--token-file", path("none")]).status == 2)
        #expect(try temper(serve + ["--tls-key", path("key.pem")]).status == 2)
        // A secret that others may read draws the warning of private keys, before anything else.
        try Data("0123456789abcdef\n".utf8).write(to: URL(fileURLWithPath: path("token")))
        for (option, file) in [("--token-file", "token"), ("--tls-key", "token")] {
            chmod(path(file), 0o644)
            let warning = "warning: \(path(file)) can be read by others"
            #expect(try temper(serve + [option, path(file)]).error.contains(warning))
            chmod(path(file), 0o600)
            #expect(try !temper(serve + [option, path(file)]).error.contains(warning))
        }
        let unsigned = try temper(serve)
        #expect(unsigned.status == 1)
        #expect(unsigned.output.contains("the model is not signed\nNOT VERIFIED"))

        #expect(try temper("sign", path("tiny"), "--key", path("key.pem")).status == 0)
        let configuration = directory.url.appendingPathComponent("tiny/config.json")
        let original = try Data(contentsOf: configuration)
        try (original + Data(" ".utf8)).write(to: configuration)
        let changed = try temper(serve)
        #expect(changed.status == 1)
        #expect(changed.output.contains("NOT VERIFIED"))

        try original.write(to: configuration)
        let log = directory.url.appendingPathComponent("log")
        let process = try start(serve + ["--grace", "1"], log: log)
        defer { if process.isRunning { process.terminate() } }
        var line = ""
        for _ in 0..<600 where line.isEmpty && process.isRunning {
            try await Task.sleep(for: .milliseconds(100))
            line =
                try text(of: log).components(separatedBy: "\n")
                .first { $0.hasPrefix("serving\t") } ?? ""
        }
        let said = try text(of: log) + text(of: URL(fileURLWithPath: log.path + ".error"))
        let port = try #require(
            line.dropLast("/v1".count).split(separator: ":").last.flatMap { UInt16($0) }, "\(said)")
        #expect(try health(port: port).contains(#""status":"ok""#))
        // A client that sends half a request and waits does not keep the server alive.
        let silent = Process()
        silent.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        silent.arguments = [
            "bash", "-c",
            "exec 3<>/dev/tcp/127.0.0.1/\(port) && printf 'GET / HT' >&3 && echo open && exec sleep 30",
        ]
        let opened = Pipe()
        silent.standardOutput = opened
        try silent.run()
        defer { silent.terminate() }
        #expect(try opened.fileHandleForReading.read(upToCount: 4) == Data("open".utf8))
        let told = ContinuousClock.now
        process.terminate()
        for _ in 0..<600 where process.isRunning { try await Task.sleep(for: .milliseconds(100)) }
        #expect(!process.isRunning)
        #expect(ContinuousClock.now - told < .seconds(30))
        #expect(process.terminationStatus == 0 && process.terminationReason == .exit)
    }

    private func health(port: UInt16) throws -> String {
        let curl = Process()
        curl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        curl.arguments = ["curl", "-s", "-m", "60", "http://127.0.0.1:\(port)/health"]
        let pipe = Pipe()
        curl.standardOutput = pipe
        try curl.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        curl.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }
}
