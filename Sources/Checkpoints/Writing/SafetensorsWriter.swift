// SPDX-License-Identifier: Apache-2.0
// Writes safetensors checkpoints that Hugging Face libraries load. A write succeeds as a whole or
// leaves nothing.

package import Foundation
import JSONText

/// Writes tensors to a directory: one file, or shards with an index.
///
/// All files are written under temporary names in the same directory and renamed once everything is
/// on disk, so that a failure leaves nothing behind.
package struct SafetensorsWriter: Sendable {
    /// The most bytes of tensors in one file. A single larger tensor has a file of its own.
    package var shardSize = 5_000_000_000

    /// The metadata that the files carry. Loaders of the transformers library look for `format`.
    package var metadata = ["format": "pt"]

    /// Makes a writer with the default shard size of 5 GB.
    package init() {}

    /// Writes a checkpoint. Files with the same names are replaced.
    ///
    /// - Parameters:
    ///   - tensors: The tensors, in any order; their names are distinct.
    ///   - directory: An existing directory without other weights.
    /// - Returns: The files written, the index last.
    /// - Throws: An `InputError` when the directory cannot be written, holds other weights or has
    ///   no room, or when a tensor is not as declared; also the errors of a tensor's source.
    @discardableResult
    package func write(_ tensors: [TensorSource], to directory: URL) throws -> [URL] {
        let shards = try shards(of: tensors, in: directory)
        var files: [(name: String, content: (TemporaryFile) throws -> Void)] = []
        for (number, shard) in shards.enumerated() {
            let name = Self.name(ofShard: number, of: shards.count)
            let header = Self.header(of: shard, metadata: metadata)
            files.append((name, { file in try Self.write(shard, after: header, to: file) }))
        }
        if shards.count > 1 {
            let index = Self.index(of: shards)
            files.append((Source.indexName, { try $0.append(index) }))
        }
        let names = files.map(\.name)
        try checkRoom(for: shards, named: names, in: directory)

        // Files that are not renamed at the end are removed.
        var written: [TemporaryFile] = []
        for file in files {
            let target = try TemporaryFile(for: directory.appending(path: file.name))
            try file.content(target)
            try target.synchronise()
            written.append(target)
        }
        for file in written { try file.rename() }
        try TemporaryFile.synchronise(directory)
        for file in written { file.keep() }
        return names.map { directory.appending(path: $0) }
    }

    /// Orders the tensors as the reference implementation does, by type with the widest first and
    /// then by name, so that all are aligned. Fills one shard after the other.
    private func shards(of tensors: [TensorSource], in directory: URL) throws -> [[Sized]] {
        var names: Set<String> = []
        var sized: [Sized] = []
        var total = 0
        for tensor in tensors {
            let place = "tensor \"\(tensor.name)\""
            guard names.insert(tensor.name).inserted, tensor.name != "__metadata__" else {
                throw InputError(
                    directory, place, "its name is already taken", remedy: "name tensors apart")
            }
            let byteCount = tensor.elementType.byteCount(ofShape: tensor.shape) ?? .max
            let (sum, overflow) = total.addingReportingOverflow(byteCount)
            guard !tensor.elementType.isQuantised, byteCount < .max, !overflow else {
                throw InputError(
                    directory, place,
                    "\(tensor.elementType.rawValue) \(tensor.shape) cannot be stored",
                    remedy: "write F32, F16, BF16 or integers")
            }
            total = sum
            sized.append(Sized(tensor: tensor, byteCount: byteCount))
        }
        sized.sort { first, second in
            let (type, other) = (first.tensor.elementType, second.tensor.elementType)
            return type == other
                ? first.tensor.name.utf8.lexicographicallyPrecedes(second.tensor.name.utf8)
                : Self.rank[type, default: 0] < Self.rank[other, default: 0]
        }
        var shards: [[Sized]] = [[]]
        var filled = 0
        for tensor in sized {
            if filled > 0, filled + tensor.byteCount > shardSize {
                shards.append([])
                filled = 0
            }
            shards[shards.count - 1].append(tensor)
            filled += tensor.byteCount
        }
        return shards
    }

    /// Throws if the directory holds weights that would stay beside the new ones, or has no room.
    private func checkRoom(
        for shards: [[Sized]], named names: [String], in directory: URL
    ) throws {
        let path = directory.path(percentEncoded: false)
        guard let present = try? FileManager.default.contentsOfDirectory(atPath: path) else {
            throw InputError(
                directory, nil, "is not a directory that can be listed",
                remedy: "create it, and check that you may write to it")
        }
        let weights = present.filter { $0.hasSuffix(".safetensors") || $0 == Source.indexName }
        if let other = weights.sorted().first(where: { !names.contains($0) }) {
            throw InputError(
                directory, nil, "holds other weights, \(other)",
                remedy: "choose an empty directory")
        }
        let needed = shards.joined().reduce(0) { $0 + $1.byteCount }
        if let free = TemporaryFile.freeBytes(in: directory), free < needed {
            throw InputError(
                directory, nil, "has \(free) bytes free of the \(needed) needed",
                remedy: "free some space or choose another disk")
        }
    }

    private static func write(
        _ shard: [Sized], after header: [UInt8], to file: TemporaryFile
    ) throws {
        try file.append(header)
        for sized in shard {
            try sized.tensor.write(to: file, byteCount: sized.byteCount)
        }
    }

    private static func name(ofShard number: Int, of count: Int) -> String {
        func padded(_ number: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        }
        return count == 1
            ? Source.singleName
            : "model-\(padded(number + 1))-of-\(padded(count)).safetensors"
    }

    /// Returns the length and the JSON of a file's header, padded to a multiple of 8 bytes.
    private static func header(of shard: [Sized], metadata: [String: String]) -> [UInt8] {
        var members: [JSON.Member] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }
                .map { JSON.Member(key: $0.key, value: .string($0.value)) }
            members.append(JSON.Member(key: "__metadata__", value: .object(pairs)))
        }
        var offset = 0
        for sized in shard {
            let tensor = sized.tensor
            let end = offset + sized.byteCount
            members.append(
                JSON.Member(
                    key: tensor.name,
                    value: .members([
                        "dtype": .string(tensor.elementType.rawValue),
                        "shape": .array(tensor.shape.map { .integer($0) }),
                        "data_offsets": .array([.integer(offset), .integer(end)]),
                    ])))
            offset = end
        }
        var json = Array(JSON.object(members).data())
        while !json.count.isMultiple(of: 8) { json.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }

    private static func index(of shards: [[Sized]]) -> [UInt8] {
        let total = shards.joined().reduce(0) { $0 + $1.byteCount }
        var entries: [(name: String, shard: String)] = []
        for (number, shard) in shards.enumerated() {
            let file = name(ofShard: number, of: shards.count)
            entries += shard.map { ($0.tensor.name, file) }
        }
        entries.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let map = entries.map { JSON.Member(key: $0.name, value: .string($0.shard)) }
        let index = JSON.members([
            "metadata": .members(["total_size": .integer(total)]), "weight_map": .object(map),
        ])
        return Array(index.data(.indented)) + [UInt8(ascii: "\n")]
    }

    private static let rank = Dictionary(
        uniqueKeysWithValues: StoredElementType.allCases.enumerated().map { ($1, $0) })

    private struct Sized {
        let tensor: TensorSource
        let byteCount: Int
    }
}
