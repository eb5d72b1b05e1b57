// SPDX-License-Identifier: Apache-2.0
// Which files make up a checkpoint: those of a directory, the shards of an index, or one file.

import Foundation
import JSONText

/// The weight files behind the path that a user named.
struct Source {
    let format: Checkpoint.Format
    let directory: URL?
    let weights: [URL]
    let index: ShardIndex?

    static let singleName = "model.safetensors"
    static let adapterName = "adapter_model.safetensors"
    static let indexName = "model.safetensors.index.json"

    init(_ url: URL, _ access: FileAccess) throws {
        let path = url.path(percentEncoded: false)
        guard let isDirectory = access.isDirectory else {
            throw InputError(url, nil, "does not exist", remedy: "check the path")
        }
        if isDirectory {
            try self.init(directory: url, access)
        } else if path.hasSuffix(".index.json") {
            let index = try ShardIndex(url, access)
            self.init(.safetensors, url.deletingLastPathComponent(), index.shards, index)
        } else if url.pathExtension.lowercased() == "safetensors" {
            self.init(.safetensors, url.deletingLastPathComponent(), [url], nil)
        } else if url.pathExtension.lowercased() == "gguf" {
            self.init(.gguf, nil, [url], nil)
        } else {
            throw InputError(
                url, nil, "is neither a .safetensors nor a .gguf file",
                remedy: "name one, or a directory with one; convert other formats first")
        }
    }

    private init(
        _ format: Checkpoint.Format, _ directory: URL?, _ weights: [URL], _ index: ShardIndex?
    ) {
        self.format = format
        self.directory = directory
        self.weights = weights
        self.index = index
    }

    private init(directory: URL, _ access: FileAccess) throws {
        let names = try access.names()
        func files(_ suffix: String) -> [URL] {
            names.filter { $0.hasSuffix(suffix) }.sorted().map { directory.appending(path: $0) }
        }
        let single = names.contains(Self.singleName)
        let index = names.contains(Self.indexName)
        if single && index {
            // Loaders disagree about which of the two is used, so Temper cannot vouch for either.
            throw InputError(
                directory, nil, "holds both \(Self.singleName) and \(Self.indexName)",
                remedy: "remove the one that is not meant")
        }
        if index {
            let index = try ShardIndex(directory.appending(path: Self.indexName), access)
            self.init(.safetensors, directory, index.shards, index)
            return
        }
        let named = [Self.singleName, Self.adapterName].first(where: names.contains)
        let safetensors =
            named.map { [directory.appending(path: $0)] } ?? files(".safetensors")
        let weights = safetensors.isEmpty ? files(".gguf") : safetensors
        guard weights.count == 1 else {
            throw InputError(
                directory, nil,
                weights.isEmpty
                    ? "holds neither a .safetensors nor a .gguf file"
                    : "holds \(weights.count) weight files and no \(Self.indexName)",
                remedy: weights.isEmpty
                    ? "name a directory with a model in it; convert other formats first"
                    : "name one of the files, or add the index")
        }
        self.init(
            safetensors.isEmpty ? .gguf : .safetensors, directory, weights, nil)
    }
}

/// The index of a sharded safetensors checkpoint: which files hold its tensors.
struct ShardIndex {
    let file: URL

    /// The shards in the order of their names.
    let shards: [URL]

    /// Reads which files there are. Where a tensor is, the files themselves say: an index may name
    /// tensors that were left out, and may lack names that were added, as for transformers.
    init(_ file: URL, _ access: FileAccess) throws {
        self.file = file
        let mapping = try access.map(file)
        var names: Set<String> = []
        var scanner = JSONScanner(
            mapping.bytes, file: file.path(percentEncoded: false), remedy: InputError.damaged)
        try scanner.object { scanner, key in
            if key == "weight_map" {
                try scanner.object { scanner, tensor in
                    let name = try scanner.string()
                    // Bytes, not characters: a combining mark after a slash would hide it.
                    guard !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0),
                        name.hasSuffix(".safetensors")
                    else {
                        throw InputError(
                            file, "tensor \"\(tensor)\"",
                            "\"\(name)\" is not the name of a .safetensors file beside the index")
                    }
                    names.insert(name)
                }
            } else {
                try scanner.skipValue()
            }
        }
        try scanner.end()
        guard !names.isEmpty else {
            throw InputError(file, "key weight_map", "names no tensors")
        }
        shards = names.sorted().map { file.deletingLastPathComponent().appending(path: $0) }
        for shard in shards where !access.exists(shard) {
            throw InputError(
                shard, nil, "is missing, though \(file.lastPathComponent) names it",
                remedy: "download the missing shard")
        }
    }
}
