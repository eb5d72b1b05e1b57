// SPDX-License-Identifier: Apache-2.0
// What a model consists of, read without the tensor engine.

import Checkpoints
import Foundation
public import JSONText
import Records

/// A model's name, files and parameters.
public struct ModelContent: Sendable, Hashable {
    /// A file.
    public struct File: Sendable, Hashable {
        /// The path within the model, with `/`; the file's own name if it is the whole model.
        public let name: String
        /// Its length in bytes.
        public let byteCount: Int
        /// Its SHA-256, in lowercase hexadecimal digits.
        public let sha256: String
    }

    /// The model's usual name; never a path.
    public let name: String
    /// SHA-256 over the digests of its files, in lowercase hexadecimal digits.
    public let root: String
    /// Its files in the order of their paths; empty if only the root is known.
    public let files: [File]
    /// Whether it is one file and not a directory.
    public let isSingleFile: Bool
    /// `safetensors` or `gguf`; nil if it was not read.
    public private(set) var format: String?
    /// The architecture as the configuration states it.
    public private(set) var architecture: String?
    /// The number of elements in all stored tensors.
    public private(set) var parameterCount: Int?
    /// The storage types of quantised weights; nil where weights are not quantised.
    public private(set) var quantisation: String?
    /// Why format and parameters were not read.
    public private(set) var unread: InputError?

    /// The longest name of an architecture that is repeated.
    private static let longestArchitecture = 100

    /// Reads the files' headers and configuration.
    init(_ model: OpenModel) {
        let place = model.url.standardizedFileURL.lastPathComponent
        let isSingleFile = model.digest.resources.map(\.name) == ["."]
        self.isSingleFile = isSingleFile
        name =
            isSingleFile && ["gguf", "safetensors"].contains(model.url.pathExtension)
            ? model.url.deletingPathExtension().lastPathComponent : place
        root = model.digest.root
        files = model.digest.resources.map {
            File(
                name: isSingleFile ? place : $0.name, byteCount: $0.byteCount, sha256: $0.sha256)
        }
        do {
            try read(model)
        } catch let error as InputError {
            unread = error
        } catch {
            unread = InputError(place, "\(error)", remedy: "check that you may read it")
        }
    }

    /// Repeats what a record says of a model.
    init(_ identity: ModelIdentity) {
        name = identity.name
        root = identity.digest
        files = []
        isSingleFile = false
        format = identity.format
        architecture = identity.architecture
        parameterCount = identity.parameterCount
        quantisation = identity.quantisation
    }

    private mutating func read(_ model: OpenModel) throws {
        let checkpoint = try Checkpoint(model, at: model.url)
        let quantised = Set(checkpoint.tensors.values.compactMap(\.quantisation))
        architecture = try Self.architecture(of: checkpoint, model)?
            .onOneLine(length: Self.longestArchitecture)
        format = checkpoint.format.rawValue
        parameterCount = checkpoint.tensors.values.reduce(0) { $0 + $1.count }
        quantisation =
            quantised.isEmpty
            ? nil : quantised.sorted().joined(separator: ", ")
    }

    private static func architecture(
        of checkpoint: Checkpoint, _ model: OpenModel
    ) throws -> String? {
        if checkpoint.format == .gguf { return checkpoint.metadata["general.architecture"]?.string }
        let name = "config.json"
        guard let data = try model.smallFile(name) else { return nil }
        let json = try JSON(
            data, file: model.url.appending(path: name).path, nonFinite: .read)
        guard case .object(let members) = json,
            case .string(let type)? = members.first(where: { $0.key == "model_type" })?.value
        else { return nil }
        return type
    }
}
