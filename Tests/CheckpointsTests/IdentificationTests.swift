// SPDX-License-Identifier: Apache-2.0
// What identifies a model: links of a download cache, records of a download, single files.

import Foundation
import Testing

@testable import Checkpoints

@Suite struct IdentificationTests {
    /// A model's files: two lie in a directory below, and two are not part of the digest.
    private static let files = [
        "config.json": Data("{\"a\": 1}".utf8), "tokenizer.json": Data("{}".utf8),
        "model.safetensors": safetensors(
            #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: 4),
        "onnx/model.onnx": Data("graph".utf8), "onnx/copy.json": Data("{\"a\": 1}".utf8),
        ".gitattributes": Data("*.safetensors filter=lfs".utf8), "model.sig": Data("sig".utf8),
        ".hidden": Data("hidden".utf8),
    ]

    private func write(_ data: Data, to file: URL) throws {
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try data.write(to: file)
    }

    private func link(_ link: URL, to target: String) throws {
        try? FileManager.default.removeItem(at: link)
        try FileManager.default.createSymbolicLink(
            atPath: link.path(percentEncoded: false), withDestinationPath: target)
    }

    /// Calls `body` with a plain directory and with a snapshot as `huggingface_hub` lays it out.
    private func withModels(_ body: (_ plain: URL, _ snapshot: URL) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let plain = directory.appending(path: "plain")
            let cache = directory.appending(path: "models--org--name")
            let snapshot = cache.appending(path: "snapshots/0123abcd")
            for (name, data) in Self.files {
                try write(data, to: plain.appending(path: name))
                let blob = "\(name.count)-\(data.count)"
                try write(data, to: cache.appending(path: "blobs/\(blob)"))
                let file = snapshot.appending(path: name)
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                let up = name.contains("/") ? "../../../" : "../../"
                try link(file, to: up + "blobs/\(blob)")
            }
            try body(plain, snapshot)
        }
    }

    @Test("a snapshot in a download cache has the digest of its copy, and the links' names")
    func snapshot() throws {
        try withModels { plain, snapshot in
            let expected = try OpenModel(identifying: plain)
            let model = try OpenModel(identifying: snapshot)
            #expect(model.digest == expected.digest)
            #expect(
                model.digest.resources.map(\.name) == [
                    ".hidden", "config.json", "model.safetensors", "onnx/copy.json",
                    "onnx/model.onnx", "tokenizer.json",
                ])
            #expect(model.digest.ignored == [".gitattributes", "model.sig"])
            #expect(try ModelDigest(of: snapshot) == expected.digest)
            #expect(try model.data(of: "config.json") == Self.files["config.json"])
            #expect(try Checkpoint(model, at: model.url).float32("w") == [0])
            try model.checkUnchanged()
        }
    }

    @Test("what signs a copy has the digest that identifies the snapshot")
    func signedCopy() throws {
        try withModels { plain, snapshot in
            let signed = try OpenModel(
                at: plain, ignoring: ModelDigest.leftOut, signature: "model.sig"
            ).digest
            #expect(try OpenModel(identifying: snapshot).digest == signed)
        }
    }

    @Test("a link through other links counts as the file at their end")
    func chain() throws {
        try withModels { plain, _ in
            let expected = try ModelDigest(of: plain)
            let outside = plain.deletingLastPathComponent()
            try write(Data("{}".utf8), to: outside.appending(path: "elsewhere"))
            try link(outside.appending(path: "hop"), to: "elsewhere")
            try link(
                plain.appending(path: "tokenizer.json"),
                to: outside.appending(path: "hop").path(percentEncoded: false))
            #expect(try ModelDigest(of: plain) == expected)
        }
    }

    @Test(
        "a link to anything but a regular file is an error that names the link and a remedy",
        arguments: [
            ("gone", #"is a symbolic link to "gone", which does not exist; download the model"#),
            ("gone/x", #"is a symbolic link to "gone/x", which does not exist; download the"#),
            ("x.json", "is a symbolic link that leads back to itself; download the model again"),
            (".", "is a symbolic link to a directory; only links to regular files are followed"),
            ("/dev/null", "is a symbolic link to a special file; only links to regular files"),
        ],
        ["x.json", "onnx/x.json", "attestations.jsonl"])
    func refusesLink(_ target: (path: String, words: String), name: String) throws {
        try withModels { plain, _ in
            let file = plain.appending(path: name)
            let path = target.path == "x.json" ? file.lastPathComponent : target.path
            try link(file, to: path)
            expectFault("/\(name): \(target.words)") { _ = try OpenModel(identifying: plain) }
            expectFault("/\(name): \(target.words)") { _ = try ModelDigest(of: plain) }
        }
    }

    @Test("a link at the path of an ignored file is ignored, wherever it leads")
    func ignoredLink() throws {
        try withModels { plain, _ in
            let expected = try ModelDigest(of: plain)
            try link(plain.appending(path: ".gitattributes"), to: "gone")
            #expect(try ModelDigest(of: plain) == expected)
        }
    }

    @Test("what a download leaves under .cache/huggingface changes no digest")
    func downloadRecords() throws {
        try withModels { plain, _ in
            let expected = try OpenModel(identifying: plain).digest
            let records = plain.appending(path: ".cache/huggingface")
            for name in [".gitignore", "CACHEDIR.TAG", "download/config.json.metadata"] {
                try write(Data(name.utf8), to: records.appending(path: name))
            }
            try link(records.appending(path: "download/link"), to: "gone")
            for digest in [try ModelDigest(of: plain), try OpenModel(identifying: plain).digest] {
                #expect(digest.resources == expected.resources && digest.root == expected.root)
                #expect(digest.ignored == [".cache/huggingface"] + expected.ignored)
            }
            let signed = try OpenModel(at: plain, ignoring: ModelDigest.leftOut).digest
            #expect(signed.root == expected.root)
        }
    }

    @Test("other hidden files are part of a model, as is .cache/huggingface below the top level")
    func otherHiddenFiles() throws {
        for name in [
            ".cache/other", ".cache/huggingface2/x", ".cache/huggingface-x", ".huggingface/x",
            "onnx/.cache/huggingface/x", ".CACHE/huggingface/x",
        ] {
            try withModels { plain, _ in
                let before = try ModelDigest(of: plain).root
                try write(Data("x".utf8), to: plain.appending(path: name))
                let after = try ModelDigest(of: plain)
                #expect(after.root != before, "\(name)")
                #expect(after.resources.contains { $0.name == name })
            }
        }
    }

    @Test("a verification that was not told to leave .cache/huggingface out covers it")
    func strictDownloadRecords() throws {
        try withModels { plain, _ in
            try write(Data("x".utf8), to: plain.appending(path: ".cache/huggingface/x"))
            let model = try OpenModel(at: plain, ignoring: ModelDigest.ignoredByDefault)
            #expect(model.file(".cache/huggingface/x") != nil)
        }
    }

    @Test("a file that is replaced after it was identified is loaded as it was identified")
    func replaced() throws {
        try withModels { plain, snapshot in
            for directory in [plain, snapshot] {
                let model = try OpenModel(identifying: directory)
                let other =
                    safetensors(
                        #"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#)
                    + littleEndian(Float(7).bitPattern)
                try other.write(
                    to: directory.appending(path: "model.safetensors"), options: .atomic)
                try Data("{}".utf8).write(
                    to: directory.appending(path: "config.json"), options: .atomic)
                try FileManager.default.removeItem(
                    at: directory.appending(path: "tokenizer.json"))
                try link(directory.appending(path: "model.safetensors.index.json"), to: "gone")

                #expect(try Checkpoint(model, at: model.url).float32("w") == [0])
                #expect(try model.data(of: "config.json") == Self.files["config.json"])
                #expect(try model.data(of: "tokenizer.json") == Data("{}".utf8))
                try ModelWatch(model).check()
            }
        }
    }

    @Test("a link that is turned to another file while the model is hashed is noticed")
    func turned() throws {
        try withModels { _, snapshot in
            let listing = try ModelFiles(
                of: snapshot, ignoring: ModelDigest.leftOut, followsLinks: true)
            try link(snapshot.appending(path: "config.json"), to: "tokenizer.json")
            expectFault("config.json", "changed") {
                _ = try listing.hashed(holdingFiles: true)
            }
        }
    }

    @Test("a file that is written to in place after it was identified is noticed")
    func writtenTo() throws {
        try withModels { _, snapshot in
            let model = try OpenModel(identifying: snapshot)
            let watch = ModelWatch(model)
            try watch.check()
            try Data("{\"a\": 2}".utf8).write(to: snapshot.appending(path: "config.json"))
            expectFault("config.json", "written to") { try watch.check() }
        }
    }

    @Test("a private copy keeps its bytes whatever happens to the files, and is what was hashed")
    func privateCopy() throws {
        try withModels { plain, _ in
            let model = try OpenModel(identifying: plain)
            let copy = try model.privateCopy { $0 != "tokenizer.json" }
            #expect(copy.digest == model.digest)
            #expect(copy.file("tokenizer.json") == nil)
            let weights = try Checkpoint(copy, at: copy.url)
            let before = try weights.float32("w")
            let file = plain.appending(path: "model.safetensors")
            let length = try Data(contentsOf: file).count
            let handle = try FileHandle(forWritingTo: file)
            try handle.seek(toOffset: UInt64(length - 4))
            try handle.write(contentsOf: Data([1, 2, 3, 4]))
            try handle.truncate(atOffset: UInt64(length - 2))
            try handle.close()
            try Data("{\"a\": 2}".utf8).write(to: plain.appending(path: "config.json"))
            #expect(try weights.float32("w") == before)
            #expect(try Checkpoint(copy, at: copy.url).float32("w") == before)
            #expect(try copy.data(of: "config.json") == Self.files["config.json"])
            // What the copy does not have is not read from the disk.
            #expect(try copy.data(of: "tokenizer.json") == nil)
            expectFault("model.safetensors", "written to") {
                _ = try model.privateCopy { $0.hasSuffix(".safetensors") }
            }
        }
    }

    @Test("a safetensors file stands for the directory whose configuration is loaded with it")
    func weightsFile() throws {
        try withModels { plain, snapshot in
            for directory in [plain, snapshot] {
                let file = directory.appending(path: "model.safetensors")
                let model = try OpenModel(identifying: file)
                #expect(try model.digest == ModelDigest(of: plain))
                #expect(model.file("config.json") != nil)
                #expect(model.url.lastPathComponent == directory.lastPathComponent)
            }
        }
    }

    @Test("an index of safetensors files stands for its directory, but none of its shards does")
    func index() throws {
        try withModels { plain, _ in
            let first = plain.appending(path: "1.safetensors")
            try FileManager.default.moveItem(
                at: plain.appending(path: "model.safetensors"), to: first)
            let index = plain.appending(path: "model.safetensors.index.json")
            try Data(#"{"weight_map":{"w":"1.safetensors"}}"#.utf8).write(to: index)
            #expect(
                try OpenModel(identifying: index).digest == OpenModel(identifying: plain).digest)
            expectFault("1.safetensors", "name the directory") {
                _ = try OpenModel(identifying: first)
            }
        }
    }

    @Test("a weights file that its directory would not be opened with is refused")
    func otherWeights() throws {
        try withModels { plain, _ in
            let other = plain.appending(path: "other.safetensors")
            try FileManager.default.copyItem(
                at: plain.appending(path: "model.safetensors"), to: other)
            expectFault("other.safetensors", "directory of its own") {
                _ = try OpenModel(identifying: other)
            }
            let named = plain.appending(path: "model.safetensors")
            #expect(try OpenModel(identifying: named).digest == ModelDigest(of: plain))
            try FileManager.default.removeItem(at: named)
            try FileManager.default.copyItem(
                at: other, to: plain.appending(path: "third.safetensors"))
            expectFault("other.safetensors", "directory of its own") {
                _ = try OpenModel(identifying: other)
            }
        }
    }

    @Test("a GGUF file is a model by itself, also behind a link")
    func gguf() throws {
        try withTemporaryDirectory { directory in
            let data = try Data(contentsOf: golden("blocks.gguf"))
            try write(data, to: directory.appending(path: "blobs/x"))
            try write(data, to: directory.appending(path: "plain/m.gguf"))
            let file = directory.appending(path: "m.gguf")
            try link(file, to: "blobs/x")
            let model = try OpenModel(identifying: file)
            #expect(model.digest.resources.map(\.name) == ["."])
            #expect(
                try model.digest
                    == OpenModel(identifying: directory.appending(path: "plain/m.gguf")).digest)
            try Data("x".utf8).write(to: file, options: .atomic)
            #expect(try Checkpoint(model, at: model.url).format == .gguf)
            let whole = try OpenModel(identifying: directory.appending(path: "plain"))
            #expect(whole.digest.resources.map(\.name) == ["m.gguf"])
            #expect(try Checkpoint(whole, at: whole.url).format == .gguf)
        }
    }

    @Test("weights in directories below are not taken for those of the directory")
    func weightsBelow() throws {
        try withModels { plain, _ in
            let weights = plain.appending(path: "model.safetensors")
            for name in ["original/consolidated.safetensors", "onnx/model.safetensors"] {
                try write(Data("not weights".utf8), to: plain.appending(path: name))
            }
            try FileManager.default.moveItem(
                at: weights, to: plain.appending(path: "only.safetensors"))
            let model = try OpenModel(identifying: plain)
            #expect(
                try Checkpoint(model, at: plain).files.map(\.lastPathComponent)
                    == ["only.safetensors"])
        }
    }

    @Test("a path that names no model is an error before anything is hashed")
    func noModel() throws {
        try withTemporaryDirectory { directory in
            let pipe = directory.appending(path: "pipe")
            #expect(mkfifo(pipe.path(percentEncoded: false), 0o600) == 0)
            expectFault("neither") { _ = try OpenModel(identifying: directory) }
            expectFault("nowhere", "does not exist") {
                _ = try OpenModel(identifying: directory.appending(path: "nowhere"))
            }
            let other = directory.appending(path: "pytorch_model.bin")
            try Data("x".utf8).write(to: other)
            expectFault("pytorch_model.bin", "neither") {
                _ = try OpenModel(identifying: other)
            }
        }
    }
}
