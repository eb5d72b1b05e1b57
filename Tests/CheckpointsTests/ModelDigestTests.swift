// SPDX-License-Identifier: Apache-2.0
// A model's digest is the one that the model-signing package computes.

import Foundation
import Testing

@testable import Checkpoints

@Suite struct ModelDigestTests {
    private struct Golden: Decodable {
        struct File: Decodable {
            let name: String
            let text: String
            let repeated: Int
        }
        struct Resource: Decodable {
            let name: String
            let sha256: String
        }
        struct Answer: Decodable {
            let resources: [Resource]
            let root: String
        }
        let files: [File]
        let directory: Answer
        let single: Answer
    }

    private func withModel(_ body: (URL, Golden) throws -> Void) throws {
        let json = try Data(contentsOf: golden("model-digest.json"))
        let golden = try JSONDecoder().decode(Golden.self, from: json)
        try withTemporaryDirectory { directory in
            for file in golden.files {
                let url = directory.appending(path: file.name)
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(String(repeating: file.text, count: file.repeated).utf8).write(to: url)
            }
            try body(directory, golden)
        }
    }

    private func expect(_ digest: ModelDigest, _ answer: Golden.Answer) {
        // As bytes: two normal forms of a name are two names.
        #expect(
            digest.resources.map { Array($0.name.utf8) }
                == answer.resources.map { Array($0.name.utf8) })
        #expect(digest.resources.map(\.sha256) == answer.resources.map(\.sha256))
        #expect(digest.root == answer.root)
    }

    #if os(Linux)
        // Other systems' file systems take two normal forms of a name for one.
        @Test("a directory's files, their order and the root are the reference's")
        func digestsDirectory() throws {
            try withModel { directory, golden in
                let digest = try ModelDigest(of: directory)
                expect(digest, golden.directory)
                #expect(digest.ignored == [".git", ".gitattributes", ".github", ".gitignore"])
                let linked = directory.appendingPathExtension("link")
                try FileManager.default.createSymbolicLink(
                    at: linked, withDestinationURL: directory)
                defer { try? FileManager.default.removeItem(at: linked) }
                expect(try ModelDigest(of: linked), golden.directory)
            }
        }
    #endif

    @Test("a single file is one resource named by a point")
    func digestsFile() throws {
        try withModel { directory, golden in
            let file = directory.appending(path: "model.safetensors")
            expect(try ModelDigest(of: file), golden.single)
            #expect(try ModelDigest(of: file).resources.first?.byteCount == 1_600_000)
        }
    }

    @Test("the root over given digests is the one that model_signing 1.1.1 signed and verified")
    func computesRoot() {
        let digests = [
            "e084a3683ef795d1cdbf5e9b253f2ca1f783ae0d0d6e47e419acbbc4fc80bbfa",
            "cfb39c851d69397891de2a3324c04654e15ba863a2c8062b9f66633d62069ac7",
            "34562f2fd3e26b2736248afe78c6b701777efdc6c4dba01d6830eb42a89f44b5",
            "79f228a017e82e7257a0ff5909df4ca995d61c20eca3cc9f9a8b9639e825e297",
            "5ec66b227f8b4073e616d49656e7c58518633b21319193e9ba3f874c491fc7bb",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "e5264d078fbcb924b76df386117def39a612066f2790708d85e36d6d9a924ae0",
            "f874fde9e234fabdcac837b80070f322693c0b66a147b22e2daca049c4ccc117",
        ]
        #expect(
            ModelDigest.root(of: digests)
                == "9634cdd0ca147032c03a5c6091cc3014bc9df7149f2efaa51db64a7fba3ae9f6")
        #expect(ModelDigest.root(of: ["e084"]) == nil)
        #expect(ModelDigest.root(of: [String(repeating: "g", count: 64)]) == nil)
    }

    @Test("a signature and named paths are ignored, but no directory of the signature's name")
    func ignores() throws {
        try withModel { directory, _ in
            let before = try ModelDigest(of: directory)
            let signature = directory.appending(path: "model.sig")
            try Data("signature".utf8).write(to: signature)
            try Data("x".utf8).write(to: directory.appending(path: "audit.json"))
            let folder = directory.appending(path: "drafts/deep")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: folder.appending(path: "x"))
            let after = try ModelDigest(of: directory, ignoring: ["audit.json", "drafts"])
            #expect(after.resources == before.resources && after.root == before.root)
            #expect(after.ignored == before.ignored + ["audit.json", "drafts", "model.sig"])
            #expect(try ModelDigest(of: directory).root != before.root)

            try FileManager.default.removeItem(at: signature)
            try FileManager.default.createDirectory(
                at: signature, withIntermediateDirectories: true)
            try Data("x".utf8).write(to: signature.appending(path: "evil.py"))
            #expect(
                try ModelDigest(of: directory).resources.contains { $0.name == "model.sig/evil.py" }
            )
        }
    }

    @Test("whoever signs follows no link, whatever it leads to")
    func refusesLinks() throws {
        try withTemporaryDirectory { directory in
            try Data("x".utf8).write(to: directory.appending(path: "file"))
            let link = directory.appending(path: "sub/link.json")
            try FileManager.default.createDirectory(
                at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
            for target in ["../file", "../sub", "nowhere", "link.json"] {
                try? FileManager.default.removeItem(at: link)
                try FileManager.default.createSymbolicLink(
                    atPath: link.path(percentEncoded: false), withDestinationPath: target)
                expectFault("sub/link.json", "is a symbolic link;") {
                    _ = try OpenModel(at: directory, ignoring: [])
                }
            }
        }
    }

    @Test("pipes, names that are not UTF-8 and missing files are errors")
    func refuses() throws {
        try withTemporaryDirectory { directory in
            let path = directory.path(percentEncoded: false)
            let pipe = directory.appending(path: "pipe")
            #expect(mkfifo(pipe.path(percentEncoded: false), 0o600) == 0)
            expectFault("pipe", "not a regular file") { _ = try ModelDigest(of: directory) }
            expectFault("pipe", "not a regular file") { _ = try ModelDigest(of: pipe) }
            try FileManager.default.removeItem(at: pipe)

            #if os(Linux)
                let name = Array("\(path)/".utf8CString.dropLast()) + [-1, 0]
                let descriptor = creat(name, 0o600)
                #expect(descriptor >= 0)
                close(descriptor)
                expectFault("not UTF-8", "rename") { _ = try ModelDigest(of: directory) }
                unlink(name)
            #endif
            #expect(try ModelDigest(of: directory).resources.isEmpty)
            expectFault("nowhere", "cannot look at it") {
                _ = try ModelDigest(of: directory.appending(path: "nowhere"))
            }
        }
    }
}
