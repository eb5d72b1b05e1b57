// SPDX-License-Identifier: Apache-2.0
// A model's weights on disk, mapped into memory: safetensors or GGUF.

public import Foundation
import JSONText

/// The tensors and metadata of a checkpoint. Its files stay mapped while any copy of it lives.
///
/// Every length, offset and shape is checked against the files when the checkpoint is opened, so
/// that reading cannot go out of bounds. The files must not be changed meanwhile: if a mapped file
/// is cut short, a process that reads the missing part ends.
///
/// ```swift
/// let checkpoint = try Checkpoint(at: URL(filePath: "smollm2-135m-instruct.gguf"))
/// let norm = try checkpoint.float32("output_norm.weight")
/// ```
public struct Checkpoint: Sendable {
    /// The formats that are read.
    public enum Format: String, Sendable, Hashable, Codable {
        /// One `.safetensors` file, or several with an index.
        case safetensors
        /// One GGUF file, version 2 or 3.
        case gguf
    }

    /// The directory or file that was opened; the directory when it was opened by its index.
    public let url: URL

    /// The format of the files.
    public let format: Format

    /// The directory that was opened, or the one around a safetensors file. It holds the
    /// configuration and the tokenizer. Nil for a GGUF file, which holds its own.
    public let directory: URL?

    /// The files that hold the weights, and the index of a sharded checkpoint after them.
    public let files: [URL]

    /// The tensors by name. The parts of a quantised layer are one tensor, under the name that it had
    /// before.
    public let tensors: [String: StoredTensor]

    /// The tensors' names in the order of files and bytes.
    public let names: [String]

    /// GGUF's key-values, or the `__metadata__` of safetensors (of the first shard that has a key).
    public let metadata: [String: MetadataValue]

    private let mappings: [URL: MappedFile]

    /// Opens a checkpoint and checks its headers; no tensor is read yet.
    ///
    /// In a directory, `model.safetensors` or `model.safetensors.index.json` with its shards is
    /// opened, else an adapter's `adapter_model.safetensors`, else its only `.safetensors` file, else
    /// its only `.gguf` file.
    ///
    /// - Parameter url: A directory, a `.safetensors` file or a `.gguf` file.
    /// - Throws: An `InputError` with file, place and remedy when a file is not as its header
    ///   declares.
    public init(at url: URL) throws {
        try self.init(at: url, FileAccess(root: url, model: nil))
    }

    /// Opens a checkpoint from files that are held open: the bytes that are read are the bytes that
    /// were hashed, even if the paths now lead elsewhere.
    ///
    /// - Parameters:
    ///   - model: The files. They need not stay open afterwards.
    ///   - url: Where they were, for errors.
    /// - Throws: An `InputError` with file, place and remedy when a file is not as its header
    ///   declares.
    public init(_ model: OpenModel, at url: URL) throws {
        try self.init(at: url, FileAccess(root: url, model: model))
    }

    private init(at url: URL, _ access: FileAccess) throws {
        let source = try Source(url, access)
        var mappings: [URL: MappedFile] = [:]
        var tensors: [String: StoredTensor] = [:]
        var names: [String] = []
        var metadata: [String: MetadataValue] = [:]
        for file in source.weights {
            let mapping = try access.map(file)
            mappings[file] = mapping
            let header: (tensors: [StoredTensor], metadata: [String: MetadataValue])
            switch source.format {
            case .safetensors:
                let parsed = try SafetensorsHeader(mapping)
                header = (parsed.tensors, parsed.metadata)
            case .gguf:
                let parsed = try GGUFHeader(mapping)
                header = (parsed.tensors, parsed.metadata)
            }
            metadata.merge(header.metadata) { first, _ in first }
            for tensor in header.tensors {
                if let earlier = tensors.updateValue(tensor, forKey: tensor.name) {
                    throw InputError(
                        file, "tensor \"\(tensor.name)\"",
                        "is also in \(earlier.file.lastPathComponent)")
                }
                names.append(tensor.name)
            }
        }
        if source.format == .safetensors, let directory = source.directory,
            let scheme = try Quantisation.read({ try access.data(of: $0, in: directory) })
        {
            let layers = try QuantisedLayers.assembled(names.compactMap { tensors[$0] }, scheme) {
                try Self.mapped($0, in: mappings).bytes
            }
            names = layers.map(\.name)
            tensors = Dictionary(uniqueKeysWithValues: layers.map { ($0.name, $0) })
        }

        self.url = source.index == nil ? url : source.directory ?? url
        self.format = source.format
        self.directory = source.directory
        self.files = source.weights + (source.index.map { [$0.file] } ?? [])
        self.tensors = tensors
        self.names = names
        self.metadata = metadata
        self.mappings = mappings
    }

    /// Returns a tensor's declaration.
    ///
    /// - Parameter name: The tensor's name.
    /// - Returns: Its type, shape and place.
    /// - Throws: An `InputError` when there is no such tensor.
    public func tensor(_ name: String) throws -> StoredTensor {
        guard let tensor = tensors[name] else {
            throw InputError(
                url, "tensor \"\(name)\"", "is not among the \(tensors.count) tensors",
                remedy: "the checkpoint is incomplete or of another architecture")
        }
        return tensor
    }

    /// Returns the value of a metadata key that must be there, as in `try
    /// checkpoint.requiredMetadata("llama.block_count", as: \.integer)`.
    ///
    /// - Parameters:
    ///   - key: The key.
    ///   - kind: The kind of value, one of the properties of ``MetadataValue``.
    /// - Returns: The value.
    /// - Throws: An `InputError` when the key is missing or its value is of another kind.
    public func requiredMetadata<Value>(
        _ key: String, as kind: (MetadataValue) -> Value?
    ) throws -> Value {
        guard let value = metadata[key] else {
            throw InputError(
                files.first ?? url, "key \(key)", "is missing from the metadata",
                remedy: "convert the model again with a current converter")
        }
        guard let result = kind(value) else {
            throw InputError(
                files.first ?? url, "key \(key)",
                "is \(value.kind), which is not what it should be",
                remedy: "convert the model again with a current converter")
        }
        return result
    }

    /// Calls `body` with a tensor's stored bytes, which need not be aligned.
    ///
    /// - Parameters:
    ///   - name: The tensor's name.
    ///   - body: What to do with the bytes. They are not valid afterwards.
    /// - Returns: What `body` returns.
    /// - Throws: An `InputError` when there is no such tensor; errors of `body`.
    public func withBytes<Result>(
        of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let (bytes, owner) = try mapped(name)
        return try withExtendedLifetime(owner) { try body(bytes) }
    }

    /// Returns a tensor's stored bytes for use without a copy. Those of a quantised layer are its
    /// codes, without the scales.
    ///
    /// - Parameter name: The tensor's name.
    /// - Returns: The bytes, which need not be aligned, and an owner that must be kept as long as
    ///   they are used.
    /// - Throws: An `InputError` when there is no such tensor.
    public func mapped(_ name: String) throws -> (bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        try Self.mapped(tensor(name), in: mappings)
    }

    private static func mapped(
        _ tensor: StoredTensor, in mappings: [URL: MappedFile]
    ) throws -> (bytes: UnsafeRawBufferPointer, owner: MappedFile) {
        guard let mapping = mappings[tensor.file] else {
            throw InputError(tensor.file, nil, "is not open")
        }
        return (UnsafeRawBufferPointer(rebasing: mapping.bytes[tensor.byteRange]), mapping)
    }

    /// Returns a tensor's bytes and their file.
    func mapped(_ tensor: StoredTensor) throws -> (bytes: UnsafeRawBufferPointer, owner: MappedFile)
    {
        try Self.mapped(tensor, in: mappings)
    }

    /// Returns a tensor's values in row-major order, converted to fp32.
    ///
    /// - Parameter name: The tensor's name.
    /// - Returns: As many values as the tensor has elements.
    /// - Throws: An `InputError` when there is no such tensor or it is damaged.
    public func float32(_ name: String) throws -> [Float] {
        let count = try tensor(name).count
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialised in
            try dequantise(name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialised = count
        }
    }

    /// Writes a tensor's values in row-major order, converted to fp32. They are equal to the bit to
    /// those of the reference implementations.
    ///
    /// - Parameters:
    ///   - name: The tensor's name.
    ///   - target: Room for exactly the tensor's elements; it need not be initialised.
    /// - Throws: An `InputError` when there is no such tensor, it is damaged, or `target` has another
    ///   size.
    public func dequantise(_ name: String, into target: UnsafeMutableBufferPointer<Float>) throws {
        let tensor = try tensor(name)
        guard target.count == tensor.count else {
            throw tensor.fault(
                "has \(tensor.count) elements, the target \(target.count)",
                remedy: "pass a buffer of the tensor's size")
        }
        try decode(tensor, elements: 0..<tensor.count, into: target)
    }

    /// Decodes elements that begin and end with blocks, or with rows of a quantised layer.
    func decode(
        _ tensor: StoredTensor, elements: Range<Int>,
        into target: UnsafeMutableBufferPointer<Float>
    ) throws {
        guard !elements.isEmpty else { return }
        // The tensors stay mapped at least as long as this checkpoint.
        try withExtendedLifetime(mappings) {
            if case .elements = tensor.encoding {
                let block = tensor.elementType.block
                let start = elements.lowerBound / block.elements * block.bytes
                let end = elements.upperBound / block.elements * block.bytes
                let bytes = try mapped(tensor).bytes[start..<end]
                tensor.elementType.decode(UnsafeRawBufferPointer(rebasing: bytes), to: target)
            } else {
                let rows =
                    elements.lowerBound / tensor.columns..<elements.upperBound / tensor.columns
                try tensor.encoding.decode(rows: rows, to: target) { try mapped($0).bytes }
            }
        }
    }

    /// Looks for an infinity or NaN.
    ///
    /// - Parameter name: The tensor's name.
    /// - Returns: The row-major index of the first such element, or nil when there is none.
    /// - Throws: An `InputError` when there is no such tensor.
    public func firstNonFinite(in name: String) throws -> Int? {
        let tensor = try tensor(name)
        if case .elements = tensor.encoding {
            return try withBytes(of: name) { tensor.elementType.firstNonFinite(in: $0) }
        }
        // A few rows at a time, so that memory stays bounded.
        for elements in tensor.stretches {
            if let place = try values(tensor, elements).firstIndex(where: { !$0.isFinite }) {
                return elements.lowerBound + place
            }
        }
        return nil
    }
}
