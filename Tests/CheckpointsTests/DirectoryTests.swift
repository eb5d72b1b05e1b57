// SPDX-License-Identifier: Apache-2.0
// Which files of a directory are the checkpoint, and what a sharded one must keep to.

import Checkpoints
import Foundation
import Testing

@Suite struct DirectoryTests {
    private func shard(_ name: String, value: Float) -> Data {
        var file = safetensors(
            #"{"\#(name)":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#)
        file += littleEndian(value.bitPattern)
        return file
    }

    /// Writes two shards, `a` and `b`, with the given weight map.
    private func withShards(
        _ map: String = #"{"a":"1.safetensors","b":"2.safetensors"}"#,
        _ body: (URL) throws -> Void
    ) throws {
        try withTemporaryDirectory { directory in
            try shard("a", value: 1).write(to: directory.appending(path: "1.safetensors"))
            try shard("b", value: 2).write(to: directory.appending(path: "2.safetensors"))
            let index =
                #"{"metadata":{"total_size":8,"x":[1.5e3,null,{"y":""}]},"weight_map":\#(map)}"#
            try Data(index.utf8).write(
                to: directory.appending(path: "model.safetensors.index.json"))
            try body(directory)
        }
    }

    @Test("shards are read through their index")
    func readsShards() throws {
        try withShards { directory in
            for url in [directory, directory.appending(path: "model.safetensors.index.json")] {
                let checkpoint = try Checkpoint(at: url)
                #expect(checkpoint.names == ["a", "b"])
                #expect(try checkpoint.float32("b") == [2])
                #expect(
                    checkpoint.files.map(\.lastPathComponent)
                        == ["1.safetensors", "2.safetensors", "model.safetensors.index.json"])
                #expect(checkpoint.directory?.lastPathComponent == directory.lastPathComponent)
            }
        }
    }

    @Test(
        "an index that names no files beside it is refused",
        arguments: [
            (#"{"a":"1.safetensors","b":"3.safetensors"}"#, "3.safetensors: is missing"),
            (#"{"a":"1.safetensors","a":"2.safetensors"}"#, "occurs twice"),
            (#"{"a":"../1.safetensors"}"#, "not the name"),
            (#"{"a":"/etc/1.safetensors"}"#, "not the name"),
            (#"{"a":"x/\u0301../1.safetensors"}"#, "not the name"),
            (#"{"a":"1.safetensors\u0000.safetensors"}"#, "not the name"),
            (#"{"a":"model.bin"}"#, "not the name"),
            (#"{"a":1}"#, "is expected"),
            (#"{}"#, "names no tensors"),
            (#"[]"#, "is expected"),
            (#"{"a":"1.safetensors"} x"#, "byte"),
        ])
    func refusesIndex(map: String, words: String) throws {
        try withShards(map) { directory in
            expectFault(words) { _ = try Checkpoint(at: directory) }
        }
    }

    @Test(
        "what an index says of tensors does not count, as for transformers: its files hold them",
        arguments: [
            #"{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}"#,
            #"{"a":"2.safetensors","b":"1.safetensors"}"#,
            #"{"c":"1.safetensors","d":"2.safetensors"}"#,
        ])
    func readsSurplus(map: String) throws {
        try withShards(map) { directory in
            let checkpoint = try Checkpoint(at: directory)
            #expect(checkpoint.names == ["a", "b"])
        }
    }

    @Test("a tensor that two shards hold is refused")
    func refusesTwice() throws {
        try withShards { directory in
            try shard("a", value: 3).write(to: directory.appending(path: "2.safetensors"))
            expectFault("2.safetensors", "also in 1.safetensors") {
                _ = try Checkpoint(at: directory)
            }
        }
    }

    @Test("a directory is opened by its safetensors file, else by its GGUF file")
    func choosesFiles() throws {
        try withTemporaryDirectory { directory in
            expectFault("neither") { _ = try Checkpoint(at: directory) }
            let gguf = directory.appending(path: "m.gguf")
            try FileManager.default.copyItem(at: golden("blocks.gguf"), to: gguf)
            #expect(try Checkpoint(at: directory).format == .gguf)
            try shard("a", value: 1).write(to: directory.appending(path: "adapter.safetensors"))
            #expect(
                try Checkpoint(at: directory).files.first?.lastPathComponent
                    == "adapter.safetensors")
            try shard("b", value: 1).write(to: directory.appending(path: "other.safetensors"))
            expectFault("2 weight files") { _ = try Checkpoint(at: directory) }
            try shard("c", value: 1).write(to: directory.appending(path: "model.safetensors"))
            #expect(try Checkpoint(at: directory).names == ["c"])
            try Data("{}".utf8).write(
                to: directory.appending(path: "model.safetensors.index.json"))
            expectFault("holds both") { _ = try Checkpoint(at: directory) }
        }
    }

    @Test("what is no file of weights is refused without waiting for it")
    func refusesOtherFiles() throws {
        try withTemporaryDirectory { directory in
            expectFault("nowhere.gguf", "does not exist") {
                _ = try Checkpoint(at: directory.appending(path: "nowhere.gguf"))
            }
            let text = directory.appending(path: "pytorch_model.bin")
            try Data("x".utf8).write(to: text)
            expectFault("neither a .safetensors nor a .gguf") { _ = try Checkpoint(at: text) }
            let pipe = directory.appending(path: "pipe.gguf")
            #expect(mkfifo(pipe.path(percentEncoded: false), 0o600) == 0)
            expectFault("pipe.gguf", "not a regular file") { _ = try Checkpoint(at: pipe) }
            let folder = directory.appending(path: "model.safetensors")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            expectFault("model.safetensors", "not a regular file") {
                _ = try Checkpoint(at: directory)
            }
        }
    }
}
