// SPDX-License-Identifier: Apache-2.0
// A checkpoint as an audit needs it: the model, and the identity of exactly these files.

package import Checkpoints
public import Foundation
public import LanguageModels
public import Records
internal import Tensors

/// A model with the identity of the files that it was read from.
public struct LoadedModel: Sendable {
    /// The model; its chat template is told that it should answer without thinking.
    public private(set) var model: LanguageModel
    /// What a record says of its files.
    public let identity: ModelIdentity

    /// The files, held open: whatever else is read of the model is what was hashed, too.
    package let files: OpenModel

    /// Digests a model's files and loads the model from the same open files: a file that is replaced
    /// meanwhile is not read, and one that is written to is an error.
    ///
    /// - Parameter url: A Hugging Face directory, a `.safetensors` file in one, or a `.gguf` file.
    ///   Symbolic links to regular files count as these files, as in a snapshot of a download cache.
    /// - Throws: `InputError` for what cannot be read.
    public init(at url: URL) throws {
        files = try OpenModel(identifying: url)
        let watch = ModelWatch(files)
        let checkpoint = try Checkpoint(files, at: files.url)
        model = try LanguageModel(files, at: files.url).toldNotToThink()
        let quantised = Set(checkpoint.tensors.values.map(\.elementType)).filter(\.isQuantised)
        identity = ModelIdentity(
            name: url.pathExtension == "gguf" || url.pathExtension == "safetensors"
                ? url.deletingPathExtension().lastPathComponent : url.lastPathComponent,
            digest: files.digest.root, format: checkpoint.format.rawValue,
            architecture: model.configuration.family,
            parameterCount: model.parameters.reduce(0) { $0 + $1.count },
            quantisation: quantised.isEmpty
                ? nil : quantised.map { "\($0)" }.sorted().joined(separator: ", "))
        // What was written to the files while they were read may be in the weights.
        try watch.check()
    }

    /// Returns the same model, told by its chat template to think or not to.
    ///
    /// - Parameter isToldNotToThink: Whether it is told not to.
    /// - Returns: The model with the same identity and files.
    package func toldNotToThink(_ isToldNotToThink: Bool) -> LoadedModel {
        var loaded = self
        loaded.model = model.toldNotToThink(isToldNotToThink)
        return loaded
    }
}
