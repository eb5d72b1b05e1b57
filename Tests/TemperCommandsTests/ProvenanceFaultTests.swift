// SPDX-License-Identifier: Apache-2.0
// Signing and certifying by the real commands while others do so, while they are killed, and beside
// what strangers leave there.

import Foundation
import ModelWriting
import Records
import Testing

@Suite("Provenance under faults", .serialized)
struct ProvenanceFaultTests {
    private let model: KeyedModel
    private func path(_ name: String) -> String { model.path(name) }
    private func url(_ name: String) -> URL { URL(fileURLWithPath: path(name)) }

    init() throws { model = try KeyedModel() }

    /// Signs the model and writes the record of an audit that shows no safeguard: certifying it is
    /// exit code 1, and is done when that is returned.
    private func prepare() throws {
        let signed = try temper("sign", path("model"), "--key", path("k.pem"), "--json")
        struct Summary: Decodable { let root: String }
        let root = try JSONDecoder().decode(Summary.self, from: Data(signed.output.utf8)).root
        try CertifyTests.record(of: root, refused: 1).json().write(to: url("record.json"))
    }

    /// Starts `temper certify --append`. The name of the evaluator tells its lines from others.
    private func certify(_ evaluator: String) throws -> Process {
        try start(
            [
                "certify", path("model"), "--record", path("record.json"), "--key", path("k.pem"),
                "--append", "--evaluator", evaluator,
            ], log: url("\(evaluator).log"))
    }

    /// The evaluators of the attestations, as far as they are whole.
    private func evaluators() throws -> [String] {
        struct Line: Decodable { let payload: Data }
        struct Statement: Decodable {
            struct Predicate: Decodable {
                struct Evaluator: Decodable { let id: String }
                let evaluator: Evaluator?
            }
            let predicate: Predicate
        }
        return try text(of: url("model/attestations.jsonl")).split(separator: "\n").compactMap {
            let line = try JSONDecoder().decode(Line.self, from: Data($0.utf8))
            return try JSONDecoder().decode(Statement.self, from: line.payload)
                .predicate.evaluator?.id
        }
    }

    private func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path("model")).sorted()
    }

    @Test("of lines that several processes append at once none is lost")
    func appending() throws {
        try prepare()
        let expected = (0..<3).flatMap { round in (0..<4).map { "\(round)-\($0)" } }
        for round in stride(from: 0, to: expected.count, by: 4) {
            let processes = try expected[round..<round + 4].map(certify)
            for process in processes {
                process.waitUntilExit()
                #expect(process.terminationStatus == 1)
            }
        }
        #expect(try evaluators().sorted() == expected.sorted())
        #expect(try temper("verify", path("model"), "--key", path("k.pub.pem")).status == 0)
    }

    @Test("a process that is killed takes no line with it and leaves no file behind")
    func killed() throws {
        try prepare()
        var acknowledged: [String] = []
        for (index, milliseconds) in [5, 20, 40, 60, 80, 100, 140, 200, 300, 2_000].enumerated() {
            let process = try certify("killed-\(index)")
            usleep(UInt32(milliseconds) * 1_000)
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
            if process.terminationReason == .exit, process.terminationStatus == 1 {
                acknowledged.append("killed-\(index)")
            }
            let left = Set(try names()).subtracting([
                "attestations.jsonl", "config.json", "model.safetensors", "model.sig",
            ])
            #expect(left.isEmpty)
            #expect(try temper("verify", path("model"), "--key", path("k.pub.pem")).status == 0)
        }
        let last = try certify("last")
        last.waitUntilExit()
        #expect(last.terminationStatus == 1)
        #expect(Set(acknowledged + ["last"]).isSubset(of: try evaluators()))
    }

    @Test("sign replaces its own key's signature, and another's only where it is told to")
    func anothersSignature() throws {
        #expect(try temper("keygen", "--out", path("o.pem")).status == 0)
        #expect(try temper("sign", path("model"), "--key", path("k.pem")).status == 0)
        #expect(try temper("sign", path("model"), "--key", path("k.pem")).status == 0)
        let refused = try temper("sign", path("model"), "--key", path("o.pem"))
        #expect(refused.status == 2 && refused.error.contains("is a signature by another key"))
        #expect(refused.error.contains("--replace"))
        #expect(try temper("verify", path("model"), "--key", path("k.pub.pem")).status == 0)
        #expect(
            try temper("sign", path("model"), "--key", path("o.pem"), "--replace").status == 0)
        #expect(try temper("verify", path("model"), "--key", path("o.pub.pem")).status == 0)
    }

    @Test("a password comes from a pipe, a descriptor or standard input")
    func passwords() throws {
        func shell(_ script: String) throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            let temper = URL(fileURLWithPath: CommandLine.arguments[0])
                .deletingLastPathComponent().appendingPathComponent("temper").path
            process.arguments = ["-c", script, temper, path("model"), path("e.pem")]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            process.standardInput = FileHandle.nullDevice
            try process.run()
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return "\(process.terminationStatus) " + String(decoding: output, as: UTF8.self)
        }
        let made = try shell("echo secret words | \"$0\" keygen --out \"$2\" --password-file -")
        #expect(made.hasPrefix("0 "), "\(made)")
        let fifo = path("fifo")
        #expect(mkfifo(fifo, 0o600) == 0)
        for (script, prefix) in [
            ("echo secret words | \"$0\" sign \"$1\" --key \"$2\" --password-file -", "0 "),
            ("echo secret words | \"$0\" sign \"$1\" --key \"$2\" --password-file /dev/fd/0", "0 "),
            (
                "echo secret words > '\(fifo)' & \"$0\" sign \"$1\" --key \"$2\" --password-file "
                    + "'\(fifo)'", "0 "
            ),
            ("echo other words | \"$0\" sign \"$1\" --key \"$2\" --password-file -", "2 "),
            ("\"$0\" sign \"$1\" --key \"$2\" --password-file - < /dev/null", "2 "),
            ("\"$0\" sign \"$1\" --key \"$2\" --password-file \"$1\"", "2 "),
        ] {
            let output = try shell(script)
            #expect(output.hasPrefix(prefix), "\(script): \(output)")
            #expect(!output.contains("secret words"))
        }
    }

    @Test("a private key or a password that others may read draws a warning")
    func warnings() throws {
        let quiet = try temper("sign", path("model"), "--key", path("k.pem"))
        #expect(quiet.status == 0 && !quiet.error.contains("can be read by others"))
        chmod(path("k.pem"), 0o640)
        let loud = try temper("sign", path("model"), "--key", path("k.pem"))
        #expect(loud.status == 0)
        #expect(loud.error.contains("k.pem can be read by others"))
        #expect(loud.output.hasPrefix("signature\t"))
    }

    @Test("what lies beside a model as attestations takes no answer about its weights away")
    func specialAttestations() throws {
        #expect(try temper("sign", path("model"), "--key", path("k.pem")).status == 0)
        let file = path("model/attestations.jsonl")
        for (make, status, words) in [
            (
                {
                    try model.write(
                        String(repeating: "x\n", count: 5_000), to: "model/attestations.jsonl")
                },
                Int32(0), "more than 1024 lines"
            ),
            ({ #expect(mkfifo(file, 0o600) == 0) }, 1, "is not a regular file"),
            ({ #expect(mkdir(file, 0o700) == 0) }, 0, "the file: not verified"),
        ] as [(() throws -> Void, Int32, String)] {
            try make()
            defer { try? FileManager.default.removeItem(atPath: file) }
            let result = try temper("verify", path("model"), "--key", path("k.pub.pem"))
            #expect(result.status == status, "\(result.output)\(result.error)")
            #expect(result.output.contains(words), "\(result.output)")
            #expect(result.output.utf8.count < 20_000)
        }
    }

    @Test("more files than a process may open are signed and verified")
    func manyFiles() throws {
        for index in 0..<400 { try model.write("\(index)", to: "model/\(index).txt") }
        let bin = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path
        func limited(_ arguments: String) throws -> (status: Int32, output: String) {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", "ulimit -n 128; exec " + arguments]
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = pipe
            try process.run()
            let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: output, as: UTF8.self))
        }
        let signed = try limited("'\(bin)/temper' sign '\(path("model"))' --key '\(path("k.pem"))'")
        #expect(signed.status == 0, "\(signed.output)")
        let verified = try limited(
            "'\(bin)/temper-verify' '\(path("model"))' --key '\(path("k.pub.pem"))'")
        #expect(verified.status == 0, "\(verified.output)")
    }
}
