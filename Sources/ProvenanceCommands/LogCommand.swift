// SPDX-License-Identifier: Apache-2.0
// `temper log`: a transparency log of audits in a directory.

package import ArgumentParser
import Checkpoints
import CommandLineInterface
import Foundation
import Provenance

/// The commands of transparency logs.
package struct LogCommand: ParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "log",
        abstract: "Keep audits in an append-only log, and prove what is in it.",
        discussion: """
            A log is a directory of static files (RFC 6962 tree; C2SP tlog-tiles, tlog-checkpoint, \
            tlog-cosignature and tlog-proof) that any web server can publish. Exit codes: 0 good, \
            1 a proof or a log does not hold, 2 wrong usage or bad input.
            """,
        subcommands: [
            Create.self, Append.self, Prove.self, Attach.self, Witness.self, Cosign.self,
            Verify.self,
        ])

    package init() {}
}

extension LogCommand {
    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an empty log, and the key that signs its checkpoints.")

        @Argument(help: "The log's directory; it does not exist yet, or is empty.")
        var log: String

        @Option(help: "The log's name for ever, such as example.org/audits.")
        var origin: String

        @Option(help: "The file of the new private key; its public half is printed.")
        var key: String

        func run() throws {
            let signer = try NoteSigningKey(name: origin)
            try LogCommand.writeKey(signer, to: key)
            do {
                try TransparencyLog.create(at: URL(fileURLWithPath: log), signedBy: signer)
            } catch {
                unlink(key)
                throw error
            }
            print("private key\t\(key)")
            print("log key\t\(signer.verifierKey)")
        }
    }

    struct Append: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Append files to a log, each as one entry.")

        @Argument(help: "The log's directory.")
        var log: String

        @Argument(help: "The entries' files, at most 65535 bytes each.")
        var entry: [String]

        @Option(help: "The log's private key.")
        var key: String

        @Flag(help: "Append every line of the files as an entry, as for JSON Lines.")
        var lines = false

        func run() throws {
            let signer = try LogCommand.signingKey(key, .log)
            var entries: [Data] = []
            for path in entry {
                let data = try LogCommand.read(path)
                entries +=
                    lines ? data.split(separator: UInt8(ascii: "\n")).map { Data($0) } : [data]
            }
            let grown = try TransparencyLog.append(
                entries, to: URL(fileURLWithPath: log), signedBy: signer)
            let size = grown.checkpoint.size
            for index in size - entries.count..<size { print("entry\t\(index)") }
            print("size\t\(size)\nroot\t\(grown.checkpoint.root)")
        }
    }

    struct Prove: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write a proof that an entry is in a log, which is checked without the log.")

        @Argument(help: "The log's directory.")
        var log: String

        @Argument(help: "The entry's file, or its number.")
        var entry: String

        @Option(help: "Where to write the proof (default: printed).")
        var out: String?

        func run() throws {
            let log = try TransparencyLog(at: URL(fileURLWithPath: log))
            let proof = try log.proof(of: index(in: log))
            if let out {
                try write(proof.data, to: URL(fileURLWithPath: out))
                print("entry\t\(proof.index)\nsize\t\(log.checkpoint.size)\nproof\t\(out)")
            } else {
                FileHandle.standardOutput.write(proof.data)
            }
        }

        private func index(in log: TransparencyLog) throws -> Int {
            if let number = Int(entry), !FileManager.default.fileExists(atPath: entry) {
                return number
            }
            guard let index = try log.index(of: LogCommand.read(entry)) else {
                print("NO\tlog\t\(entry) is not in the log")
                throw ExitCode(1)
            }
            return index
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a proof, or all of a log.",
            discussion: """
                Given a proof and --entry, checks that the log of --key holds the entry; the log \
                itself is not needed. Given a log, hashes every entry again; with --since also \
                checks that the log only grew since an earlier checkpoint.
                """)

        @Argument(help: "A proof, or a log's directory.")
        var subject: String

        @Option(help: "The log's public key, as 'temper log create' printed it.")
        var key: String

        @Option(help: "The entry's file, for a proof.")
        var entry: String?

        @Option(help: "An earlier checkpoint of the log, for a log.")
        var since: String?

        @Option(
            help: """
                The public key of a witness who must have cosigned the checkpoint; may be given \
                several times.
                """)
        var witness: [String] = []

        func run() throws {
            let verifier = try NoteVerifierKey(key)
            let witnesses = try witness.map { try NoteVerifierKey($0, kind: .witness) }
            do {
                let checkpoint = try check(verifier, witnesses)
                print("ok\tlog\t\(checkpoint.origin), \(checkpoint.size) entries")
                print("root\t\(checkpoint.root)")
            } catch let failure as VerificationFailure {
                print("NO\tlog\t\(failure)")
                throw ExitCode(1)
            }
        }

        private func check(
            _ verifier: NoteVerifierKey, _ witnesses: [NoteVerifierKey]
        ) throws -> LogCheckpoint {
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: subject, isDirectory: &isDirectory)
            guard isDirectory.boolValue else {
                guard let entry, since == nil else {
                    throw ValidationError(
                        "a proof is checked against its entry: give --entry, and no --since")
                }
                let proof = try LogProof(LogCommand.read(subject), subject: subject)
                try check(proof.signedCheckpoint, witnesses)
                return try proof.verify(
                    LogCommand.read(entry), with: verifier, subject: subject)
            }
            guard entry == nil else {
                throw ValidationError("a log is checked whole: leave --entry out, or give a proof")
            }
            let log = try TransparencyLog(at: URL(fileURLWithPath: subject), signedBy: verifier)
            try check(log.signedCheckpoint, witnesses)
            try log.verifyEntries()
            if let since {
                try log.verifyGrowth(
                    since: LogCheckpoint(
                        LogCommand.read(since), signedBy: verifier, subject: since))
            }
            return log.checkpoint
        }

        private func check(_ note: Data, _ witnesses: [NoteVerifierKey]) throws {
            let note = try SignedNote(note, subject: subject)
            for witness in witnesses { try note.verify(with: witness) }
        }
    }

    /// Writes a new private key that only its owner can read.
    static func writeKey(_ key: NoteSigningKey, to path: String) throws {
        try KeyFile.create(URL(fileURLWithPath: path), mode: 0o600, holding: key.text + "\n")
    }

    /// Reads a private key of a log or a witness.
    static func signingKey(_ path: String, _ kind: NoteKeyKind) throws -> NoteSigningKey {
        warnIfReadByOthers(path)
        let text = try String(decoding: read(path), as: UTF8.self)
        return try NoteSigningKey(text.trimmingCharacters(in: .newlines), kind: kind)
    }

    private static func read(_ path: String) throws -> Data {
        try SmallFile.read(
            URL(fileURLWithPath: path), atMost: 1 << 26, remedy: "check the path")
    }
}
