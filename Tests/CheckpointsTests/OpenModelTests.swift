// SPDX-License-Identifier: Apache-2.0
// Files are hashed in parallel, block by block, and what changes meanwhile is noticed.

import Crypto
import Foundation
import JSONText
import Testing

@testable import Checkpoints

@Suite struct OpenModelTests {
    private static let block = 1 << 18

    @Test(
        "a file is hashed whole, whatever its length",
        arguments: [
            0, 1, block - 1, block, block + 1, 2 * block, 2 * block + 1, 8 * block, 8 * block + 1,
            20 * block + 12345,
        ])
    func lengths(length: Int) throws {
        try withTemporaryDirectory { directory in
            let data = Data((0..<length).lazy.map { UInt8(truncatingIfNeeded: $0 &* 167 >> 3) })
            try data.write(to: directory.appending(path: "x"))
            let digest = try ModelDigest(of: directory)
            #expect(digest.resources.map(\.sha256) == [SHA256.hash(data: data).hexadecimal])
            #expect(digest.resources.map(\.byteCount) == [length])
        }
    }

    @Test("many files of all lengths are hashed in their names' order, held or not")
    func many() throws {
        try withTemporaryDirectory { directory in
            for index in 0..<200 {
                try Data(repeating: UInt8(index), count: index * index * 20)
                    .write(to: directory.appending(path: "\(index)"))
            }
            let digest = try ModelDigest(of: directory)
            #expect(digest.resources.map(\.name) == (0..<200).map { "\($0)" }.sorted())
            for resource in digest.resources {
                let data = try Data(contentsOf: directory.appending(path: resource.name))
                #expect(resource.sha256 == SHA256.hash(data: data).hexadecimal)
            }
            let model = try OpenModel(at: directory, ignoring: [])
            #expect(model.digest.root == digest.root)
            #expect(model.files.map(\.name) == digest.resources.map(\.name))
            for file in model.files {
                #expect(try Data(contentsOf: file.url).count == file.byteCount)
            }
            try model.checkUnchanged()
        }
    }

    @Test("a file that changes between being listed and being hashed is noticed")
    func changesMeanwhile() throws {
        try withTemporaryDirectory { directory in
            let file = directory.appending(path: "b")
            let path = file.path(percentEncoded: false)
            for name in ["a", "b", "c"] {
                try Data(name.utf8).write(to: directory.appending(path: name))
            }
            func expect(_ words: String, _ change: () throws -> Void) throws {
                let listing = try ModelFiles(of: directory, ignoring: [])
                try change()
                expectFault("b", words) { _ = try listing.hashed(holdingFiles: false) }
            }
            try expect("changed") {
                let handle = try FileHandle(forWritingTo: file)
                try handle.write(contentsOf: Data("B".utf8))
                try handle.close()
            }
            try expect("changed") { #expect(truncate(path, 0) == 0) }
            try expect("changed") {
                try Data("b".utf8).write(to: file, options: .atomic)
            }
            try expect("cannot open it") { try FileManager.default.removeItem(at: file) }
            try Data("b".utf8).write(to: file)
            try expect("cannot open it") {
                try FileManager.default.removeItem(at: file)
                try FileManager.default.createSymbolicLink(
                    atPath: path, withDestinationPath: "a")
            }
        }
    }

    @Test("a file that comes or goes while others are hashed is noticed")
    func comesOrGoes() throws {
        try withTemporaryDirectory { directory in
            let added = directory.appending(path: "z")
            try Data("a".utf8).write(to: directory.appending(path: "a"))
            let listing = try ModelFiles(of: directory, ignoring: [])
            try Data("z".utf8).write(to: added)
            expectFault("came or went") { _ = try listing.hashed(holdingFiles: true) }
        }
    }

    @Test("an ignored directory is ignored whole, but not one with a companion's name")
    func companions() throws {
        try withTemporaryDirectory { directory in
            for name in ["x/y", "attestations.jsonl/z", "s.json/z"] {
                let file = directory.appending(path: name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data("x".utf8).write(to: file)
            }
            let ignored = ["x", "attestations.jsonl", "s.json"]
            let model = try OpenModel(at: directory, ignoring: ignored, signature: "s.json")
            #expect(model.digest.ignored == ["x"])
            #expect(
                model.digest.resources.map(\.name) == ["attestations.jsonl/z", "s.json/z"])
        }
    }

    @Test(
        "numbers are those of JSON, and no others",
        arguments: [
            ("0", true), ("-0", true), ("10", true), ("1.5e+3", true), ("1E-2", true),
            ("01", false), ("+1", false), (".5", false), ("1.", false), ("-", false),
            ("1e", false), ("1e+", false), ("0x1", false), ("--1", false), ("1.2.3", false),
        ])
    func numbers(text: String, isNumber: Bool) {
        Data("[\(text)]".utf8).withUnsafeBytes { bytes in
            var scanner = JSONScanner(bytes, file: "x")
            #expect(((try? scanner.skipValue()) != nil) == isNumber)
        }
    }
}
