// SPDX-License-Identifier: Apache-2.0
// A checkpoint as an audit needs it: the model, and the identity of exactly these files.

internal import Checkpoints
public import Foundation
public import LanguageModels
public import Records
internal import Tensors

/// A model with the identity of the files that it was read from.
public struct LoadedModel: Sendable {
    /// The model.
    public let model: LanguageModel
    /// What a record says of its files.
    public let identity: ModelIdentity

    /// Reads a model and digests its files.
    /// - Parameter url: a Hugging Face directory, a .safetensors or a .gguf file.
    /// - Throws: `InputError` or `InputError` for what cannot be read.
    public init(at url: URL) throws {
        let checkpoint = try Checkpoint(at: url)
        model = try LanguageModel(at: url)
        let quantised = Set(checkpoint.tensors.values.map(\.elementType)).filter(\.isQuantised)
        identity = ModelIdentity(
            name: url.pathExtension == "gguf" || url.pathExtension == "safetensors"
                ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent,
            digest: try checkpoint.digest(), format: checkpoint.format.rawValue,
            architecture: model.configuration.family,
            parameterCount: model.parameters.reduce(0) { $0 + $1.count },
            quantisation: quantised.isEmpty
                ? nil : quantised.map { "\($0)" }.sorted().joined(separator: ", "))
    }
}
