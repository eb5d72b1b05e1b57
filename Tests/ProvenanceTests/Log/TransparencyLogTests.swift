// SPDX-License-Identifier: Apache-2.0
// A log in a directory: what is appended is proved, whatever is changed is found, and an append
// that did not end leaves the log as it was.

import Checkpoints
import Foundation
import JSONText
import Testing

@testable import Provenance

@Suite("Transparency logs")
struct TransparencyLogTests {
    let key: NoteSigningKey

    init() throws { key = try NoteSigningKey(name: "example.org/audits") }

    private func withLog<Result>(_ body: (URL) throws -> Result) throws -> Result {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try TransparencyLog.create(at: directory, signedBy: key)
        return try body(directory)
    }

    private static func entries(_ range: Range<Int>) -> [Data] {
        range.map { Data("audit \($0)".utf8) }
    }

    private static func root(_ count: Int) -> TreeHash {
        MerkleTreeTests.definition(entries(0..<count).map { TreeHash.leaf($0) }[...])
    }

    @Test("the published leaves give the published roots, appended one by one")
    func published() throws {
        try withLog { directory in
            for (size, leaf) in MerkleTreeTests.leaves.enumerated() {
                let log = try TransparencyLog.append([leaf], to: directory, signedBy: key)
                let root = MerkleTreeTests.bytes(MerkleTreeTests.roots[size + 1])
                #expect(log.checkpoint.root.bytes == root)
            }
        }
    }

    @Test("logs that grew in steps prove every step and every entry")
    func steps() throws {
        try withLog { directory in
            var checkpoints: [LogCheckpoint] = []
            var size = 0
            for step in [1, 2, 252, 1, 1, 255, 256, 7] {
                let log = try TransparencyLog.append(
                    Self.entries(size..<size + step), to: directory, signedBy: key)
                size += step
                #expect(log.checkpoint.size == size)
                #expect(log.checkpoint.root == Self.root(size))
                for earlier in checkpoints { try log.verifyGrowth(since: earlier) }
                checkpoints.append(log.checkpoint)
                try log.verifyEntries()
            }
            let log = try TransparencyLog(at: directory, signedBy: key.verifierKey)
            for index in [0, 1, 2, 254, 255, 256, 511, 512, 767, 768, size - 1] {
                let entry = Data("audit \(index)".utf8)
                #expect(try log.index(of: entry) == index)
                let proof = try LogProof(log.proof(of: index).data, subject: "p")
                let checkpoint = try proof.verify(entry, with: key.verifierKey, subject: "p")
                #expect(checkpoint == log.checkpoint)
                #expect(throws: (any Error).self) {
                    try proof.verify(Data("other".utf8), with: key.verifierKey, subject: "p")
                }
            }
            #expect(try log.index(of: Data("never".utf8)) == nil)
            #expect(throws: (any Error).self) { try log.proof(of: size) }
        }
    }

    @Test("files are where c2sp.org/tlog-tiles says")
    func layout() throws {
        let files = LogFiles(directory: URL(filePath: "/log"))
        func path(_ url: URL) -> String { String(url.path.dropFirst(5)) }
        #expect(
            path(files.hashes(level: 0, index: 1_234_067, width: 256)) == "tile/0/x001/x234/067")
        #expect(path(files.hashes(level: 2, index: 0, width: 1)) == "tile/2/000.p/1")
        #expect(path(files.entries(index: 273, width: 112)) == "tile/entries/273.p/112")
        // The example in the text: a tree of 70,000.
        #expect(LogFiles.width(level: 0, index: 273, size: 70_000) == 112)
        #expect(LogFiles.width(level: 1, index: 0, size: 70_000) == 256)
        #expect(LogFiles.width(level: 1, index: 1, size: 70_000) == 17)
        #expect(LogFiles.width(level: 2, index: 0, size: 70_000) == 1)
    }

    @Test("appending to a large log needs only its right edge")
    func large() throws {
        try withLog { directory in
            let manager = FileManager.default
            try TransparencyLog.append(Self.entries(0..<70_000), to: directory, signedBy: key)
            for index in 0..<273 {
                let files = LogFiles(directory: directory)
                try manager.removeItem(at: files.hashes(level: 0, index: index, width: 256))
                try manager.removeItem(at: files.entries(index: index, width: 256))
            }
            let log = try TransparencyLog.append(
                Self.entries(70_000..<70_003), to: directory, signedBy: key)
            #expect(log.checkpoint.root == Self.root(70_003))
        }
    }

    @Test("any changed byte of any file is found")
    func damage() throws {
        try withLog { directory in
            try TransparencyLog.append(Self.entries(0..<258), to: directory, signedBy: key)
            let paths = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
            var changed = 0
            for path in paths where !path.contains(".lock") {
                let file = directory.appending(path: path)
                guard let data = try? Data(contentsOf: file) else { continue }
                for place in stride(from: 0, to: data.count, by: 61) {
                    var damaged = data
                    damaged[place] ^= 4
                    try damaged.write(to: file)
                    changed += 1
                    #expect(throws: (any Error).self, "\(path), byte \(place)") {
                        try TransparencyLog(at: directory, signedBy: key.verifierKey)
                            .verifyEntries()
                    }
                }
                try data.dropLast().write(to: file)
                #expect(throws: (any Error).self, "\(path) cut") {
                    try TransparencyLog(at: directory, signedBy: key.verifierKey).verifyEntries()
                }
                try (data + [7]).write(to: file)
                #expect(throws: (any Error).self, "\(path) longer") {
                    try TransparencyLog(at: directory, signedBy: key.verifierKey).verifyEntries()
                }
                try data.write(to: file)
            }
            #expect(changed > 100)
            try TransparencyLog(at: directory, signedBy: key.verifierKey).verifyEntries()
        }
    }

    @Test("a size that no disk holds is refused, not counted through")
    func enormous() throws {
        try withLog { directory in
            let checkpoint = LogCheckpoint(
                origin: key.verifierKey.name, size: .max, root: .leaf(Data()))
            try SignedNote(checkpoint.text, signedBy: key).data
                .write(to: directory.appending(path: "checkpoint"))
            let log = try TransparencyLog(at: directory, signedBy: key.verifierKey)
            #expect(throws: InputError.self) { try log.verifyEntries() }
            #expect(throws: InputError.self) { try log.proof(of: .max - 1) }
            #expect(throws: InputError.self) { try log.index(of: Data()) }
            #expect(throws: InputError.self) {
                try TransparencyLog.append([Data()], to: directory, signedBy: key)
            }
        }
    }

    @Test("of altered tiles no proof is made, and altered entries are not written anew")
    func alteredTiles() throws {
        try withLog { directory in
            try TransparencyLog.append(Self.entries(0..<258), to: directory, signedBy: key)
            func flip(_ path: String) throws {
                let file = directory.appending(path: path)
                var data = try Data(contentsOf: file)
                data[data.count - 1] ^= 1
                try data.write(to: file)
            }
            // The root is found in the level above.
            try flip("tile/0/000")
            let log = try TransparencyLog(at: directory, signedBy: key.verifierKey)
            #expect(throws: VerificationFailure.self) { try log.proof(of: 255) }
            try flip("tile/0/000")
            #expect(try log.proof(of: 255).index == 255)
            try flip("tile/entries/001.p/2")
            #expect(throws: VerificationFailure.self) {
                try TransparencyLog.append([Data()], to: directory, signedBy: key)
            }
        }
    }

    @Test("a log is made with the directories above it, and not where a file is")
    func nested() throws {
        try withLog { directory in
            let deep = directory.appending(path: "a/b/log")
            try TransparencyLog.create(at: deep, signedBy: key)
            try TransparencyLog.append([Data()], to: deep, signedBy: key).verifyEntries()
            let error = #expect(throws: InputError.self) {
                try TransparencyLog.create(
                    at: directory.appending(path: "checkpoint/log"), signedBy: key)
            }
            #expect(error?.place.contains("checkpoint/log") == true)
        }
    }

    @Test("a directory that is no log is left as it is")
    func foreign() throws {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "log-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        #expect(throws: InputError.self) {
            try TransparencyLog.append([Data()], to: directory, signedBy: key)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
    }

    @Test("an append that was cut off at any file leaves the log as it was")
    func crash() throws {
        try withLog { directory in
            let manager = FileManager.default
            try TransparencyLog.append(Self.entries(0..<250), to: directory, signedBy: key)
            let before = try Data(contentsOf: directory.appending(path: "checkpoint"))
            // What another append wrote, all of it but the checkpoint, and a torn file.
            try TransparencyLog.append(
                (0..<300).map { Data("lost \($0)".utf8) }, to: directory, signedBy: key)
            try before.write(to: directory.appending(path: "checkpoint"))
            try Data("torn".utf8).write(
                to: directory.appending(path: "tile/0/.000.partial"))
            try manager.removeItem(at: directory.appending(path: "tile/entries/002.p"))
            let log = try TransparencyLog(at: directory, signedBy: key.verifierKey)
            try log.verifyEntries()
            #expect(log.checkpoint.root == Self.root(250))
            let longer = try TransparencyLog.append(
                Self.entries(250..<600), to: directory, signedBy: key)
            #expect(longer.checkpoint.root == Self.root(600))
            try longer.verifyEntries()
            try longer.verifyGrowth(since: log.checkpoint)
        }
    }

    @Test("a log whose history was rewritten does not pass for the old one")
    func rewritten() throws {
        try withLog { first in
            let old = try TransparencyLog.append(Self.entries(0..<5), to: first, signedBy: key)
            try withLog { second in
                var entries = Self.entries(0..<9)
                entries[2] = Data("nicer".utf8)
                let new = try TransparencyLog.append(entries, to: second, signedBy: key)
                #expect(throws: (any Error).self) { try new.verifyGrowth(since: old.checkpoint) }
                #expect(throws: (any Error).self) { try old.verifyGrowth(since: new.checkpoint) }
            }
        }
    }

    @Test("nobody appends with another key, while another appends, or too long an entry")
    func refused() throws {
        try withLog { directory in
            let twin = try NoteSigningKey(name: "example.org/audits")
            let longest = Data(count: 65_535)
            #expect(throws: (any Error).self) {
                try TransparencyLog.append([longest], to: directory, signedBy: twin)
            }
            #expect(throws: (any Error).self) {
                try TransparencyLog.append([longest + [0]], to: directory, signedBy: key)
            }
            let lock = open(directory.appending(path: ".lock").path, O_RDWR | O_CREAT, 0o644)
            #expect(flock(lock, LOCK_EX) == 0)
            #expect(throws: (any Error).self) {
                try TransparencyLog.append([longest], to: directory, signedBy: key)
            }
            close(lock)
            let log = try TransparencyLog.append([longest], to: directory, signedBy: key)
            #expect(log.checkpoint.size == 1)
            #expect(try log.files.readEntries(index: 0, size: 1) == [longest])
        }
    }
}
