// SPDX-License-Identifier: Apache-2.0
// Checkpoint files: headers, and every way of reading the tensors that they declare.

import Checkpoints
import Foundation

extension FuzzTarget {
    static let safetensors = checkpoint("safetensors", file: "model.safetensors")
    static let gguf = checkpoint("gguf", file: "model.gguf")

    /// The index of a sharded checkpoint beside one true shard.
    static let shardIndex = FuzzTarget(name: "shard-index") { input in
        let header = #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
        let shard = InputFile.directory.appending(path: "a.safetensors")
        if !FileManager.default.fileExists(atPath: shard.path) {
            try (length + Data(header.utf8) + Data(count: 4)).write(to: shard)
        }
        try readEverything(at: InputFile.write(input, as: "model.safetensors.index.json"))
    }

    /// A byte that chooses a quantisation, and the weights beside its configuration.
    static let quantised = FuzzTarget(name: "quantised") { input in
        guard let choice = input.first else { return }
        let scheme = schemes[Int(choice) % schemes.count]
        _ = try InputFile.write(
            Data("{\"quantization_config\":\(scheme)}".utf8), as: "config.json")
        try readEverything(
            at: InputFile.write(Data(input.dropFirst()), as: "model.safetensors"))
    }

    /// In the order of `make-seeds.py`.
    private static let schemes = [
        #"{"quant_method":"gptq","bits":4,"group_size":32}"#,
        #"{"quant_method":"awq","bits":4,"group_size":32}"#,
        #"{"quant_method":"bitsandbytes","load_in_4bit":true}"#,
        #"{"quant_method":"fp8","weight_block_size":[8,16]}"#,
        #"{"quant_method":"mxfp4"}"#,
        #"{"quant_method":"compressed-tensors","config_groups":{"a":{"weights":{"num_bits":4,"#
            + #""group_size":32}},"b":{"weights":{"num_bits":8}}}}"#,
    ]

    private static func checkpoint(_ name: String, file: String) -> FuzzTarget {
        FuzzTarget(name: name) { input in
            try readEverything(at: InputFile.write(input, as: file))
        }
    }

    private static func readEverything(at url: URL) throws {
        let checkpoint = try Checkpoint(at: url)
        for name in checkpoint.names {
            let size = try checkpoint.withBytes(of: name) { bytes in
                // Touches each byte, so that the sanitizer sees a range that is wrong.
                _ = bytes.reduce(0) { $0 &+ Int($1) }
                return bytes.count
            }
            guard try checkpoint.tensor(name).byteRange.count == size else {
                broken("a tensor's bytes are those that its header declares")
            }
            _ = try checkpoint.firstNonFinite(in: name)
            _ = try? checkpoint.float32(name)
        }
    }
}

/// The file that the input is put into, for parsers that map files.
enum InputFile {
    static let directory: URL = {
        let memory = "/dev/shm"
        let base =
            access(memory, W_OK) == 0
            ? URL(filePath: memory) : FileManager.default.temporaryDirectory
        let directory = base.appending(path: "temper-fuzz-\(getpid())")
        try? FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(at: InputFile.directory) }
        return directory
    }()

    static func write(_ input: Data, as name: String) throws -> URL {
        let url = directory.appending(path: name)
        try input.write(to: url)
        return url
    }
}
